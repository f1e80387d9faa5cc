"""What a table becomes when it is stored and read back, so that it can be so from the start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from algomancy_data.encoding import encode_json
from algomancy_data.stored.sent_tables import read_index
from algomancy_data.stored.tables import check_writable, column_names
from algomancy_data.stored.types import Kind, StoredType, storable

if TYPE_CHECKING:
    import pandas as pd

_AS_THEY_ARE = {str, int, bool, type(None)}


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
