"""From what a file holds to the types a schema wants: a column at once where all is plain, else each distinct text."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.dates import read_dates
from algomancy_data.cells.intervals import read_intervals
from algomancy_data.cells.numbers import EXACT_IN_FLOAT, Reading, read_numbers
from algomancy_data.cells.values import NO_BOOLEAN, READERS
from algomancy_data.schema import DataType
from algomancy_data.validation import SHOWN_PER_COLUMN

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

MISSING_TEXTS = ("NA", "N/A", "n/a", "na", "#N/A", "NaN", "nan", "NULL", "Null", "null", "None", "none", "-")
"""Texts that stand for a missing cell, like blank ones, except in columns of text and categories."""

# Also as spreadsheets show them in the languages whose months are known.
_TRUE = {
    "true", "t", "yes", "y", "1", "1.0", "on", "wahr", "ja", "waar", "vrai", "oui", "verdadero", "sí", "si", "vero",
    "sì", "verdadeiro", "sim",
}  # fmt: skip
_FALSE = {
    "false", "f", "no", "n", "0", "0.0", "off", "falsch", "nein", "onwaar", "nee", "faux", "non", "falso", "não", "nao",
}  # fmt: skip

_SAMPLE = 500
_SOME = 20_000
_CERTAIN = r"\.(?:[0-9]{0,2}|[0-9]{4,})$|^[+-]?(?:0[0-9]*|[0-9]{4,})?\.|[eE]"
"""What only a number with a decimal point has: not three decimals, or before it what heads no thousands."""
_UNCERTAIN = r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$"

_AS_TEXT = (DataType.STRING, DataType.CATEGORICAL)


@dataclass
class Converted:
    """A column converted.

    Attributes:
        array: The values; missing where the file had none or one that cannot be converted.
        unreadable: What could not be converted and why, by row: the first ones, and the last.
        unreadable_count: How many cells could not be converted.
        doubts: What allows two readings, and how it was read; said in a warning.
        remarks: How unusual cells were read; said in passing.
    """

    array: Any
    unreadable: dict[int, tuple[Any, str]] = field(default_factory=dict)
    unreadable_count: int = 0
    doubts: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def convert(series: pd.Series, dtype: DataType) -> Converted:
    """Convert a column to the type a schema wants.

    Whole numbers become `int64`, or `Int64` where cells are missing; numbers `float64`; booleans `boolean`; times
    `datetime64[us]`; text `string`; categories `category` of text; intervals pandas intervals.

    Args:
        series: The column as read: of any type, Python values included.
        dtype: What it is to hold.
    """
    import pandas as pd
    import pyarrow as pa

    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    if isinstance(series.dtype, pd.StringDtype):
        return _convert_texts(texts_of(series), dtype)
    if isinstance(series.dtype, pd.ArrowDtype) and series.dtype.kind == "M":
        series = pa.array(series.array, from_pandas=True).to_pandas()
    if isinstance(series.dtype, pd.IntervalDtype) and dtype is DataType.INTERVAL:
        return Converted(series.array)
    if series.dtype.kind == "M" and dtype is DataType.DATETIME:
        return Converted(_utc(series))
    if series.dtype == object and series.isna().all():
        return _convert_texts(pa.chunked_array([pa.nulls(len(series), pa.large_string())]), dtype)
    if series.dtype.kind in "iufb" and not isinstance(series.dtype, pd.SparseDtype):
        values = pa.chunked_array([pa.array(series.array, from_pandas=True)])
        if (converted := _convert_numbers(values, dtype)) is not None:
            return converted
    return _convert_values(series.astype(object).tolist(), dtype)


def texts_of(series: pd.Series) -> pa.ChunkedArray:
    """Return a column of texts as Arrow has them."""
    import pyarrow as pa

    array = pa.array(series.array, pa.large_string(), from_pandas=True)
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _convert_numbers(values: pa.ChunkedArray, dtype: DataType) -> Converted | None:
    """Convert numbers or booleans as a whole; None where single cells must be looked at."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(values.type):
        values = values.cast("double")
        if dtype in _AS_TEXT:
            # Some at a time: as Python values all at once they would take fifteen times the memory.
            parts = (values.slice(start, _SOME).to_pylist() for start in range(0, len(values) or 1, _SOME))
            texts = [pa.array(map(READERS[dtype], part), pa.large_string()) for part in parts]
            return _convert_texts(pa.chunked_array(texts), dtype)
        if (pc.max(pc.abs(values)).as_py() or 0) >= (EXACT_IN_FLOAT if dtype is DataType.INTEGER else math.inf):
            return None
    elif dtype in _AS_TEXT or (pa.types.is_integer(values.type) and dtype in (DataType.DATETIME, DataType.INTERVAL)):
        return _convert_texts(values.cast(pa.large_string()), dtype)
    if pa.types.is_boolean(values.type):
        return Converted(pd.array(nullable_booleans(values), "boolean")) if dtype is DataType.BOOLEAN else None
    try:
        if dtype is DataType.INTEGER:
            return Converted(nullable_integers(values.cast("int64")))
        return Converted(values.cast("double").to_numpy()) if dtype is DataType.FLOAT else None
    except pa.ArrowInvalid:
        return None


def _convert_values(values: list[Any], dtype: DataType) -> Converted:
    """Convert Python values: texts all together, for they have one convention, and others by what they are."""
    read, texts = READERS[dtype], list(values)
    others: dict[int, Any] = {}
    unreadable: dict[int, tuple[Any, str]] = {}
    for row, value in enumerate(values):
        if type(value) is str or value is None:
            continue
        texts[row] = None
        try:
            given = read(value)
        except ValueError as error:
            unreadable[row] = value, str(error)
            continue
        if isinstance(given, str):
            texts[row] = given
        elif given is not None:
            others[row] = given
    converted = _convert_texts(chunked(texts), dtype)
    if dtype in _AS_TEXT and any(isinstance(value, (list, dict)) for value in values):
        converted.doubts.append("Lists and objects in this column are kept as text, in JSON.")
    if others:
        _fill_in(converted, others, dtype)
    if unreadable:
        found = sorted((converted.unreadable | unreadable).items())
        converted.unreadable = dict([*found[:SHOWN_PER_COLUMN], found[-1]])
        converted.unreadable_count += len(unreadable)
    return converted


def _fill_in(converted: Converted, others: dict[int, Any], dtype: DataType) -> None:
    """Put values that were no texts beside those that were."""
    import pandas as pd

    cells = pd.Series(converted.array)
    if dtype is DataType.DATETIME:
        given = pd.Series(list(others.values()), dtype="datetime64[us]")
        if getattr(cells.dtype, "tz", None) is not None:
            given = given.dt.tz_localize("UTC")
    else:
        nullable: Any = {DataType.INTEGER: "Int64", DataType.BOOLEAN: "boolean"}.get(dtype, "float64")
        cells, given = cells.astype(nullable), pd.Series(list(others.values()), dtype=nullable)
    cells.iloc[list(others)] = given
    converted.array = tightened(cells.array)


def chunked(texts: list[str | None]) -> pa.ChunkedArray:
    """Return texts as Arrow has them; lone surrogates, which UTF-8 cannot hold, become U+FFFD."""
    import pyarrow as pa

    try:
        return pa.chunked_array([texts], pa.large_string())
    except UnicodeEncodeError:
        from algomancy_data.encoding import clean_text

        return chunked([None if text is None else clean_text(text) for text in texts])


def _convert_texts(texts: pa.ChunkedArray, dtype: DataType) -> Converted:
    import pyarrow as pa
    import pyarrow.compute as pc

    if dtype in _PLAIN and (array := _PLAIN[dtype](texts)) is not None:
        return Converted(array)
    encoded = pa.concat_arrays(texts.chunks or [pa.array([], texts.type)]).dictionary_encode()
    distinct = encoded.dictionary
    # Blank cells of a file are missing already: an empty text among texts is one that the file has.
    missing_texts = pa.array(() if dtype in _AS_TEXT else ("", *MISSING_TEXTS), distinct.type)
    missing = pc.is_in(pc.utf8_trim_whitespace(distinct), missing_texts)
    wanted = pc.indices_nonzero(pc.invert(missing)).to_numpy()
    codes = _codes(encoded.indices, wanted, len(distinct))
    distinct = distinct.take(pa.array(wanted))
    return _spread(_DISTINCT[dtype](distinct), codes, distinct)


def _codes(indices: pa.Array, wanted: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Return where each cell's text is among the wanted ones; -1 where it is none of them."""
    import numpy as np
    import pyarrow.compute as pc

    places = np.full(count + 1, -1, dtype="int64")
    places[wanted] = np.arange(len(wanted))
    codes: np.ndarray[Any, Any] = places[pc.fill_null(indices, -1).to_numpy(zero_copy_only=False)]
    return codes


def _spread(read: Reading, codes: np.ndarray[Any, Any], distinct: pa.Array) -> Converted:
    """Put the values of the distinct texts where the texts were."""
    import numpy as np
    import pandas as pd

    if isinstance(read.values, pd.Categorical):
        order = np.append(read.values.codes, -1)
        array: Any = pd.Categorical.from_codes(order[codes], dtype=read.values.dtype)
    else:
        array = pd.api.extensions.take(read.values, codes, allow_fill=True)
    rows = np.flatnonzero(np.isin(codes, list(read.problems))) if read.problems else codes[:0]
    unreadable = {}
    # A million entries would keep the garbage collector busy, and all threads waiting, for more than a second.
    for row in dict.fromkeys([*rows[:SHOWN_PER_COLUMN].tolist(), *rows[-1:].tolist()]):
        place = int(codes[row])
        unreadable[row] = distinct[place].as_py(), read.problems[place]
    return Converted(tightened(array), unreadable, len(rows), read.doubts, read.remarks)


def tightened(array: Any) -> Any:  # noqa: ANN401 - any array
    """Return nullable integers as plain ones when no cell is missing; any other array as it is."""
    return array if str(array.dtype) != "Int64" or array.isna().any() else array.to_numpy("int64")


# Columns that are plainly written throughout; None where single cells must be looked at.


def _plain_texts(texts: pa.ChunkedArray) -> Any:  # noqa: ANN401 - an array
    import pandas as pd

    return pd.array(texts, dtype="string")


def _plain_integers(texts: pa.ChunkedArray) -> Any:  # noqa: ANN401 - an array, or None
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        values = pc.cast(texts, "int64")
    except pa.ArrowInvalid:
        return None
    # Arrow takes 0x10 for a number; looking at the bytes is far cheaper than at each text.
    for chunk in texts.chunks:
        if chunk.buffers()[2] is not None and (np.frombuffer(chunk.buffers()[2], "uint8") | 0x20 == ord("x")).any():
            return None
    return nullable_integers(values)


def _plain_floats(texts: pa.ChunkedArray) -> Any:  # noqa: ANN401 - an array, or None
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        values = pc.cast(texts, "double")
    except pa.ArrowInvalid:
        return None
    extremes = pc.min_max(values).as_py()
    if extremes["min"] is not None and not (-EXACT_IN_FLOAT < extremes["min"] <= extremes["max"] < EXACT_IN_FLOAT):
        return None
    if pc.any(pc.is_nan(values)).as_py():
        return None
    # One text that can only have a decimal point is enough, and most columns have it near their start.
    for part in (texts.slice(0, _SAMPLE), texts):
        if pc.any(pc.match_substring_regex(part, _CERTAIN)).as_py():
            return values.to_numpy()
    return None if pc.any(pc.match_substring_regex(texts, _UNCERTAIN)).as_py() else values.to_numpy()


def nullable_integers(values: pa.ChunkedArray) -> Any:  # noqa: ANN401 - an array
    """Return integers of Arrow's as `int64`, or as `Int64` where some are missing."""
    import pandas as pd
    import pyarrow.compute as pc

    if not values.null_count:
        return values.to_numpy()
    return pd.arrays.IntegerArray(pc.fill_null(values, 0).to_numpy(), pc.is_null(values).to_numpy(), copy=True)


def nullable_booleans(values: pa.ChunkedArray) -> Any:  # noqa: ANN401 - an array
    """Return booleans of Arrow's as `bool`, or as `boolean` where some are missing."""
    import pandas as pd
    import pyarrow.compute as pc

    if not values.null_count:
        return values.to_numpy()
    return pd.arrays.BooleanArray(pc.fill_null(values, False).to_numpy(), pc.is_null(values).to_numpy(), copy=True)


_PLAIN: dict[DataType, Callable[[pa.ChunkedArray], Any]] = {
    DataType.STRING: _plain_texts,
    DataType.INTEGER: _plain_integers,
    DataType.FLOAT: _plain_floats,
}


# Distinct texts, none of them missing.


def _integers(texts: pa.Array) -> Reading:
    import pandas as pd

    numbers = read_numbers(texts, whole=True)
    return replace(numbers, values=pd.array(numbers.values.to_pylist(), "Int64"))


def _floats(texts: pa.Array) -> Reading:
    numbers = read_numbers(texts, whole=False)
    return replace(numbers, values=numbers.values.to_numpy(zero_copy_only=False))


def _booleans(texts: pa.Array) -> Reading:
    import pandas as pd

    words = [text.strip().lower() for text in texts.to_pylist()]
    values = [True if word in _TRUE else False if word in _FALSE else None for word in words]
    problems = {position: NO_BOOLEAN for position, value in enumerate(values) if value is None}
    return Reading(pd.array(values, dtype="boolean"), problems)


def _categories(texts: pa.Array) -> Reading:
    import numpy as np
    import pandas as pd
    import pyarrow.compute as pc

    order = pc.sort_indices(texts)
    codes = np.empty(len(order), dtype="int64")
    codes[order.to_numpy()] = np.arange(len(order))
    categories = pd.Index(pd.array(texts.take(order), dtype="str"))
    return Reading(pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(categories)))


def _times(texts: pa.Array) -> Reading:
    import pandas as pd

    dates = read_dates(texts)
    times = pd.Series(dates.values.to_numpy(zero_copy_only=False))
    return replace(dates, values=(times if dates.values.type.tz is None else times.dt.tz_localize("UTC")).array)


_DISTINCT: dict[DataType, Callable[[pa.Array], Reading]] = {
    DataType.INTEGER: _integers,
    DataType.FLOAT: _floats,
    DataType.BOOLEAN: _booleans,
    DataType.STRING: _categories,
    DataType.CATEGORICAL: _categories,
    DataType.DATETIME: _times,
    DataType.INTERVAL: read_intervals,
}


def _utc(series: pd.Series) -> Any:  # noqa: ANN401 - an array
    """Return times to the microsecond, unless they are finer, and in UTC if they have a time zone."""
    times = series.dt.tz_convert("UTC") if getattr(series.dtype, "tz", None) is not None else series
    coarse = times.dt.as_unit("us")
    return coarse.array if times.dt.unit != "ns" or coarse.dt.as_unit("ns").equals(times) else times.array
