"""Columns that no schema knows: kept as the file has them, as numbers only where that changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.conversion import nullable_integers, texts_of
from algomancy_data.cells.numbers import INT64

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_INTEGER = r"^(?:0|-?[1-9][0-9]{0,17})$"
_SHORTEST = r"^-?(?:0|[1-9][0-9]{0,14})(?:\.(?:0|[0-9]{0,14}[1-9]))?$"
_FIXED = r"^-?(?:0|[1-9][0-9]{0,8})\.[0-9]{1,6}$"


def natural(series: pd.Series) -> Any:  # noqa: ANN401 - a series or an array
    """Return a column as integers, floats, booleans, text or times where each cell is one; else as it is.

    A text is a number only if it is written as programs write that number, or if all have the same count of decimals:
    codes with leading zeros or of many digits, `NA` and `1E5` stay text. Integers of more than 64 bits become text.

    Args:
        series: The column: of texts, or of Python values.
    """
    import pandas as pd

    if isinstance(series.dtype, pd.StringDtype):
        return _of_texts(series)
    return natural_values(series.tolist()) if series.dtype == object else series


def _of_texts(series: pd.Series) -> Any:  # noqa: ANN401 - as above
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = texts_of(series)
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
    if texts.null_count == len(texts):
        return pd.array(texts, dtype="str")

    def all_match(pattern: str) -> bool:
        # Most patterns fail near the start.
        return not any(
            pc.any(pc.invert(pc.match_substring_regex(part, pattern))).as_py() for part in (texts.slice(0, 100), texts)
        )

    if all_match(_INTEGER):
        return nullable_integers(pc.cast(texts, "int64"))
    decimals_agree = all_match(_FIXED) and len(pc.unique(_decimals(texts)).drop_null()) == 1
    if decimals_agree or all_match(_SHORTEST):
        return pc.cast(texts, "double").to_numpy()
    words = set(pc.unique(texts.slice(0, 100)).drop_null().to_pylist())
    for true, false in (("True", "False"), ("true", "false"), ("TRUE", "FALSE")):
        if words <= {true, false} and all_match(f"^(?:{true}|{false})$"):
            values = pc.equal(texts, true)
            return pd.array(values.to_pylist(), dtype="boolean") if values.null_count else values.to_numpy()
    return pd.array(texts, dtype="str")


def _decimals(texts: pa.ChunkedArray) -> Any:  # noqa: ANN401 - an array of lengths
    import pyarrow.compute as pc

    return pc.utf8_length(pc.replace_substring_regex(texts, r"^.*\.", ""))


def natural_values(values: Sequence[Any]) -> Any:  # noqa: ANN401 - an array, or a series of objects
    """Return Python values as a column of the type that all of them have, or as objects; see `natural`."""
    import pandas as pd
    import pyarrow as pa

    try:
        array = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        return _mixed(values)
    if pa.types.is_string(array.type):
        return pd.array(array, dtype="str")
    if pa.types.is_int64(array.type):
        return nullable_integers(pa.chunked_array([array]))
    if pa.types.is_float64(array.type):
        return array.to_numpy(zero_copy_only=False)
    if pa.types.is_boolean(array.type):
        return (
            pd.array(array.to_pylist(), dtype="boolean") if array.null_count else array.to_numpy(zero_copy_only=False)
        )
    objects = pd.Series(values, dtype=object)
    # What is all times, say, becomes a column of times; lists and objects stay.
    return objects if pa.types.is_nested(array.type) else objects.infer_objects()


def _mixed(values: Sequence[Any]) -> Any:  # noqa: ANN401 - as above
    import pandas as pd

    kinds = set(map(type, values)) - {type(None)}
    if not any(type(value) is int and value not in INT64 for value in values):
        return pd.Series(values, dtype=object)
    # No type of pandas holds such numbers, and JSON has but 64 bits: as text they keep their digits.
    texts = [str(value) if type(value) is int else value for value in values]
    return pd.array(texts, dtype="str") if kinds <= {int, str} else pd.Series(texts, dtype=object)
