"""Rows of a catalogue as columns."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any, Union

import numpy as np


class Table(MutableMapping[str, list[Any]]):
    """Columns by name, each a list with a value a row: ``table["value"]`` is a column, ``table.rows()`` gives dicts, and
    ``len(table["trial_id"])`` is how many there are. `to_pandas` and `to_polars` give what those libraries work with."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self._columns = columns

    def __getitem__(self, name: str) -> list[Any]:
        return self._columns[name]

    def __setitem__(self, name: str, values: list[Any]) -> None:
        self._columns[name] = values

    def __delitem__(self, name: str) -> None:
        del self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        """How many columns; `count` is how many rows."""
        return len(self._columns)

    @property
    def count(self) -> int:
        """How many rows."""
        return len(next(iter(self._columns.values()), []))

    def row(self, number: int) -> dict[str, Any]:
        return {name: values[number] for name, values in self._columns.items()}

    def rows(self) -> Iterator[dict[str, Any]]:
        names = list(self._columns)
        for values in zip(*self._columns.values()):
            yield dict(zip(names, values))

    def array(self, name: str) -> np.ndarray:
        """A column as an array; of numbers float64 with NaN where there is none."""
        values = self._columns[name]
        if any(isinstance(value, (str, list, dict)) for value in values):
            result = np.empty(len(values), object)
            result[:] = values
            return result
        return np.array(values, np.float64 if any(value is None for value in values) else None)

    def to_pandas(self) -> Any:
        """A pandas.DataFrame."""
        import pandas

        return pandas.DataFrame(self._columns)

    def to_polars(self) -> Any:
        """A polars.DataFrame; dicts and lists in it are JSON."""
        import polars

        return polars.DataFrame(self._flat(), infer_schema_length=None)

    def to_parquet(self, path: Union[str, "os.PathLike[str]"]) -> None:
        """Writes a Parquet file, which appears under its name only once it is whole; dicts and lists in it are JSON."""
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            raise ImportError(
                "pyarrow, which writes Parquet, is not installed (pip install pyarrow); `eigensweep export` writes CSV and "
                "NDJSON without it") from None
        place = Path(path)
        partial = place.with_name(f"{place.name}.{os.getpid()}.partial")
        try:
            parquet.write_table(pyarrow.table(self._flat()), partial)
            os.replace(partial, place)
        finally:
            partial.unlink(missing_ok=True)

    def _flat(self) -> dict[str, list[Any]]:
        return {
            name: [json.dumps(value, sort_keys=True) if isinstance(value, (dict, list)) else value for value in values]
            for name, values in self._columns.items()}

    def __repr__(self) -> str:
        return f"<{self.count} rows of {', '.join(self._columns)}>"

    def _repr_html_(self) -> str:
        """The first rows, for notebooks."""
        from html import escape

        def cell(value: Union[Any, None]) -> str:
            text = "" if value is None else str(value)
            return escape(text if len(text) <= 24 else text[:23] + "…")

        head = "".join(f"<th>{escape(name)}</th>" for name in self._columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{cell(value)}</td>" for value in values) + "</tr>"
            for _, values in zip(range(10), zip(*self._columns.values())))
        more = f"<p>{self.count} rows</p>"
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
