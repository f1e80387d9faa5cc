"""Tables of a compact text, whose rows are decoded some at a time; see `compact_text`."""

from __future__ import annotations

from typing import Any

import orjson

from algomancy_data.stored.columns import check_cells
from algomancy_data.stored.compact_text import CompactTable
from algomancy_data.stored.tables import TableRows, check_length, columns_of, parse_columns, table_around
from algomancy_data.stored.types import Kind

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
    names, types, index = parse_columns(source.members, table)
    cells: list[list[Any]] = [[] for _ in names]
    count = 0
    for rows in source.chunks():
        count += len(rows)
        for known, more in zip(cells, columns_of(rows, names, table), strict=True):
            known.extend(more)
    check_length(count, index, table)
    return TableRows(names, types, list(cells), index)


def canonical_compact_table(source: CompactTable, table: str) -> list[bytes]:
    """Check a table and encode it, in pieces, with its cells as they were sent; few rows are decoded at a time.

    Args:
        source: The table.
        table: Its name.

    Raises:
        NotCompactError: The rows do not come apart.
        ValueError: It is no such table, or a cell does not fit the type of its column.
    """
    names, types, index = parse_columns(source.members, table)
    whole: dict[int, list[Any]] = {at: [] for at, kind in enumerate(types) if kind.kind not in _BY_CHUNK}
    pieces: list[bytes] = []
    count = 0
    for rows in source.chunks():
        count += len(rows)
        for at, cells in enumerate(columns_of(rows, names, table)):
            if at in whole:
                whole[at].extend(cells)
            else:
                check_cells(cells, types[at])
        pieces.append(orjson.dumps(rows)[1:-1])
    check_length(count, index, table)
    for at, cells in whole.items():
        check_cells(cells, types[at])
    return table_around(pieces, names, types, index)
