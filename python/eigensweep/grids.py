"""Values of a quantity over the axes that vary among its trials."""

from __future__ import annotations

import gc
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from .keys import LATER

#: More places than this, and more than so many for each value, are no grid that anybody wants.
MOST_PLACES, SPARSEST = 20_000_000, 200
#: The length, as trials have it where sweeps do not say it in one way.
LENGTH = "training.steps"
LENGTHS = ("training.images", "training.epochs", "training.steps")
ABSENT = "absent"
UNDEFINED, NO_TRIAL, NOT_HERE = "undefined: its value is no number", "no trial has these values", "not measured here"

#: A trial, or the least trial of a comparison and all of its members as the view has them.
Name = tuple[str, Optional[str]]


class CannotBuild(Exception):
    """Why there is no such grid."""


@dataclass
class Grid:
    """Arrays over ``dims``, each of the shape of ``values``."""

    dims: tuple[str, ...]
    #: The values of each dimension, ascending.
    coords: dict[str, np.ndarray]
    #: Keys that a dimension determines: the dimension, and their values along it.
    along: dict[str, tuple[str, np.ndarray]]
    #: What all values have in common: the version and the parameters of the measure.
    fixed: dict[str, Any]
    #: NaN where there is none; then ``reason`` says why, and is "" elsewhere.
    values: np.ndarray
    reason: np.ndarray
    #: How many draws stand behind a value, and its standard error, where they were asked for.
    n: Optional[np.ndarray] = None
    stderr: Optional[np.ndarray] = None


@dataclass
class _Rows:
    """Rows of the view as columns: which trial or comparison and which request each is of, and its numbers."""

    names: list[Name]
    of_name: np.ndarray
    request: np.ndarray
    sigma: np.ndarray
    position: np.ndarray
    #: The value, and where they are asked for n and stderr.
    numbers: list[np.ndarray]


@dataclass
class _Points:
    """Trials, or comparisons, as points: `names`, and for each the number of its kind and why it has no value.

    Trials of one training share a kind, which has the keys; `length` is what tells them apart.
    """

    names: list[Name]
    kinds: Sequence[Mapping[str, Any]]
    kind: np.ndarray
    reasons: list[str]
    length: str = LENGTH
    lengths: Sequence[Any] = ()
    #: Keys in the order of the sweep.
    first: Sequence[str] = ()

    def kept(self, mask: np.ndarray) -> "_Points":
        def choose(values: Sequence[Any]) -> list[Any]:
            return [value for value, is_kept in zip(values, mask.tolist()) if is_kept]

        used, kind = np.unique(self.kind[mask], return_inverse=True)
        return _Points(
            choose(self.names), [self.kinds[one] for one in used.tolist()], kind, choose(self.reasons), self.length,
            choose(self.lengths), self.first)

    def column(self, key: str) -> tuple[list[Any], np.ndarray]:
        """The different values of a key, ascending, and which of them each point has."""
        if key == self.length and len(self.lengths):
            labels, codes = _coded(self.lengths)
            return labels, codes
        fallback = LATER.get(key, ABSENT)
        values = [kind.get(key, fallback) for kind in self.kinds]
        first = values[0]
        if all(value == first and type(value) is type(first) for value in values):
            return [_label(first)], np.zeros(len(self.kind), np.int64)
        labels, codes = _coded([_label(value) for value in values])
        return labels, codes[self.kind]

    @property
    def keys(self) -> list[str]:
        names: dict[str, None] = {}
        seen: set[tuple[str, ...]] = set()
        for kind in self.kinds:
            one = tuple(kind)
            if one not in seen:
                seen.add(one)
                names.update(dict.fromkeys(one))
        known = [*names, self.length] if len(self.lengths) else list(names)
        return list(dict.fromkeys([key for key in self.first if key in known] + known))


def build(
    db: sqlite3.Connection, measure: str, quantity: str, sweep: Optional[str], where: Mapping[str, Any],
    version: Optional[int], errors: bool
) -> Grid:
    # A million rows are a million tuples, through which the collector would look again and again.
    collects = gc.isenabled()
    gc.disable()
    try:
        requests = _requests(db, measure, quantity, version)
        rows = _rows(db, measure, quantity, requests, errors)
        points = _points(db, measure, sweep, rows)
        for key, wanted in where.items():
            if points.names and key not in points.keys:
                raise CannotBuild(f"no trial has the key {key}; there are {', '.join(points.keys)}")
            allowed = {_typed(_label(one)) for one in (wanted if isinstance(wanted, (list, tuple, set)) else [wanted])}
            labels, codes = points.column(key)
            fine = np.array([_typed(label) in allowed for label in labels])
            points = points.kept(fine[codes])
            if not points.names:
                break
        if not points.names:
            raise CannotBuild("no trial is like that")
        return _Builder(points, requests, rows, measure).grid()
    finally:
        if collects:
            gc.enable()


def _requests(
    db: sqlite3.Connection, measure: str, quantity: str, version: Optional[int]
) -> dict[tuple[int, str], dict[str, Any]]:
    """The requests of the version that is wanted, or the newest: version and parameters."""
    # One after the other, by what they are not: SQLite then looks at requests, where DISTINCT would look at every row.
    found: list[tuple[int, str]] = []
    while True:
        others = " AND NOT (version = ? AND parameters = ?)" * len(found)
        row = db.execute(
            f"SELECT version, parameters FROM measurements WHERE measure = ? AND quantity = ?{others} LIMIT 1",
            [measure, quantity, *(value for one in found for value in one)]).fetchone()
        if row is None:
            break
        found.append(row)
    versions = sorted({one for one, _ in found})
    chosen = versions[-1] if version is None else version
    if chosen not in versions:
        raise CannotBuild(f"there is no version {version} of it, but {', '.join(map(str, versions))}")
    return {(one, text): json.loads(text) for one, text in found if one == chosen}


def _rows(
    db: sqlite3.Connection, measure: str, quantity: str, requests: Mapping[tuple[int, str], Any], errors: bool
) -> _Rows:
    where = " FROM measurements WHERE measure = ? AND quantity = ? AND version = ? AND parameters = ?"
    places: dict[Any, int] = {}
    parts: list[tuple[np.ndarray, ...]] = []
    compared, numbers = False, 5 if errors else 3
    for number, (version, parameters) in enumerate(requests):
        chosen = [measure, quantity, version, parameters]
        # A measure is of single trials or of several: one row tells.
        one = db.execute("SELECT members" + where + " LIMIT 1", chosen).fetchone()
        compared = compared or bool(one and one[0])
        asked = ["sigma", "position", "value", *(["n", "stderr"] if errors else []), *(["members"] if compared else [])]
        cursor = db.execute(f"SELECT trial_id, {', '.join(asked)}" + where, chosen)
        # In pieces that fit into a processor's cache, whose memory the next piece takes again.
        while rows := cursor.fetchmany(8192):
            columns = list(zip(*rows))
            names: Sequence[Any] = list(zip(columns[0], columns[-1])) if compared else columns[0]
            for name in dict.fromkeys(names):
                places.setdefault(name, len(places))
            parts.append((
                np.fromiter(map(places.__getitem__, names), np.int64, len(rows)), np.full(len(rows), number),
                *(np.array(column, np.float64) for column in columns[1:numbers + 1])))
    if not parts:
        parts.append((np.zeros(0, np.int64), np.zeros(0, np.int64), *(np.zeros(0) for _ in range(numbers))))
    found: list[Name] = list(places) if compared else [(name, None) for name in places]
    of_name, request, sigma, position, *rest = (np.concatenate(column) for column in zip(*parts))
    return _Rows(found, of_name, request, sigma, position, rest)


def _points(db: sqlite3.Connection, measure: str, sweep: Optional[str], rows: _Rows) -> _Points:
    """What the grid is of: the trials of the sweep, or of all sweeps that have a value of the measure."""
    measured = {trial for trial, _ in rows.names}
    if sweep is None:
        wanted = db.execute("SELECT sweep, trial_id, state FROM sweep_trials").fetchall()
        sweeps = {name for name, trial, _ in wanted if trial in measured}
        states = {trial: state for name, trial, state in wanted if name in sweeps}
    else:
        sweeps = {sweep}
        states = dict(db.execute("SELECT trial_id, state FROM sweep_trials WHERE sweep = ?", [sweep]).fetchall())
    compared = bool(rows.names) and rows.names[0][1] is not None
    trials = db.execute("SELECT trial_id, steps, state, reason, spec FROM trials").fetchall()
    if compared:
        keys = {trial: {**json.loads(spec), LENGTH: steps} for trial, steps, _, _, spec in trials}
        return _comparisons(db, measure, sweeps, sweep, rows, keys)
    missing = dict(db.execute("SELECT trial_id, reason FROM missing_measures WHERE measure = ?", [measure]))
    own = states.keys() if sweep is not None else states.keys() | measured
    places: dict[str, int] = {}
    chosen = [row for row in trials if row[0] in own]
    kind = np.fromiter((places.setdefault(row[4], len(places)) for row in chosen), np.int64, len(chosen))
    points = _Points(
        [(row[0], None) for row in chosen], [json.loads(text) for text in places], kind,
        [_why(states.get(trial, state), reason, missing.get(trial)) for trial, _, state, reason, _ in chosen],
        LENGTH, [row[1] for row in chosen])
    if len(sweeps) == 1:
        _name_as_asked(db, next(iter(sweeps)), points)
    return points


def _name_as_asked(db: sqlite3.Connection, sweep: str, points: _Points) -> None:
    """The order of axes, and the name of the length, as the sweep has them."""
    last, = db.execute("SELECT max(position) FROM sweep_trials WHERE sweep = ?", [sweep]).fetchone()
    places = sorted({0, last // 3, 2 * last // 3, last})
    marks = ", ".join("?" * len(places))
    names: dict[str, None] = {}
    for text, in db.execute(
            f"SELECT asked FROM sweep_trials WHERE sweep = ? AND position IN ({marks}) ORDER BY position", [sweep, *places]):
        names.update(dict.fromkeys(json.loads(text)))
    points.first = list(names)
    length = next((key for key in LENGTHS if key in names and key != LENGTH), None)
    if length is None:
        return
    found = dict(db.execute(
        f"""SELECT trial_id, json_extract(asked, '$."{length}"') FROM sweep_trials WHERE sweep = ?""", [sweep]).fetchall())
    lengths = [found.get(trial) for trial, _ in points.names]
    if None not in lengths:
        points.length, points.lengths = length, lengths


def _comparisons(
    db: sqlite3.Connection, measure: str, sweeps: set[str], sweep: Optional[str], rows: _Rows,
    keys: Mapping[str, Mapping[str, Any]]
) -> _Points:
    why: dict[Name, str] = {}
    for name, trial, text, state, reason in db.execute(
            "SELECT sweep, trial_id, members, state, reason FROM comparisons WHERE measure = ?", [measure]):
        if name in sweeps:
            why[trial, text] = _why(state, reason, None)
    if sweep is None:
        for one in rows.names:
            why.setdefault(one, "")
    kinds = [_common([keys[trial] for trial in json.loads(text or "[]")]) for _, text in why]
    return _Points(list(why), kinds, np.arange(len(kinds)), list(why.values()))


def _why(state: str, reason: Optional[str], missing: Optional[str]) -> str:
    if missing:
        return f"cannot be measured: {missing}"
    if state == "succeeded":
        return "not measured"
    return f"{state}: {reason}" if reason and state in ("failed", "cancelled") else state


def _common(members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The keys of a comparison: what its trials share, and where they differ all their values as one label."""
    keys: dict[str, Any] = {}
    for key in sorted({key for one in members for key in one}):
        values = {_label(one.get(key, LATER.get(key, ABSENT))) for one in members}
        keys[key] = values.pop() if len(values) == 1 else " | ".join(map(str, sorted(values, key=_rank)))
    return keys


def _label(value: Any) -> Any:
    """A value of a key as a coordinate."""
    if isinstance(value, dict):
        return f"{value['index']}/{value['of']}" if set(value) == {"index", "of"} else json.dumps(value, sort_keys=True)
    return json.dumps(value, separators=(",", ":")) if isinstance(value, list) else value


def _coded(values: Sequence[Any]) -> tuple[list[Any], np.ndarray]:
    """The different values, ascending, and which of them each is."""
    labels = sorted({_typed(value): value for value in values}.values(), key=_rank)
    index = {_typed(label): code for code, label in enumerate(labels)}
    return labels, np.fromiter((index[_typed(value)] for value in values), np.int64, len(values))


def _rank(value: Any) -> tuple[int, Any]:
    """Numbers in their order, then texts in theirs."""
    if isinstance(value, bool):
        return 0, int(value)
    return (0, value) if isinstance(value, (int, float)) else (1, str(value))


class _Builder:
    def __init__(
        self, points: _Points, requests: Mapping[tuple[int, str], dict[str, Any]], rows: _Rows, measure: str
    ) -> None:
        self.points, self.rows, self.measure = points, rows, measure
        self.requests = list(requests.values())
        self.version = next(iter(requests))[0]
        self.dims: list[str] = []
        self.labels: dict[str, list[Any]] = {}
        self.codes: dict[str, np.ndarray] = {}
        self.along: dict[str, tuple[str, np.ndarray]] = {}

    def grid(self) -> Grid:
        self._choose()
        rows, count = self.rows, len(self.points.names)
        place = {name: index for index, name in enumerate(self.points.names)}
        of_name = np.array([place.get(name, -1) for name in rows.names], np.int64)
        point = of_name[rows.of_name] if len(rows.of_name) else rows.of_name
        sigma, position, request, numbers = rows.sigma, rows.position, rows.request, rows.numbers
        if (point < 0).any():
            kept = point >= 0
            point, sigma, position, request, *numbers = (
                one[kept] for one in (point, sigma, position, request, *numbers))
        axes = [(name, _coordinates(labels), codes[request]) for name, (labels, codes) in self._parameters().items()]
        for name, column in (("sigma", sigma), ("position", position)):
            if len(column) and not np.isnan(column).all():
                labels, codes = _levels(column)
                whole = name == "position" and not np.isnan(labels).any()
                axes.append((name, labels.astype(np.int64) if whole else labels, codes))
        names = [*self.dims, *(axis[0] for axis in axes)]
        shape = tuple([len(self.labels[dim]) for dim in self.dims] + [len(labels) for _, labels, _ in axes])
        if np.prod(shape, dtype=np.float64) > max(MOST_PLACES, SPARSEST * max(len(point), count)):
            sizes = ", ".join(f"{dim} {size}" for dim, size in zip(names, shape))
            raise CannotBuild(f"a grid of {sizes} for {len(point)} values is nearly empty; choose by sweep= or where=")
        total = int(np.prod(shape, dtype=np.int64))
        inner = int(np.prod(shape[len(self.dims):], dtype=np.int64))
        outer = np.zeros(count, np.int64)
        for dim in self.dims:
            outer = outer * len(self.labels[dim]) + self.codes[dim]
        flat = np.zeros(len(point), np.int64)
        for _, labels, codes in axes:
            flat = flat * len(labels) + codes
        flat += outer[point] * inner
        arrays = []
        for column in numbers:
            array = np.full(total, np.nan)
            array[flat] = column
            arrays.append(array.reshape(shape))
        reasons = {"": 0, UNDEFINED: 1, NO_TRIAL: 2, NOT_HERE: 3}
        of_point = np.array([reasons.setdefault(reason, len(reasons)) for reason in self.points.reasons], np.int64)
        of_point[point] = reasons[NOT_HERE]
        of_place = np.full(total // inner, reasons[NO_TRIAL], np.int64)
        of_place[outer] = of_point
        codes = np.repeat(of_place, inner)
        codes[flat] = np.where(np.isnan(numbers[0]), 1, 0)
        # A place that was written twice leaves fewer with a value than there are rows.
        if np.count_nonzero(codes <= 1) != len(flat):
            raise CannotBuild("it has several values at one place of its axes; .measurements() gives its rows")
        reason = np.array(list(reasons), object)[codes]
        return Grid(
            tuple(names),
            {**{dim: _coordinates(self.labels[dim]) for dim in self.dims}, **{name: labels for name, labels, _ in axes}},
            self.along, self._fixed(), arrays[0], reason.reshape(shape), *arrays[1:])

    def _choose(self) -> None:
        """Dimensions: keys that vary, the sweep's own first, as far as they tell the points apart."""
        told, apart = np.zeros(len(self.points.names), np.int64), 1
        for key in self.points.keys:
            labels, codes = self.points.column(key)
            if len(labels) == 1:
                continue
            determined = self._determined(codes, labels)
            if determined:
                dim, values = determined
                self.along[key] = (dim, _coordinates(values))
                continue
            different, pairs = np.unique(told * len(labels) + codes, return_inverse=True)
            if len(different) == apart:
                # What the dimensions so far determine together needs none of its own.
                continue
            told, apart = pairs, len(different)
            self.dims.append(key)
            self.labels[key], self.codes[key] = labels, codes

    def _determined(self, codes: np.ndarray, labels: list[Any]) -> Optional[tuple[str, list[Any]]]:
        """The dimension whose value alone says this key's, and the key's values along it."""
        for dim in self.dims:
            first = np.full(len(self.labels[dim]), -1)
            first[self.codes[dim]] = codes
            if (first[self.codes[dim]] == codes).all():
                return dim, [labels[code] for code in first]
        return None

    def _parameters(self) -> dict[str, tuple[list[Any], np.ndarray]]:
        """Parameters of the measure that vary among its requests."""
        found = {}
        for name in sorted({name for request in self.requests for name in request}):
            column = [_label(request.get(name, ABSENT)) for request in self.requests]
            labels = sorted({_typed(value): value for value in column}.values(), key=_rank)
            if len(labels) > 1:
                found[f"{self.measure}.{name}"] = (labels, np.array([labels.index(value) for value in column]))
        return found

    def _fixed(self) -> dict[str, Any]:
        varying = set(self._parameters())
        common = {
            name: value for name, value in self.requests[0].items() if f"{self.measure}.{name}" not in varying
        } if self.requests else {}
        return {"version": self.version, "parameters": json.dumps(common, sort_keys=True)}


def _levels(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different numbers of a column, ascending, and which of them each is. There are few, and rows repeat their order."""
    head = np.unique(column[:10_000])
    codes = np.minimum(np.searchsorted(head, column), len(head) - 1)
    if (head[codes] == column).all():
        return head, codes
    labels, codes = np.unique(column, return_inverse=True)
    return labels, codes


def _typed(value: Any) -> tuple[bool, Any]:
    """True and 1 are equal to Python, but not as values of keys."""
    return isinstance(value, bool), value


def _coordinates(labels: Sequence[Any]) -> np.ndarray:
    kinds = {type(label) for label in labels}
    if kinds <= {int} or kinds <= {int, float} or kinds <= {bool}:
        return np.array(labels)
    if kinds <= {str}:
        return np.array(labels, np.str_)
    result = np.empty(len(labels), object)
    result[:] = labels
    return result
