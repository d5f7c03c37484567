"""Reads a catalogue of results, and never writes it: ``catalogue = eigensweep.open("results/catalogue.sqlite")``.

Only the stable views are read (docs/reading-the-catalogue.md), each answer from one state of the file, also while a sweep runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Union
from urllib.parse import quote

import numpy as np

from . import files, grids
from .tables import Table

#: "ESwp", by which a file says that it is a catalogue.
APPLICATION = 0x45537770
#: The newest schema whose views this release knows.
SCHEMA = 25

Trial = Union[str, Mapping[str, Any]]


class CatalogueError(Exception):
    """The file cannot be read as a catalogue, or has not what was asked for."""


def open(path: Union[str, "os.PathLike[str]"] = "results/catalogue.sqlite") -> "Catalogue":
    """Opens a catalogue for reading. CatalogueError, in words, where the file is none or of a later release."""
    return Catalogue(path)


class Catalogue:
    """A catalogue that is open for reading, and the store beside it."""

    def __init__(self, path: Union[str, "os.PathLike[str]"]) -> None:
        self.path = Path(path)
        _check_header(self.path)
        place = self.path.resolve()
        self.store = place.parent / "store"
        self._db = sqlite3.connect(_address(place), uri=True, isolation_level=None)
        try:
            self._db.execute("PRAGMA query_only = 1")
            application, version = (self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in
                                    ("application_id", "user_version"))
        except sqlite3.Error as error:
            self._db.close()
            raise CatalogueError(f"{path}: cannot be read: {error}") from None
        try:
            _check(application, version, self.path)
        except CatalogueError:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "Catalogue":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        with self._snapshot():
            trials, = self._db.execute("SELECT count(*) FROM trials").fetchone()
            sweeps = [name for name, in self._db.execute("SELECT DISTINCT sweep FROM sweep_trials ORDER BY 1")]
        return f"<{self.path}: {trials} trials of the sweeps {', '.join(sweeps) or '(none)'}>"

    @property
    def sweeps(self) -> list[str]:
        """The names of the sweeps."""
        with self._snapshot():
            return [name for name, in self._db.execute("SELECT DISTINCT sweep FROM sweep_trials ORDER BY 1")]

    def sql(self, text: str, parameters: Sequence[Any] = ()) -> Table:
        """The rows of a query of your own, on a connection that cannot write."""
        with self._snapshot():
            return self._table(text, parameters)

    def trials(self, sweep: Optional[str] = None) -> Table:
        """A row a trial, of one sweep in its order or of all, with the columns of the view ``trials``; ``spec`` is a dict."""
        with self._snapshot():
            if sweep is None:
                table = self._table("SELECT * FROM trials")
            else:
                self._demand_sweep(sweep)
                table = self._table(
                    "SELECT t.* FROM sweep_trials s JOIN trials t USING (trial_id) WHERE s.sweep = ? ORDER BY s.position",
                    [sweep])
        known: dict[str, Any] = {}
        table["spec"] = [known.setdefault(text, json.loads(text)) if text not in known else known[text]
                         for text in table["spec"]]
        return table

    def measurements(self, measure: Optional[str] = None, sweep: Optional[str] = None) -> Table:
        """A row a number, with the columns of the view ``measurements``: of ``"memorization.copied"``, of all quantities of
        ``"memorization"``, or of everything. ``parameters`` is a dict, ``members`` a list or None."""
        name, quantity = _split(measure)
        if quantity is not None:
            with self._snapshot():
                self._demand_quantity(str(name), quantity)
        where, values = ["1"], []
        for column, value in (("m.measure", name), ("m.quantity", quantity), ("s.sweep", sweep)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        join = "" if sweep is None else "JOIN sweep_trials s USING (trial_id)"
        with self._snapshot():
            if sweep is not None:
                self._demand_sweep(sweep)
            table = self._table(f"SELECT m.* FROM measurements m {join} WHERE {' AND '.join(where)}", values)
        for column in ("parameters", "members"):
            known = {None: None}
            for text in set(table[column]):
                known[text] = None if text is None else json.loads(text)
            table[column] = [known[text] for text in table[column]]
        return table

    def grid(self, measure: str, sweep: Optional[str] = None, where: Optional[Mapping[str, Any]] = None,
             version: Optional[int] = None, errors: bool = False) -> "grids.Grid":
        """The values of ``"memorization.copied"`` over the axes that vary, as numpy arrays: see `to_xarray`."""
        name, quantity = _split(measure)
        if quantity is None:
            raise CatalogueError(f"{measure}: expected a measure and a quantity, as memorization.copied")
        with self._snapshot():
            self._demand_quantity(str(name), quantity)
            if sweep is not None:
                self._demand_sweep(sweep)
            try:
                return grids.build(self._db, str(name), quantity, sweep, where or {}, version, errors)
            except grids.CannotBuild as error:
                raise CatalogueError(f"{measure}: {error}") from None

    def to_xarray(self, measure: str, sweep: Optional[str] = None, where: Optional[Mapping[str, Any]] = None,
                  version: Optional[int] = None, errors: bool = False) -> Any:
        """The values of ``"memorization.copied"`` as an xarray.DataArray whose dimensions are the keys that vary among its trials,
        and ``sigma`` and ``position`` where it has such.

        A place without a value is NaN, and the coordinate ``reason`` says why; with ``errors``, ``n`` and ``stderr`` are
        coordinates too. Keys that another one determines are coordinates along it. Of a comparison the keys in which its trials differ have labels of
        all their values. Parameters of the measure that vary are dimensions; of several versions the newest is taken unless
        ``version`` says. ``where`` takes values of keys: ``{"model.scale": 8}`` or ``{"seed": [0, 1]}``.
        """
        try:
            import xarray
        except ImportError:
            raise CatalogueError(
                "xarray is not installed (pip install xarray); .grid() gives the same as numpy arrays") from None
        grid = self.grid(measure, sweep, where, version, errors)
        coordinates: dict[str, Any] = {dim: grid.coords[dim] for dim in grid.dims}
        coordinates.update({name: (dim, labels) for name, (dim, labels) in grid.along.items()})
        for name in ("reason", "n", "stderr") if errors else ("reason",):
            coordinates[name] = (grid.dims, getattr(grid, name))
        return xarray.DataArray(grid.values, coordinates, grid.dims, measure, {"measure": measure, **grid.fixed})

    def trial(self, prefix: Trial) -> str:
        """The ID of the trial that begins so, or of a row of a table. CatalogueError lists them where there are several."""
        text = prefix if isinstance(prefix, str) else prefix["trial_id"]
        if not text or set(text) - set("0123456789abcdef"):
            raise CatalogueError(f"{text!r} is not the beginning of a trial's ID")
        with self._snapshot():
            found = [name for name, in self._db.execute(
                "SELECT trial_id FROM trials WHERE trial_id >= ? AND trial_id < ? LIMIT 11", [text, text + "g"])]
        if len(found) == 1:
            return found[0]
        if not found:
            raise CatalogueError(f"no trial's ID begins with {text}")
        names = ", ".join(name[:max(12, len(text) + 4)] for name in found[:10])
        raise CatalogueError(f"several trials' IDs begin with {text}: {names}{' and more' if len(found) > 10 else ''}")

    def samples(self, trial: Trial, measure: Optional[str] = None) -> np.ndarray:
        """The images that a measure drew from the trial's network, [n, C, H, W] of float32 in units of [−1, 1]."""
        tensors, _ = files.decode(self._artifact(self.trial(trial), "samples.safetensors", measure))
        return tensors["samples"]

    def artifact(self, trial: Trial, name: str, measure: Optional[str] = None) -> bytes:
        """The content of a file that a measure kept, such as ``neighbours.png``."""
        return self._artifact(self.trial(trial), name, measure)

    def checkpoint(self, trial: Trial, kind: Optional[str] = None) -> dict[str, Any]:
        """The averaged weights by name, as ``load_state_dict`` takes them: tensors where PyTorch is installed, else arrays; with
        ``kind`` ``"torch"`` or ``"numpy"`` as that says."""
        name = self.trial(trial)
        with self._snapshot():
            columns = {row[1] for row in self._db.execute("PRAGMA table_info(trials)")}
            if "weights" in columns:
                digests = self._db.execute(
                    "SELECT DISTINCT weights FROM trials WHERE trial_id = ? AND weights NOT NULL", [name])
            else:
                # What was measured was measured of these weights.
                digests = self._db.execute("SELECT DISTINCT checkpoint FROM measurements WHERE trial_id = ?", [name])
            found = [digest for digest, in digests]
        if len(found) != 1:
            raise CatalogueError(
                f"trial {name[:12]} has no checkpoint that this catalogue's views tell" if not found else
                f"trial {name[:12]} was measured of {len(found)} different checkpoints")
        arrays, _ = files.decode(self._stored(found[0]))
        if kind == "numpy":
            return dict(arrays)
        try:
            import torch
        except ImportError:
            if kind == "torch":
                raise
            return dict(arrays)
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    # How it is read.

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Everything within is read from one state of the file."""
        self._db.execute("BEGIN")
        try:
            yield
        except sqlite3.Error as error:
            raise CatalogueError(f"{self.path}: cannot be read: {error}") from None
        finally:
            self._db.execute("ROLLBACK")

    def _table(self, text: str, parameters: Sequence[Any] = ()) -> Table:
        cursor = self._db.execute(text, parameters)
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
        columns = zip(*rows) if rows else ([] for _ in names)
        return Table({name: list(column) for name, column in zip(names, columns)})

    def _demand_sweep(self, sweep: str) -> None:
        names = [name for name, in self._db.execute("SELECT DISTINCT sweep FROM sweep_trials ORDER BY 1")]
        if sweep not in names:
            raise CatalogueError(f"there is no sweep {sweep}; there are {', '.join(names) or 'none'}")

    def _demand_quantity(self, measure: str, quantity: str) -> None:
        """Told apart from a sweep in which it has no value yet: a name that is nobody's is an error."""
        if self._db.execute(
                "SELECT 1 FROM measurements WHERE measure = ? AND quantity = ? LIMIT 1", [measure, quantity]).fetchone():
            return
        names = sorted({f"{one}.{other}" for one, other in self._db.execute(
            "SELECT DISTINCT measure, quantity FROM measurements")})
        near = [name for name in names if name.startswith(measure + ".")]
        there = near[:20] if near else sorted({f"{name.partition('.')[0]}.…" for name in names})
        more = f" and {len(near) - 20} more" if len(near) > 20 else ""
        raise CatalogueError(
            f"nothing was measured that is called {measure}.{quantity}; there are {', '.join(there) or 'no results yet'}{more}")

    def _artifact(self, trial: str, name: str, measure: Optional[str]) -> bytes:
        with self._snapshot():
            found = self._db.execute(
                "SELECT measure, parameters, name, digest FROM artifacts WHERE trial_id = ?", [trial]).fetchall()
        named = [row for row in found if row[2] == name and measure in (None, row[0])]
        if not named:
            there = ", ".join(sorted({f"{row[2]} of {row[0]}" for row in found})) or "none"
            raise CatalogueError(f"trial {trial[:12]} has no {name}; its files are {there}")
        if len({row[3] for row in named}) > 1:
            raise CatalogueError(
                f"trial {trial[:12]} has several {name}: of {', '.join(f'{row[0]} {row[1]}' for row in named)}; "
                f"choose by the measure, or read the view artifacts")
        return self._stored(named[0][3])

    def _stored(self, digest: str) -> bytes:
        place = self.store / digest[:2] / digest
        try:
            data = place.read_bytes()
        except OSError as error:
            raise CatalogueError(
                f"{place}: {error.strerror}; where it is missing, `eigensweep doctor --repair` says what to do") from None
        if files.digest(data) != digest:
            raise CatalogueError(f"{place} is damaged: it is not what its name says")
        return data


def _split(measure: Optional[str]) -> tuple[Optional[str], Optional[str]]:
    if measure is None:
        return None, None
    name, point, quantity = measure.partition(".")
    return name, quantity if point else None


def _address(place: Path) -> str:
    """The name by which SQLite opens a file for reading.

    Readers of a file in WAL mode share an index that they make beside it. Where that cannot be made nobody can write either, and
    the file is read as one that does not change.
    """
    uri = "file:" + quote(str(place))
    if os.access(place.parent, os.W_OK) or os.access(f"{place}-shm", os.R_OK):
        return uri + "?mode=ro"
    log = Path(f"{place}-wal")
    if log.exists() and log.stat().st_size:
        raise CatalogueError(
            f"{place}: its folder cannot be written, and {log.name} has results that are not yet in the file; copy both to a "
            "folder that can be written")
    return uri + "?immutable=1"


def _check_header(path: Path) -> None:
    """CatalogueError unless a file begins as a catalogue does. SQLite would make an index beside others."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise CatalogueError(f"{path}: {error.strerror}") from None
    if not header.startswith(b"SQLite format 3\0"):
        raise CatalogueError(f"{path}: not a catalogue" if header else f"{path}: an empty file")
    if len(header) < 100:
        raise CatalogueError(f"{path}: cut off after {len(header)} bytes")
    version, = struct.unpack(">I", header[60:64])
    application, = struct.unpack(">I", header[68:72])
    _check(application, version, path)


def _check(application: int, version: int, path: Path) -> None:
    if application != APPLICATION:
        raise CatalogueError(f"{path}: a SQLite database of another program")
    if version > SCHEMA:
        raise CatalogueError(
            f"{path}: written by a later eigensweep (schema {version}, this release knows {SCHEMA}); use its package")
