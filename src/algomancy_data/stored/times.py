"""Whole columns of times and durations from and to ISO 8601 text, exactly, whatever their resolution."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from algomancy_data.encoding import duration_text

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""Steps in a second at each resolution."""

_DATE = r"\d{4}-\d\d-\d\d"
_TIME = r"[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?"
_OFFSET = r"(?:Z|[+-]\d\d(?::?\d\d)?)"
_NAIVE = re.compile(rf"{_DATE}(?:{_TIME})?")
_AWARE = re.compile(rf"{_DATE}{_TIME}{_OFFSET}")
# What `time_texts` makes of years that a Python datetime does not know.
_FAR = re.compile(r"(?:\d{5,}|-\d{3,})-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?")
_DURATION = re.compile(r"P(-?\d{1,19})DT(\d{1,19})H(\d{1,19})M(\d{1,19})(?:\.(\d{1,9}))?S")

# Seconds since 1970 of the first and last day that orjson writes.
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_214_399


def time_texts(values: np.ndarray[Any, Any], unit: str) -> list[str | None]:
    """Write naive times as `YYYY-MM-DDTHH:MM:SS`, with a fraction of six or nine digits where there is one.

    Args:
        values: A `datetime64` array.
        unit: Its resolution.
    """
    import numpy as np

    missing = np.isnat(values)
    any_missing = bool(missing.any())
    if any_missing:
        values = np.where(missing, np.zeros(1, dtype=values.dtype), values)
    steps, per_second = values.view("int64"), PER_SECOND[unit]
    ordinary = not len(steps) or (
        int(steps.min()) >= _FIRST_SECOND * per_second and int(steps.max()) <= _LAST_SECOND * per_second
    )
    if ordinary:
        texts = orjson.loads(orjson.dumps(values.astype("datetime64[us]"), option=orjson.OPT_SERIALIZE_NUMPY))
    else:
        texts = np.datetime_as_string(values, unit="s").tolist()
    if not ordinary or unit == "ns":
        _write_fractions(texts, values, steps % per_second, unit, ordinary)
    if any_missing:
        for position in np.flatnonzero(missing).tolist():
            texts[position] = None
    return texts  # type: ignore[no-any-return]


def _write_fractions(
    texts: list[str], values: np.ndarray[Any, Any], fractions: np.ndarray[Any, Any], unit: str, ordinary: bool
) -> None:
    import numpy as np

    # The ordinary way loses only what is finer than a microsecond.
    unwritten = fractions % 1_000 != 0 if ordinary else fractions != 0
    for position in np.flatnonzero(unwritten).tolist():
        fine = unit == "ns" and int(fractions[position]) % 1_000 != 0
        texts[position] = str(np.datetime_as_string(values[position], unit="ns" if fine else "us"))


def aware_time_texts(times: Any, unit: str) -> list[str | None]:  # noqa: ANN401 - an extension array of pandas
    """Write times with a time zone as local time and offset: `2025-07-01T12:00:00+02:00`.

    Args:
        times: A pandas `DatetimeArray` with a time zone.
        unit: Its resolution.
    """
    import numpy as np

    utc = times.tz_convert("UTC").tz_localize(None).to_numpy()
    local = times.tz_localize(None).to_numpy()
    offsets = (local - utc).view("int64") // PER_SECOND[unit]
    # An offset of odd seconds (local mean time, before time zones) is no ISO 8601: UTC says the same moment.
    odd = offsets % 60 != 0
    local = np.where(odd, utc, local)
    texts = time_texts(local, unit)
    suffixes: dict[int, str] = {}
    for position, offset in enumerate(np.where(odd, 0, offsets).tolist()):
        text = texts[position]
        if text is not None:
            if offset not in suffixes:
                hours, minutes = divmod(abs(offset) // 60, 60)
                suffixes[offset] = f"{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"
            texts[position] = text + suffixes[offset]
    return texts


def parse_times(texts: Sequence[str | None], unit: str, time_zone: str | None) -> pd.DatetimeIndex:
    """Read ISO 8601 times: with an offset precisely when there is a time zone.

    Args:
        texts: The texts; None stands for a missing time.
        unit: The resolution wanted.
        time_zone: The time zone wanted, or None for naive times.

    Raises:
        ValueError: A text is no such time, lies outside the range of the resolution or is finer than it.
    """
    import pandas as pd

    pattern = _AWARE if time_zone else _NAIVE
    far = False
    for text in set(texts):
        if text is not None and not pattern.fullmatch(text):
            if time_zone or not _FAR.fullmatch(text):
                offset = "a time with its offset, such as" if time_zone else "a time without offset, such as"
                example = "2025-07-01T12:00:00+02:00" if time_zone else "2025-07-01T12:00:00"
                raise ValueError(f"'{text[:50]}' is not {offset} {example}")
            far = True
    if far:
        return _parse_far_times(texts, unit)
    sequence: Any = list(texts)
    resolution: Any = unit
    exact: pd.DatetimeIndex
    try:
        times = pd.to_datetime(sequence, format="ISO8601", utc=time_zone is not None)
        exact = times.as_unit(resolution)
    except (ValueError, OverflowError):
        raise ValueError(
            f"a value is not a time of the calendar, or outside the range of resolution '{unit}'"
        ) from None
    if not times.equals(exact.as_unit(times.unit)):
        raise ValueError(f"a value is finer than resolution '{unit}'")
    if time_zone:
        exact = exact.tz_convert(time_zone)
    return exact


def _parse_far_times(texts: Sequence[str | None], unit: str) -> pd.DatetimeIndex:
    import numpy as np
    import pandas as pd

    try:
        missing = np.datetime64("NaT", "s")
        fine = [missing if text is None else np.datetime64(text.replace(" ", "T")) for text in texts]
        values = np.array(fine, dtype=f"datetime64[{unit}]")
    except (ValueError, OverflowError):
        raise ValueError(
            f"a value is not a time of the calendar, or outside the range of resolution '{unit}'"
        ) from None
    again = time_texts(values, unit)
    if any(
        text is not None and _FAR.fullmatch(text) and text != other for text, other in zip(texts, again, strict=True)
    ):
        raise ValueError(f"a value is outside the range of resolution '{unit}' or finer than it")
    return pd.DatetimeIndex(values)


def duration_texts(values: np.ndarray[Any, Any], unit: str) -> list[str | None]:
    """Write durations as ISO 8601; see `duration_text`.

    Args:
        values: A `timedelta64` array.
        unit: Its resolution.
    """
    import numpy as np

    steps, missing = values.view("int64").tolist(), np.isnat(values).tolist()
    return [None if no else duration_text(each, PER_SECOND[unit]) for each, no in zip(steps, missing, strict=True)]


def parse_durations(texts: Sequence[str | None], unit: str) -> np.ndarray[Any, Any]:
    """Read durations in the form `duration_texts` writes.

    Raises:
        ValueError: A text is no such duration, lies outside the range of the resolution or is finer than it.
    """
    import numpy as np

    per_second = PER_SECOND[unit]
    steps: list[int] = []
    for text in texts:
        if text is None:
            steps.append(-(2**63))
            continue
        match = _DURATION.fullmatch(text)
        if match is None:
            raise ValueError(f"'{text[:50]}' is not a duration such as P1DT2H3M4.5S")
        days, hours, minutes, seconds = (int(part) for part in match.groups()[:4])
        nanoseconds = int((match[5] or "0").ljust(9, "0"))
        whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        step, rest = divmod(nanoseconds * per_second, 10**9)
        total = whole * per_second + step
        if rest or abs(total) >= 2**63:
            raise ValueError(f"'{text[:50]}' is outside the range of resolution '{unit}' or finer than it")
        steps.append(total)
    return np.array(steps, dtype="int64").view(f"timedelta64[{unit}]")
