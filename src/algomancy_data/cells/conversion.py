"""From what a file holds to the types a schema wants: whole columns where possible, else cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.dates import UNIT
from algomancy_data.cells.values import Converted, convert_values, tightened
from algomancy_data.schema import Column, DataType
from algomancy_data.validation import ValidationMessage, ValidationSeverity

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


SHOWN_PER_COLUMN = 10
"""Cells of one column that get a message of their own; the rest are counted."""

_TEXT_SHOWN = 60


@dataclass
class ReadTable:
    """A table read.

    Attributes:
        frame: The table, its columns converted.
        messages: What could not be converted.
    """

    frame: pd.DataFrame
    messages: list[ValidationMessage] = field(default_factory=list)


def plain_columns(columns: Sequence[Column]) -> list[Column]:
    """Return the columns without what a user's class may have added: they go to another process."""
    return [Column(column.name, column.dtype, optional=column.optional, nullable=column.nullable) for column in columns]


def convert_table(series: Mapping[str, pd.Series], columns: Sequence[Column], table: str) -> ReadTable:
    """Convert the columns that a schema knows, and leave the others as they are.

    Args:
        series: The columns as read, by name.
        columns: The schema's columns; those absent are left to the validators.
        table: The name of the table.
    """
    import pandas as pd

    types = {column.name: column.dtype for column in columns}
    messages: list[ValidationMessage] = []
    data: dict[str, Any] = {}
    for name, values in series.items():
        if name not in types:
            data[name] = values
            continue
        converted = convert(values, types[name])
        messages += conversion_messages(converted, table, name)
        data[name] = pd.Series(converted.array, index=values.index, copy=False)
    return ReadTable(pd.DataFrame(data, columns=pd.Index(list(series), dtype="str"), copy=False), messages)


def conversion_messages(converted: Converted, table: str, column: str) -> list[ValidationMessage]:
    """Return an error for each of the first cells that could not be converted, and one that counts the rest."""
    messages = [
        ValidationMessage(
            ValidationSeverity.ERROR, f"{_shown(value)} {converted.problem}.", table, column, row, "conversion"
        )
        for row, value in list(converted.unreadable.items())[:SHOWN_PER_COLUMN]
    ]
    if (rest := len(converted.unreadable) - len(messages)) > 0:
        text = f"{rest:,} more cells of this column cannot be converted: what they hold {converted.problem}."
        messages.append(ValidationMessage(ValidationSeverity.ERROR, text, table, column, None, "conversion"))
    return messages


def _shown(value: object) -> str:
    import pandas as pd

    if isinstance(value, dict):
        return "An object"
    if pd.api.types.is_list_like(value):
        return "A list"
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(value))
    return f"'{text[:_TEXT_SHOWN]}…'" if len(text) > _TEXT_SHOWN else f"'{text}'"


def convert(series: pd.Series, dtype: DataType) -> Converted:
    """Convert a column to the type a schema wants.

    Whole numbers become `int64`, or `Int64` where cells are missing; numbers `float64`; booleans `bool` or `boolean`;
    times `datetime64[us]`; text `str`; categories `category` of text; intervals pandas intervals.

    Args:
        series: The column as read: of any type, Python values included.
        dtype: What it is to hold.
    """
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        return _convert_categories(series, dtype)
    if dtype in _NATIVE and (native := _NATIVE[dtype](series)) is not None:
        return Converted(native)
    return convert_values(series.astype(object).tolist(), dtype)


def has_lost_digits(series: pd.Series) -> bool:
    """Tell whether a column of whole numbers that was read as floats holds some too large for a float to be exact."""
    return series.dtype.kind == "f" and bool((series.abs() >= 2.0**53).any())


def _convert_categories(series: pd.Series, dtype: DataType) -> Converted:
    """Convert each distinct value once."""
    import numpy as np
    import pandas as pd

    codes = series.cat.codes.to_numpy()
    distinct = convert(pd.Series(series.cat.categories.to_numpy(object), dtype=object), dtype)
    nullable = {DataType.INTEGER: "Int64", DataType.BOOLEAN: "boolean"}.get(dtype)
    values = distinct.array if nullable is None else pd.array(distinct.array, dtype=nullable)
    array = pd.api.extensions.take(values, codes, allow_fill=True)
    unreadable = {}
    for row in np.flatnonzero(np.isin(codes, list(distinct.unreadable))).tolist():
        unreadable[row] = distinct.unreadable[codes[row]]
    return Converted(array if nullable is None else tightened(array), unreadable, distinct.problem)


def _native_integers(series: pd.Series) -> Any:  # noqa: ANN401 - an array, or None when cells must be looked at
    import numpy as np

    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iu":
        return series.to_numpy("int64") if series.dtype != "uint64" else None
    if isinstance(series.dtype, np.dtype) and series.dtype.kind == "f":
        values = series.to_numpy("float64")
        missing = np.isnan(values)
        filled = np.where(missing, 0.0, values)
        if np.isfinite(filled).all() and (filled == np.trunc(filled)).all() and (np.abs(filled) < 2.0**63).all():
            return _with_missing(filled.astype("int64"), missing)
    return None


def _with_missing(values: np.ndarray[Any, Any], missing: np.ndarray[Any, Any]) -> Any:  # noqa: ANN401
    import pandas as pd

    return pd.arrays.IntegerArray(values, missing) if missing.any() else values


def _native_floats(series: pd.Series) -> Any:  # noqa: ANN401 - as above
    import numpy as np

    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iuf":
        values = series.to_numpy("float64")
        return values if not np.isinf(values).any() else None
    return None


def _native_booleans(series: pd.Series) -> Any:  # noqa: ANN401 - as above
    return series.to_numpy() if series.dtype == "bool" else None


def _native_texts(series: pd.Series) -> Any:  # noqa: ANN401 - as above
    import pandas as pd

    if isinstance(series.dtype, pd.StringDtype) and not (series == "").any():
        return series.astype("str").array
    return None


def _native_times(series: pd.Series) -> Any:  # noqa: ANN401 - as above
    if series.dtype.kind != "M":
        return None
    times = series.dt.tz_convert("UTC") if getattr(series.dtype, "tz", None) is not None else series
    return times.dt.as_unit(UNIT).array


def _native_intervals(series: pd.Series) -> Any:  # noqa: ANN401 - as above
    import pandas as pd

    return series.array if isinstance(series.dtype, pd.IntervalDtype) else None


_NATIVE: dict[DataType, Callable[[pd.Series], Any]] = {
    DataType.INTEGER: _native_integers,
    DataType.FLOAT: _native_floats,
    DataType.BOOLEAN: _native_booleans,
    DataType.STRING: _native_texts,
    DataType.DATETIME: _native_times,
    DataType.INTERVAL: _native_intervals,
}
