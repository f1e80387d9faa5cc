"""Taking a dataset's JSON apart without decoding it whole.

Rows of a large table, decoded all at once, are millions of objects spread over far more memory than any cache holds.
Decoded some thousand at a time they fit, and the next ones take their place: it takes half the time and little memory.

This works on compact text with the members in the order this project writes them. It is cut where it seems to end and
begin; that each piece then decodes as what must stand in its place proves the cuts right, for the pieces make up the
whole text. Anything else is a `NotCompactError`, and decoded whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from algomancy_data.stored.columns import check_cells
from algomancy_data.stored.tables import TableRows, check_length, columns_of, parse_shape, table_around
from algomancy_data.stored.types import Kind

CHUNK_BYTES = 1 << 17
"""How much text is decoded at a time."""

_METADATA, _TABLES = b'{"metadata":', b',"tables":{'
_DATA, _COLUMNS, _NEXT = b':{"data":[', b'],"columns":[', b']},"'
_ROWS_MEET = b"},{"


class NotCompactError(Exception):
    """The text is no JSON, or not in the form this module takes apart."""


@dataclass(frozen=True)
class CompactTable:
    """One table of a text.

    Attributes:
        members: Its `columns`, `dtypes` and `index`.
        text: The whole text.
        start: Where its rows start.
        end: Where they end.
    """

    members: dict[str, Any]
    text: bytes
    start: int
    end: int

    def chunks(self) -> Iterator[list[Any]]:
        """Decode its rows, some at a time.

        Raises:
            NotCompactError: They do not come apart.
        """
        start = self.start
        while start < self.end:
            cut = self.text.find(_ROWS_MEET, start + CHUNK_BYTES, self.end)
            stop = self.end if cut < 0 else cut + 1
            rows: list[Any] = _decode(b"[" + self.text[start:stop] + b"]")
            yield rows
            start = stop + 1


def take_apart(text: bytes) -> tuple[Any, dict[str, CompactTable]]:
    """Find the metadata and the tables of a dataset.

    Args:
        text: The dataset in JSON.

    Returns:
        The metadata, decoded, and the tables by name, their rows not decoded yet.

    Raises:
        NotCompactError: The text does not come apart.
    """
    position = text.find(_TABLES)
    if position < 0 or not text.startswith(_METADATA):
        raise NotCompactError
    metadata = _decode(text[len(_METADATA) : position])
    position += len(_TABLES)
    tables: dict[str, CompactTable] = {}
    if text[position:] == b"}}":
        return metadata, tables
    while True:
        start = text.find(_DATA, position)
        name = _decode(text[position:start]) if start >= 0 else None
        end = text.find(_COLUMNS, start)
        following = text.find(_NEXT, end)
        last = following < 0
        stop = len(text) - 3 if last else following + 1
        if not isinstance(name, str) or name in tables or end < 0 or (last and text[stop:] != b"}}}"):
            raise NotCompactError
        members = _decode(b"{" + text[end + 2 : stop] + b"}")
        if list(members) not in (["columns", "dtypes", "index"], ["columns", "categories", "dtypes", "index"]):
            raise NotCompactError
        if not _tell_types(members["columns"], members["dtypes"]):
            raise NotCompactError
        tables[name] = CompactTable(members, text, start + len(_DATA), end)
        if last:
            return metadata, tables
        position = stop + 2


def _tell_types(columns: object, dtypes: object) -> bool:
    return isinstance(columns, list) and isinstance(dtypes, dict) and list(dtypes) == columns


def _decode(text: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise NotCompactError from None


_BY_CHUNK = (Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN, Kind.TEXT, Kind.OBJECT)
"""Kinds whose cells can be checked some at a time; of the others the column must be seen whole."""


def parse_compact_table(source: CompactTable, table: str) -> TableRows:
    """Decode a table and check its shape.

    Args:
        source: The table.
        table: Its name.

    Raises:
        NotCompactError: The rows do not come apart.
        ValueError: It is no such table.
    """
    shape = parse_shape(source.members, table)
    cells: list[list[Any]] = [[] for _ in shape.columns]
    count = 0
    for rows in source.chunks():
        count += len(rows)
        for known, more in zip(cells, columns_of(rows, shape.columns, table), strict=True):
            known.extend(more)
    check_length(count, shape.index, table)
    return TableRows(shape, list(cells))


def canonical_compact_table(source: CompactTable, table: str) -> list[bytes]:
    """Check a table and encode it, in pieces, with its cells as they were sent; few rows are decoded at a time.

    Args:
        source: The table.
        table: Its name.

    Raises:
        NotCompactError: The rows do not come apart.
        ValueError: It is no such table, or a cell does not fit the type of its column.
    """
    shape = parse_shape(source.members, table)
    whole: dict[int, list[Any]] = {at: [] for at, kind in enumerate(shape.types) if kind.kind not in _BY_CHUNK}
    pieces: list[bytes] = []
    count = 0
    for rows in source.chunks():
        count += len(rows)
        for at, cells in enumerate(columns_of(rows, shape.columns, table)):
            if at in whole:
                whole[at].extend(cells)
            else:
                check_cells(cells, shape.types[at])
        pieces.append(orjson.dumps(rows)[1:-1])
    check_length(count, shape.index, table)
    for at, cells in whole.items():
        check_cells(cells, shape.types[at], shape.categories.get(shape.columns[at]))
    return table_around(pieces, shape)
