"""From what a file holds to the types a schema wants: whole columns where possible, else cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.dates import UNIT
from algomancy_data.cells.values import Converted, convert_values, tightened
from algomancy_data.schema import DataType

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


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
