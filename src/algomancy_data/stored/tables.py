"""Tables written as JSON: `{"data": [row objects], "columns": […], "dtypes": {…}, "index": […]}` (contract DAT-2).

`as_stored` makes of a table what it becomes when it is read back, so that it can be so from the start.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from algomancy_data.encoding import SLICE_ROWS, EncodingError, encode_json
from algomancy_data.stored.columns import Categories, Kind, StoredType, categories_of, column_cells, storable

if TYPE_CHECKING:
    import pandas as pd

_AS_THEY_ARE = {str, int, bool, type(None)}
_PAUSE_SECONDS = 0.00005


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


def read_index(labels: list[Any]) -> pd.Index:
    """Make the index of row labels: a range, numbers, text or tuples where they are, else objects."""
    import pandas as pd

    kinds = set(map(type, labels))
    if kinds <= {int} and labels == list(range(len(labels))):
        return pd.RangeIndex(len(labels))
    if list in kinds:
        return _read_tuples(labels)
    dtype: Any = object
    if kinds == {int} and min(labels) >= -(2**63) and max(labels) < 2**63:
        dtype = "int64"
    elif kinds == {str}:
        dtype = "str"
    elif float in kinds and kinds <= {float, type(None)}:
        dtype = "float64"
    index: pd.Index = pd.Index(labels, dtype=dtype)
    return index


def _read_tuples(labels: list[Any]) -> pd.Index:
    import pandas as pd

    tuples = [tuple(label) if type(label) is list else label for label in labels]
    if {type(label) for label in labels} == {list} and len(set(map(len, tuples))) == 1 and len(tuples[0]) > 1:
        levels = pd.MultiIndex.from_tuples(tuples)
        # Levels have one type each; labels that would not read the same again stay tuples.
        if encode_json(levels.tolist()) == orjson.dumps(labels):
            return levels
    index: pd.Index = pd.Index(tuples, dtype=object, tupleize_cols=False)
    return index


def as_stored(frame: pd.DataFrame, table: str) -> tuple[pd.DataFrame, list[tuple[str | None, str]]]:
    """Return a table as it will be after it was stored and read back.

    Args:
        frame: The table; it is not altered.
        table: Its name.

    Returns:
        The table, which is `frame` itself where nothing changes, and what changed: the column, if it is about one, and
        what happened in words.

    Raises:
        ValueError: Two columns have one name, or a value cannot be written as JSON; the message says where.
    """
    import pandas as pd

    check_writable(frame, table)
    notes: list[tuple[str | None, str]] = []
    names = column_names(frame, table)
    if names != list(frame.columns):
        notes.append((None, "Names of columns that are no text are stored as text."))
    if frame.attrs or any(name is not None for name in (*frame.index.names, *frame.columns.names)):
        notes.append((None, "Names of the index and attributes of the table are not stored."))
    index = _stored_index(frame.index)
    if not index.equals(frame.index):
        notes.append((None, "Labels of rows that are neither numbers nor text are stored as text."))
    columns: dict[str, pd.Series] = {}
    changed = bool(notes) or str(frame.columns.dtype) != "str"
    for position, name in enumerate(names):
        series = frame.iloc[:, position]
        stored, note = _stored_column(series)
        if note:
            notes.append((name, note))
        changed |= stored is not series
        columns[name] = stored if index is frame.index else pd.Series(stored.array, index=index, copy=False)
    if not changed:
        return frame, notes
    return pd.DataFrame(columns, index=index, columns=pd.Index(names, dtype="str"), copy=False), notes


def _stored_index(index: pd.Index) -> pd.Index:
    import pandas as pd

    if isinstance(index, pd.RangeIndex) and index.name is None and (index.start, index.step) == (0, 1):
        return index
    return read_index(orjson.loads(encode_json(index.tolist())))


def _stored_column(series: pd.Series) -> tuple[pd.Series, str]:
    """Return a column as it is read back, and what changed."""
    kind, stored = storable(series)
    note = (
        "" if stored.dtype == series.dtype else f"This column is stored as '{kind.name}', for JSON has no form for it."
    )
    match kind.kind:
        case Kind.FLOAT:
            stored, found = _without_infinities(stored, kind)
            note = note or found
        case Kind.OBJECT:
            stored, found = _plain_objects(stored)
            note = note or found
        case Kind.INTERVAL if kind.bound_type is not None and kind.bound_type.kind is Kind.FLOAT:
            # A bound that is infinite on its own side is stored as `null`.
            beyond = (stored.array.left == math.inf) | (stored.array.right == -math.inf)
            if beyond.any():
                stored = stored.mask(beyond)
                note = "Intervals of this column that hold no number become missing ones, for JSON has no infinity."
        case Kind.CATEGORY if (
            stored.cat.categories.dtype == object and stored.cat.categories.map(type).isin([str]).all()
        ):
            texts: Any = stored.cat.categories.astype("str")
            stored = stored.cat.rename_categories(texts)
    return stored, note


def _without_infinities(series: pd.Series, kind: StoredType) -> tuple[pd.Series, str]:
    import numpy as np
    import pandas as pd

    values = series.to_numpy("float64", na_value=float("nan"))
    infinite = np.isinf(values)
    if not infinite.any():
        return series, ""
    rest: Any = pd.Series(np.where(infinite, np.nan, values), index=series.index, name=series.name).astype(kind.name)  # type: ignore[call-overload]
    return (
        rest,
        f"{int(infinite.sum()):,} infinite values of this column become missing ones, for JSON has no infinity.",
    )


def _plain_objects(series: pd.Series) -> tuple[pd.Series, str]:
    import pandas as pd

    cells = series.tolist()
    if set(map(type, cells)) <= _AS_THEY_ARE:
        return series, ""
    plain = orjson.loads(encode_json(cells))
    if all(type(old) is type(new) and old == new for old, new in zip(cells, plain, strict=True)):
        return series, ""
    told = any(
        not (new is None and old != old) and type(old) is not type(new) for old, new in zip(cells, plain, strict=True)
    )
    note = "Values of this column that JSON has no form for are stored as text, numbers, lists and objects."
    return pd.Series(plain, index=series.index, name=series.name, dtype=object), note if told else ""
