"""Columns of dates and times as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

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
