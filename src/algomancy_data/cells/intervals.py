"""Columns of intervals as text: two numbers, or two times, in one cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from algomancy_data.cells.dates import parse_dates
from algomancy_data.cells.numbers import parse_number

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
