"""Columns that no schema knows: kept as the file has them, as numbers only where that changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from algomancy_data.cells.conversion import chunked, nullable_integers, texts_of
from algomancy_data.cells.numbers import EXACT_IN_FLOAT

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


def natural_values(values: list[Any]) -> Any:  # noqa: ANN401 - an array, or a series of objects
    """Return Python values as a column of the type that all of them have, or as objects; see `natural`."""
    import pandas as pd
    import pyarrow as pa

    kinds = set(map(type, values)) - {type(None)}
    if kinds == {str}:
        return pd.array(chunked(values), dtype="str")
    if kinds == {bool}:
        return pd.array(values, dtype="boolean" if None in values else "bool")
    objects = pd.Series(values, dtype=object)
    if not kinds <= {int, float, bool, str}:
        # What is all times, say, becomes a column of times; what is mixed stays.
        return objects if kinds & {list, dict} else objects.infer_objects()
    if int in kinds:
        try:
            whole = pa.array([v for v in values if type(v) is int] if len(kinds) > 1 else values, "int64")
        except OverflowError:
            # No type of pandas holds them all, and JSON has but 64 bits: as text they keep their digits.
            texts = [str(value) if type(value) is int else value for value in values]
            return pd.array(texts, dtype="str") if kinds <= {int, str} else pd.Series(texts, dtype=object)
        if kinds == {int}:
            return nullable_integers(pa.chunked_array([whole]))
        if kinds == {int, float} and all(abs(value) <= EXACT_IN_FLOAT for value in whole.to_pylist()):
            kinds = {float}
    return pa.array(values, "double").to_numpy(zero_copy_only=False) if kinds == {float} else objects
