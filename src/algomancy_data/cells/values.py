"""Cells as Python values, from a file or a data frame of objects, to a column of the type a schema wants."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from algomancy_data.cells.dates import UNIT, parse_dates, parse_intervals
from algomancy_data.cells.numbers import parse_boolean, parse_number, parse_whole_number, whole
from algomancy_data.schema import DataType

MISSING_TEXTS = ("NA", "N/A", "n/a", "na", "#N/A", "NaN", "nan", "NULL", "Null", "null", "None", "none", "-")
"""Texts that stand for a missing cell, except in columns of text and categories, where only the empty one does."""

_WANTED = {
    DataType.INTEGER: "is not a whole number",
    DataType.FLOAT: "is not a number",
    DataType.BOOLEAN: "is neither true nor false",
    DataType.DATETIME: "is not a date or time",
    DataType.INTERVAL: "is not an interval like the others of its column",
    DataType.STRING: "is not text",
    DataType.CATEGORICAL: "is not text",
}

_INT64 = range(-(2**63), 2**63)
_EXACT_IN_FLOAT = 2.0**53


@dataclass
class Converted:
    """A column converted.

    Attributes:
        array: The values; missing where the file had none or one that cannot be converted.
        unreadable: What could not be converted, by row.
        problem: What is wrong with each of those: `is not a number`.
    """

    array: Any
    unreadable: dict[int, Any] = field(default_factory=dict)
    problem: str = ""


def convert_values(values: Sequence[Any], dtype: DataType) -> Converted:
    """Convert cells one by one.

    Args:
        values: The cells: text, numbers, booleans, times, None, or anything else.
        dtype: What the column is to hold.
    """
    absent = _is_absent if dtype in (DataType.STRING, DataType.CATEGORICAL) else _is_missing
    converted = _FROM_VALUES[dtype]([None if absent(value) else value for value in values])
    converted.problem = _WANTED[dtype]
    return converted


def tightened(array: Any) -> Any:  # noqa: ANN401 - a nullable array, or its plain counterpart
    """Return a nullable array as its plain counterpart when no cell is missing."""
    if array.isna().any():
        return array
    return array.to_numpy({"Int64": "int64", "boolean": "bool"}[array.dtype.name])


def _is_missing(value: object) -> bool:
    return _is_absent(value) or (isinstance(value, str) and (not value.strip() or value.strip() in MISSING_TEXTS))


def _is_absent(value: object) -> bool:
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, str) and not value):
        return True
    return isinstance(value, (float, Decimal)) and math.isnan(value)


def _each(values: Sequence[Any], parse: Callable[[Any], Any]) -> tuple[list[Any], dict[int, Any]]:
    parsed: list[Any] = []
    unreadable: dict[int, Any] = {}
    for row, value in enumerate(values):
        result = None
        if value is not None:
            try:
                result = parse(value)
            except (ValueError, OverflowError):
                unreadable[row] = value
        parsed.append(result)
    return parsed, unreadable


def _integers(values: Sequence[Any]) -> Converted:
    import pandas as pd

    parsed, unreadable = _each(values, _integer)
    return Converted(tightened(pd.array(parsed, dtype="Int64")), unreadable)


def _integer(value: Any) -> int:  # noqa: ANN401 - any cell
    import numpy as np

    if isinstance(value, str):
        number = parse_whole_number(value)
    elif isinstance(value, (int, float, Decimal, np.integer, np.floating)) and not isinstance(value, bool):
        number = whole(value.item() if isinstance(value, np.generic) else value)
    else:
        raise ValueError(_WANTED[DataType.INTEGER])
    if number not in _INT64:
        raise ValueError(_WANTED[DataType.INTEGER])
    return number


def _floats(values: Sequence[Any]) -> Converted:
    import numpy as np

    parsed, unreadable = _each(values, _float)
    return Converted(np.array(parsed, dtype="float64"), unreadable)


def _float(value: Any) -> float:  # noqa: ANN401 - any cell
    import numpy as np

    if isinstance(value, str):
        return float(parse_number(value))
    if (
        isinstance(value, (int, float, Decimal, np.integer, np.floating))
        and not isinstance(value, bool)
        and math.isfinite(value)
    ):
        return float(value)
    raise ValueError(_WANTED[DataType.FLOAT])


def _booleans(values: Sequence[Any]) -> Converted:
    import pandas as pd

    parsed, unreadable = _each(values, _boolean)
    return Converted(tightened(pd.array(parsed, dtype="boolean")), unreadable)


def _boolean(value: Any) -> bool:  # noqa: ANN401 - any cell
    import numpy as np

    if isinstance(value, str):
        return parse_boolean(value)
    if isinstance(value, (bool, np.bool_)) or value in (0, 1):
        return bool(value)
    raise ValueError(_WANTED[DataType.BOOLEAN])


def _texts(values: Sequence[Any]) -> Converted:
    import pandas as pd

    parsed, unreadable = _each(values, _text)
    return Converted(pd.array(parsed, dtype="str"), unreadable)


def _text(value: Any) -> str:  # noqa: ANN401 - any cell
    import numpy as np

    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_IN_FLOAT:
        # A workbook keeps every number as a float: the 12 a person typed is no 12.0.
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat() if value.time() != time.min else value.date().isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (list, dict, set, tuple, np.ndarray)):
        raise ValueError(_WANTED[DataType.STRING])
    return str(value)


def _categories(values: Sequence[Any]) -> Converted:
    import pandas as pd

    texts = _texts(values)
    return Converted(pd.Categorical(texts.array), texts.unreadable)


def _times(values: Sequence[Any]) -> Converted:
    import numpy as np
    import pandas as pd

    texts: dict[int, str] = {}
    unreadable: dict[int, Any] = {}
    naive = np.full(len(values), np.datetime64("NaT", UNIT), dtype=f"datetime64[{UNIT}]")
    for row, value in enumerate(values):
        if isinstance(value, str):
            texts[row] = value
        elif isinstance(value, datetime) and value.tzinfo is not None:
            texts[row] = value.isoformat()
        elif isinstance(value, (datetime, date, np.datetime64)):
            naive[row] = value
        elif isinstance(value, int) and not isinstance(value, bool):
            texts[row] = str(value)
        elif value is not None:
            unreadable[row] = value
    times = pd.Series(naive)
    if texts:
        parsed, bad = parse_dates(list(texts.values()))
        rows = list(texts)
        unreadable |= {rows[position]: texts[rows[position]] for position in bad}
        if parsed.dtype.kind == "M" and getattr(parsed, "tz", None) is not None:
            times = times.dt.tz_localize("UTC")
        times.iloc[rows] = parsed
    return Converted(times.array, unreadable)


def _intervals(values: Sequence[Any]) -> Converted:
    texts = [value if value is None or isinstance(value, str) else _interval_text(value) for value in values]
    array, unreadable = parse_intervals(texts)
    return Converted(array, {row: values[row] for row in unreadable})


def _interval_text(value: Any) -> str:  # noqa: ANN401 - any cell
    if isinstance(value, (list, tuple)) and len(value) == 2:
        return "/".join(map(_text, value))
    return str(value)


_FROM_VALUES: dict[DataType, Callable[[Sequence[Any]], Converted]] = {
    DataType.INTEGER: _integers,
    DataType.FLOAT: _floats,
    DataType.BOOLEAN: _booleans,
    DataType.STRING: _texts,
    DataType.CATEGORICAL: _categories,
    DataType.DATETIME: _times,
    DataType.INTERVAL: _intervals,
}
