"""Columns of dates, times and intervals as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from algomancy_data.cells.numbers import parse_number

if TYPE_CHECKING:
    import numpy as np


UNIT: Final = "us"
"""The resolution of times read from raw files."""

_OFFSET = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$", re.IGNORECASE)
_TIME = r"(?:[T ](\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,6})\d*)?)?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})(?:[-/.](\d{{1,2}})(?:[-/.](\d{{1,2}}){_TIME})?)?|(\d{{4}})(\d\d)(\d\d){_TIME}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}){_TIME}")


def parse_dates(texts: Sequence[str]) -> tuple[Any, list[int]]:
    """Read dates and times.

    Read are ISO 8601 (`2025-03-14`, `2025-03-14T15:09:26+01:00`, `2025-03`), the year first with other signs
    (`2025/3/14`, `20250314`) and the year last (`14-3-2025`, `14/03/2025 15:09`, `14.3.2025`). With the year last the
    day comes first, unless the texts together can only be meant the other way round (`3/14/2025` among them, and no
    `14/3/2025`).

    Args:
        texts: The texts, none of them missing.

    Returns:
        An array of times, and the positions of the texts that are none, which are NaT in the array. The times are
        naive; where a text has an offset from UTC all are in UTC, and texts without offset are taken for UTC.
    """
    import pandas as pd

    stripped = pd.Series([text.strip() for text in texts], dtype=object)
    try:
        times = pd.to_datetime(stripped, format="ISO8601")
    except ValueError:
        if not any(_OFFSET.search(text) for text in stripped if ":" in text):
            array = pd.array(_parse_each(stripped.tolist()))
            return array, _missing(array)
        times = pd.to_datetime(stripped, format="ISO8601", utc=True, errors="coerce")
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC")
    array = times.dt.as_unit(UNIT).array
    return array, _missing(array)


def month_comes_first(texts: Sequence[str]) -> bool:
    """Tell whether dates with the year last can only be meant month first."""
    heads = [(int(match[1]), int(match[2])) for match in map(_YEAR_LAST.fullmatch, texts) if match]
    return any(second > 12 for _, second in heads) and not any(first > 12 for first, _ in heads)


def _parse_each(texts: Sequence[str]) -> np.ndarray[Any, Any]:
    import numpy as np

    month_first = month_comes_first(texts)
    known: dict[str, Any] = {}
    for text in texts:
        if text not in known:
            known[text] = _parse_one(text, month_first)
    return np.array([known[text] for text in texts], dtype=f"datetime64[{UNIT}]")


def _parse_one(text: str, month_first: bool) -> datetime | None:
    if match := _YEAR_FIRST.fullmatch(text):
        groups = match.groups()
        year, month, day, *time = groups[:7] if groups[0] else groups[7:]
    elif match := _YEAR_LAST.fullmatch(text):
        day, month, year, *time = match.groups()
        if month_first:
            day, month = month, day
    else:
        return None
    hour, minute, second, fraction = time
    try:
        return datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0").ljust(6, "0")),
        )  # fmt: skip
    except ValueError:
        return None


def _missing(array: Any) -> list[int]:  # noqa: ANN401 - an extension array of pandas
    import numpy as np

    return np.flatnonzero(array.isna()).tolist()


_BRACKETS = re.compile(r"([\[(])\s*([^,;]+?)\s*[,;]\s*([^,;]+?)\s*([\])])")
_PLAIN = re.compile(r"(.+?)\s*(?:/|\.\.|–|—)\s*(.+)")
_CLOSED = {"[]": "both", "[)": "left", "(]": "right", "()": "neither"}


def parse_intervals(texts: Sequence[str | None]) -> tuple[Any, list[int]]:
    """Read intervals.

    Read are `1/5`, `1..5`, `1–5` and `2025-01-01/2025-06-30`, to which both ends belong, and `[1, 5)`, whose brackets
    tell which end does: square ones yes, round ones no. A column has bounds of one kind, and its brackets agree: those
    of its first interval count.

    Args:
        texts: The texts; None where the interval is missing.

    Returns:
        An array of intervals, and the positions of the texts that are none (or of another kind), missing in the array.
    """
    import pandas as pd

    parts = [None if text is None else _split(text) for text in texts]
    closed = next((part[2] for part in parts if part), "both")
    bounds = [part[:2] if part and part[2] == closed else None for part in parts]
    numbers = [_numbers(pair) for pair in bounds]
    times = _times(bounds)
    # The first interval that can be read decides what the bounds of the column are.
    first = next((position for position in range(len(texts)) if numbers[position] or times[position]), None)
    pairs: list[Any] = numbers if first is None or numbers[first] else times
    unreadable = [position for position, text in enumerate(texts) if text is not None and pairs[position] is None]
    dtype = f"interval[datetime64[us], {closed}]" if pairs is times else f"interval[float64, {closed}]"
    return pd.arrays.IntervalArray.from_tuples(pairs, closed=closed, dtype=dtype), unreadable  # type: ignore[arg-type]


def _split(text: str) -> tuple[str, str, str] | None:
    text = text.strip()
    if match := _BRACKETS.fullmatch(text):
        return match[2], match[3], _CLOSED[match[1] + match[4]]
    if match := _PLAIN.fullmatch(text):
        return match[1], match[2], "both"
    return None


def _numbers(pair: tuple[str, str] | None) -> tuple[float, float] | None:
    if pair is None:
        return None
    try:
        low, high = (float(parse_number(bound)) for bound in pair)
    except (ValueError, OverflowError):
        return None
    return (low, high) if low <= high else None


def _times(pairs: Sequence[tuple[str, str] | None]) -> list[Any]:
    import pandas as pd

    texts = [bound for pair in pairs if pair for bound in pair]
    found: list[Any] = [None] * len(pairs)
    if not texts:
        return found
    array, unreadable = parse_dates(texts)
    stamps = pd.DatetimeIndex(array)
    stamps = stamps.tz_localize(None) if stamps.tz is not None else stamps
    bad = set(unreadable)
    for number, position in enumerate(position for position, pair in enumerate(pairs) if pair):
        low, high = 2 * number, 2 * number + 1
        if low not in bad and high not in bad and stamps[low] <= stamps[high]:
            found[position] = (stamps[low], stamps[high])
    return found
