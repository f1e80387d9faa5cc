"""Records of JSON on their way to columns: gathered some thousand at a time, which fit a processor's caches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.tables import array_of, natural_values, of_arrow
from algomancy_data.encoding import MAX_DEPTH, alike_columns, is_deeper_than
from algomancy_data.file import ExtractionError, ReadLimits
from algomancy_data.schema import Column

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Members:
    """The members of records by name, gathered some records at a time; objects become columns of their members.

    Attributes:
        twin: A record that has two members of one name, if that is known, and the name.
    """

    def __init__(self, columns: Sequence[Column], subject: str, limits: ReadLimits) -> None:
        self.twin: tuple[int | None, str] | None = None
        self._subject, self._limits = subject, limits
        self._wanted = dict.fromkeys(column.name for column in columns)
        self._pieces: dict[str, list[tuple[int, Any]]] = {}
        self._read = 0

    def add(self, records: list[Any]) -> None:
        """Add the next records."""
        for row, record in enumerate(records, self._read) if set(map(type, records)) - {dict} else ():
            if not isinstance(record, dict):
                raise ExtractionError(f"{self._subject}: record {row + 1} is not an object.")
        columns = self._filled_up(records)
        if any(name not in self._wanted and dict in set(map(type, values)) for name, values in columns.items()):
            if is_deeper_than(records, MAX_DEPTH + 1):
                raise self._too_deep()
            columns = self._flat(columns)
        self.add_columns(columns, len(records))

    def add_columns(self, columns: Mapping[str, Sequence[Any]], count: int) -> None:
        """Add the next records, which are columns already."""
        self._check(columns.keys(), count)
        for name, values in columns.items():
            self._pieces.setdefault(name, []).append((self._read, _array(values)))
        self._read += count

    def _filled_up(self, records: list[dict[str, Any]]) -> Mapping[str, Sequence[Any]]:
        """Turn records into columns; what one lacks is missing."""
        columns = alike_columns(records)
        if columns is not None:
            return columns
        self._check(set().union(*records), len(records))
        found: dict[str, list[Any]] = {}
        for row, record in enumerate(records):
            for name, value in record.items():
                known = found.setdefault(name, [])
                known.extend([None] * (row - len(known)))
                known.append(value)
        for known in found.values():
            known.extend([None] * (len(records) - len(known)))
        return found

    def _flat(self, columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """Return columns with the members of their objects as `a.b`, after their own; objects that are wanted stay."""
        flat: dict[str, Sequence[Any]] = {}
        nested: dict[str, Sequence[Any]] = {}
        for name, values in columns.items():
            whole = name in self._wanted or dict not in set(map(type, values))
            (flat if whole else nested)[name] = values
        for name, values in nested.items():
            others = [None if type(value) is dict else value for value in values]
            if others.count(None) < len(others):
                flat[name] = others
            members = self._filled_up([value if type(value) is dict else {} for value in values])
            for inner, found in self._flat({f"{name}.{key}": each for key, each in members.items()}).items():
                flat[inner] = self._last(inner, flat[inner], found) if inner in flat else found
        return flat

    def _last(self, name: str, first: Sequence[Any], last: Sequence[Any]) -> list[Any]:
        """Of two columns of one name return the last value of each record, and note a record that has both."""
        rows = [row for row, pair in enumerate(zip(first, last, strict=True), self._read) if None not in pair]
        if rows and self.twin is None:
            self.twin = rows[0], name
        return [one if other is None else other for one, other in zip(first, last, strict=True)]

    def _check(self, names: Set[str], count: int) -> None:
        width = len(self._pieces.keys() | names)
        self._limits.check_shape(self._read + count, width, self._subject, filled_up=True)

    def columns(self) -> dict[str, pd.Series]:
        """Return what was gathered, as columns of the type that all values have, or of objects."""
        import pandas as pd

        columns = {}
        if not self._read:
            self._pieces = {name: [] for name in self._wanted}
        objects = {name[:end] for name in self._pieces for end, letter in enumerate(name) if letter == "."}
        while self._pieces:
            name = next(iter(self._pieces))
            column = pd.Series(self._joined(self._pieces.pop(name)), copy=False)
            if name in objects and name not in self._wanted and column.isna().all():
                continue  # Objects that are `null` where others have members are no column.
            if column.dtype == object and is_deeper_than(column.tolist(), MAX_DEPTH):
                raise self._too_deep()
            columns[name] = column
        return columns

    def _joined(self, pieces: list[tuple[int, Any]]) -> Any:  # noqa: ANN401 - an array, or a series of objects
        import pyarrow as pa

        parts: list[Any] = []
        end = 0
        for first, values in [*pieces, (self._read, [])]:
            # What records lack is missing.
            parts += [pa.nulls(first - end), values] if first > end else [values]
            end = first + len(values)
        parts = [part for part in parts if len(part)]
        types = {part.type if isinstance(part, pa.Array) else None for part in parts} - {pa.null()}
        if len(types) < 2 and None not in types:
            kind = next(iter(types), pa.null())
            kind = pa.large_string() if pa.types.is_string(kind) else kind
            whole = pa.concat_arrays([part.cast(kind) for part in parts] or [pa.nulls(0)])
            if (found := of_arrow(pa.chunked_array([whole]))) is not None:
                return found
        return natural_values(
            [value for part in parts for value in (part.to_pylist() if isinstance(part, pa.Array) else part)]
        )

    def _too_deep(self) -> ExtractionError:
        return ExtractionError(f"{self._subject} cannot be read. The JSON nests deeper than {MAX_DEPTH} levels.")


def _array(values: Sequence[Any]) -> pa.Array | list[Any]:
    """Return values as Arrow has them, or as they are where they have no one type, or are lists or objects."""
    import pyarrow as pa

    array = array_of(values)
    return list(values) if array is None or pa.types.is_nested(array.type) else array
