"""Columns of intervals as text: two numbers, or two times, in one cell."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.dates import read_dates
from algomancy_data.cells.numbers import Reading, read_numbers

if TYPE_CHECKING:
    import pyarrow as pa

NO_INTERVAL = (
    "is not an interval like the others of its column: "
    "write two numbers or two dates, the lower first, as in 1/5, [1, 5) or 2025-01-01/2025-06-30"
)

_BRACKETS = re.compile(r"([\[(])\s*([^,;]+?)\s*[,;]\s*([^,;]+?)\s*([\])])")
_SEMICOLON = re.compile(r"([\[(])\s*([^;]+?)\s*;\s*([^;]+?)\s*([\])])")
_PLAIN = re.compile(r"(.+?)\s*(?:\.\.|–|—|\s/\s)\s*(.+)|(.+?)/(.+)")
_ENDLESS = re.compile(r"([+−-]?)\s*(?:inf|infinity|∞)", re.IGNORECASE)
_CLOSED = {"[]": "both", "[)": "left", "(]": "right", "()": "neither"}


def read_intervals(texts: pa.Array) -> Reading:
    """Read intervals.

    Read are `1/5`, `1..5`, `1–5` and `2025-01-01/2025-06-30`, to which both ends belong, and `[1, 5)`, whose brackets
    tell which end does: square ones yes, round ones no. A number may be infinite: `[0, inf)`, `(-∞, 5]`. A column has
    bounds of one kind, and its brackets agree: those of its first interval count.

    Args:
        texts: The texts, distinct and none of them null.
    """
    import pandas as pd

    parts = [_split(text) for text in texts.to_pylist()]
    closed = next((part[2] for part in parts if part), "both")
    rows = [row for row, part in enumerate(parts) if part and part[2] == closed]
    bounds = [bound for row in rows for bound in parts[row][:2]]  # type: ignore[index]
    readings = _bounds(bounds)
    pairs: list[Any] = [None] * len(texts)
    found = [_pairs(reading.values, rows) for reading in readings]
    # The first interval that can be read decides what the bounds of the column are.
    kind = 0 if not found[1] or min(found[0], default=len(texts)) < min(found[1]) else 1
    for row, pair in found[kind].items():
        pairs[row] = pair
    problems = {row: NO_INTERVAL for row, pair in enumerate(pairs) if pair is None}
    dtype = f"interval[{'datetime64[us]' if kind else 'float64'}, {closed}]"
    array = pd.arrays.IntervalArray.from_tuples(pairs, closed=closed, dtype=dtype)  # type: ignore[arg-type]
    return Reading(array, problems, readings[kind].doubts, readings[kind].remarks)


def _split(text: str) -> tuple[str, str, str] | None:
    text = text.strip()
    # With a semicolon between them, bounds may have commas of their own.
    if match := _SEMICOLON.fullmatch(text) or _BRACKETS.fullmatch(text):
        return match[2], match[3], _CLOSED[match[1] + match[4]]
    if match := _PLAIN.fullmatch(text):
        return match[1] or match[3], match[2] or match[4], "both"
    return None


def _bounds(texts: list[str]) -> tuple[Reading, Reading]:
    """Read all bounds as numbers, and as times."""
    import pandas as pd
    import pyarrow as pa

    array = pa.array([text.strip() for text in texts], pa.large_string())
    numbers, dates = read_numbers(array, whole=False), read_dates(array)
    stamps = pd.DatetimeIndex(pd.Series(dates.values.to_numpy(zero_copy_only=False)))
    times = [None if pd.isna(stamp) else stamp for stamp in stamps.as_unit("us")]
    values = numbers.values.to_pylist()
    for position, text in enumerate(array.to_pylist()):
        if match := _ENDLESS.fullmatch(text):
            values[position] = math.inf if match[1] in ("", "+") else -math.inf
    return replace(numbers, values=values), replace(dates, values=times)


def _pairs(bounds: list[Any], rows: list[int]) -> dict[int, tuple[Any, Any]]:
    found = {}
    for position, row in enumerate(rows):
        low, high = bounds[2 * position : 2 * position + 2]
        if low is not None and high is not None and low <= high and low != math.inf and high != -math.inf:
            found[row] = low, high
    return found
