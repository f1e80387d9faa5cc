"""Tables written as JSON: `{"data": [row objects], "columns": […], "dtypes": {…}, "index": […]}` (contract DAT-2)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from algomancy_data.encoding import EncodingError, encode_json
from algomancy_data.stored.columns import Categories, categories_of, column_cells
from algomancy_data.stored.types import Kind, storable

if TYPE_CHECKING:
    import pandas as pd

_PAUSE_SECONDS = 0.00005

SLICE_ROWS = 2_000
"""Rows encoded or decoded at a time: few enough that other threads get their turn in between."""


def column_names(frame: pd.DataFrame, table: str) -> list[str]:
    """Return the names of a table's columns as text.

    Raises:
        ValueError: Two columns have one name.
    """
    names = [".".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    refuse_twins(names, table)
    return names


def write_table(frame: pd.DataFrame, table: str) -> Iterator[bytes]:
    """Encode a table, piece by piece.

    Args:
        frame: The table.
        table: Its name, for messages.

    Yields:
        The JSON, in pieces of some thousand rows.

    Raises:
        ValueError: Two columns have one name, or a value cannot be said in JSON.
    """
    names = column_names(frame, table)
    stored = [storable(frame.iloc[:, position]) for position in range(len(names))]
    types = [kind for kind, _ in stored]
    # The extension arrays of plain types are slow to go through.
    arrays = [series.to_numpy() if kind.is_plain else series.array for kind, series in stored]
    yield b'{"data":['
    for start in range(0, len(frame), SLICE_ROWS):
        stop = min(start + SLICE_ROWS, len(frame))
        cells = [column_cells(array[start:stop], kind) for array, kind in zip(arrays, types, strict=True)]
        try:
            piece = encode_rows(names, cells, stop - start)
        except EncodingError:
            check_writable(frame, table)
            raise
        yield (b"," if start else b"") + piece
        if stop < len(frame):
            # numpy lets go of the interpreter's lock so briefly that no waiting thread gets hold of it, yet each time
            # that thread's claim to a turn begins anew: without a real pause it would wait for most of the table.
            time.sleep(_PAUSE_SECONDS)
    dtypes = {name: kind.name for name, kind in zip(names, types, strict=True)}
    known = {
        name: categories_of(array)
        for name, array, kind in zip(names, arrays, types, strict=True)
        if kind.kind is Kind.CATEGORY
    }
    yield b'],"columns":' + encode_json(names) + categories_json(known)
    yield b',"dtypes":' + encode_json(dtypes) + b',"index":['
    for start in range(0, len(frame), SLICE_ROWS):
        labels = frame.index[start : start + SLICE_ROWS].tolist()
        yield (b"," if start else b"") + encode_json(labels)[1:-1]
    yield b"]}"


def categories_json(known: Mapping[str, Categories | None]) -> bytes:
    """Return the member that tells of categories what cells do not, or nothing; who does not know it may ignore it."""
    told = {name: {"values": each.values, "ordered": each.ordered} for name, each in known.items() if each is not None}
    return b',"categories":' + encode_json(told) if told else b""


def encode_rows(names: list[str], cells: Sequence[Sequence[Any]], count: int) -> bytes:
    """Encode some rows, without brackets around them.

    Args:
        names: The names of the columns, which is the order of the members.
        cells: What each column holds in these rows.
        count: How many rows there are.

    Raises:
        EncodingError: A value cannot be said in JSON.
    """
    rows = [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)] if names else [{}] * count
    return encode_json(rows)[1:-1]


def check_writable(frame: pd.DataFrame, table: str) -> None:
    """Make sure that a table can be written, at far less cost than writing it: only objects may be beyond JSON.

    Args:
        frame: The table.
        table: Its name.

    Raises:
        ValueError: Two columns have one name, or a value cannot be said in JSON; the message names table, column and
            row.
    """
    for position, name in enumerate(column_names(frame, table)):
        kind, series = storable(frame.iloc[:, position])
        if kind.kind is not Kind.OBJECT:
            continue
        cells = series.tolist()
        for start in range(0, len(cells), SLICE_ROWS):
            part = cells[start : start + SLICE_ROWS]
            try:
                encode_json(part)
            except EncodingError:
                for row, cell in enumerate(part, start):
                    try:
                        encode_json(cell)
                    except EncodingError as error:
                        raise EncodingError(f"Table '{table}', column '{name}', row {row}: {error}") from None


def refuse_twins(names: list[str], table: str) -> None:
    """Make sure that no two columns have one name.

    Raises:
        ValueError: Two have.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"Table '{table}' has more than one column named '{name}'.")
        seen.add(name)
