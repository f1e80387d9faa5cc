"""Single cells that came as Python values: what a workbook, a JSON document or a data frame of objects holds."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from algomancy_data.cells.dates import NO_DATE, NO_DAY
from algomancy_data.cells.numbers import EXACT_IN_FLOAT, INEXACT, NO_NUMBER, NOT_WHOLE, whole_number
from algomancy_data.encoding import bytes_text, encode_json, iso_duration
from algomancy_data.schema import DataType

NO_BOOLEAN = "is neither true nor false: write true or false, yes or no, 1 or 0"


def is_missing(value: object) -> bool:
    """Tell whether a value stands for a missing cell."""
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, (float, Decimal)) and math.isnan(value)


def text_of(value: Any) -> str:  # noqa: ANN401 - any cell
    """Return the text of a cell in a column of texts; lists and objects become JSON."""
    import numpy as np

    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_IN_FLOAT:
        # A workbook keeps every number as a float: the 12 a person typed is no 12.0.
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat() if value.time() != time.min else value.date().isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return iso_duration(value)
    if isinstance(value, bytes):
        return bytes_text(value)
    if isinstance(value, (list, dict, set, tuple, np.ndarray)):
        return encode_json(value).decode()
    return str(value)


def _number(value: Any) -> Any:  # noqa: ANN401 - any cell, and an int, float or Decimal
    import numpy as np

    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)) or not math.isfinite(value):
        raise ValueError
    return value


def _integer(value: Any) -> int | None:  # noqa: ANN401 - any cell
    if is_missing(value):
        return None
    try:
        number = _number(value)
    except ValueError:
        raise ValueError(NOT_WHOLE) from None
    return whole_number(number)


def _float(value: Any) -> float | None:  # noqa: ANN401 - any cell
    if is_missing(value):
        return None
    try:
        number = _number(value)
        result = float(number)
    except (ValueError, OverflowError):
        raise ValueError(NO_NUMBER) from None
    if isinstance(number, int) and abs(number) >= EXACT_IN_FLOAT and int(result) != number:
        raise ValueError(INEXACT)
    return result


def _boolean(value: Any) -> bool | None:  # noqa: ANN401 - any cell
    import numpy as np

    if is_missing(value):
        return None
    if isinstance(value, (bool, np.bool_, int, float, np.number)) and value in (0, 1):
        return bool(value)
    raise ValueError(NO_BOOLEAN)


def _text(value: Any) -> str | None:  # noqa: ANN401 - any cell
    return None if is_missing(value) else text_of(value)


def _time(value: Any) -> Any:  # noqa: ANN401 - any cell, and a text or a naive time
    import numpy as np

    if is_missing(value):
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo is None else value.isoformat()
    if isinstance(value, (date, np.datetime64)):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(NO_DAY if isinstance(value, time) else NO_DATE)


def _interval(value: Any) -> str | None:  # noqa: ANN401 - any cell
    if is_missing(value):
        return None
    if isinstance(value, (list, tuple)) and len(value) == 2:
        # As in the stored form, a bound that is null is at infinity.
        return "/".join(
            end if bound is None else text_of(bound) for bound, end in zip(value, ("-inf", "inf"), strict=True)
        )
    return str(value)


READERS: dict[DataType, Callable[[Any], Any]] = {
    DataType.INTEGER: _integer,
    DataType.FLOAT: _float,
    DataType.BOOLEAN: _boolean,
    DataType.STRING: _text,
    DataType.CATEGORICAL: _text,
    DataType.DATETIME: _time,
    DataType.INTERVAL: _interval,
}
"""What converts a Python value other than text to a value of a column's type.

It returns None for a missing value and a text for what is to be read as text; a value that cannot be read is a
`ValueError` that says why.
"""
