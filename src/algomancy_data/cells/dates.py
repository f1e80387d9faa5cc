"""Columns of dates and times as people write them: one order of day and month, taken from all cells together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from algomancy_data.cells.numbers import Reading

if TYPE_CHECKING:
    import pyarrow as pa

UNIT: Final = "us"
"""The resolution of times read from raw files, unless they are written to the nanosecond."""

NO_DATE = "is not a date or time: write it as 2025-03-14, 14-3-2025 or 2025-03-14 15:09"
NO_CENTURY = "has a year of two digits: write all four"
NO_DAY = "is a time of day without a date: write the date before it"
NO_YEAR = "is not a date: four digits alone are a year only where each of the column is one from 1800 to 2199"

_TIME = r"(?:(?:T|,?\s+)(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:\s*([ap])\.?m\.?)?)?"
_ZONE = r"\s*(Z|[+-]\d\d:?\d\d|[+-]\d\d)?"
_ISO = r"^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?$"
_PARTS = r"^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})"
_HEAD = r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})(?:\2(\d{{1,2}}){_TIME}{_ZONE})?", re.IGNORECASE)
_DIGITS = re.compile(rf"(\d{{4}})(\d\d)(\d\d){_TIME}{_ZONE}", re.IGNORECASE)
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_TIME}{_ZONE}", re.IGNORECASE)
_NAMED = re.compile(
    rf"(?:(\d{{1,2}})(?:\.|er|st|nd|rd|th)?[\s-]*(?:de\s+)?([^\W\d_]+)\.?,?[\s-]*(?:de\s+)?(\d{{4}})"
    rf"|([^\W\d_]+)\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})){_TIME}{_ZONE}",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\d{4}")
_TWO_DIGITS = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d\d(?:\D.*)?")
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s*[ap]m)?", re.IGNORECASE)

# English, Dutch, German, French, Spanish, Italian, Portuguese: where days come before months and commas are decimal.
_MONTH_NAMES = (
    "january januari januar janvier enero gennaio janeiro jänner",
    "february februari februar février fevrier febrero febbraio fevereiro",
    "march maart märz maerz mars marzo março marco mrt mrz mär",
    "april avril abril aprile avr abr",
    "may mei mai mayo maggio maio mag",
    "june juni juin junio giugno junho giu",
    "july juli juillet julio luglio julho lug",
    "august augustus août aout agosto aoû ago",
    "september septembre septiembre settembre setembro sept set",
    "october oktober octobre octubre ottobre outubro out ott",
    "november novembre noviembre novembro",
    "december dezember décembre decembre diciembre dicembre dezembro dic dez déc",
)
_MONTHS = {name: month for month, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
_MONTHS = {name[:3]: month for name, month in _MONTHS.items() if name[:3] not in ("jui", "mar", "mai")} | _MONTHS
_MONTHS |= {"mar": 3, "mai": 5, "ene": 1, "gen": 1, "juil": 7}


def read_dates(texts: pa.Array) -> Reading:
    """Read dates and times, which are naive, or in UTC where a text has an offset.

    Read are ISO 8601 (`2025-03-14`, `2025-03-14T15:09:26+01:00`, `2025-03`), the year first with other signs
    (`2025/3/14`, `20250314`), the year last (`14-3-2025`, `14/03/2025 15:09`, `14.3.2025`), months by name and hours of
    twelve (`3/14/2025, 3:09 PM`). With the year last the day comes first, unless the texts together can only be meant
    the other way round (`3/14/2025` among them, and no `14/3/2025`). Where a text has an offset from UTC all are in
    UTC, and those without are taken for UTC.

    Args:
        texts: The texts, distinct and none of them null.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    doubts: list[str] = []
    heads = pc.extract_regex(texts, rf"^\s*(?P<head>{_HEAD})").field("head").unique().drop_null().to_pylist()
    month_first = _month_comes_first(heads, doubts)
    day, month = (2, 1) if month_first else (1, 2)
    iso = pc.replace_substring_regex(texts, _PARTS, rf"\3-0\{month}-0\{day}") if heads else texts
    iso = pc.replace_substring_regex(iso, r"-0([0-9]{2})", r"-\1") if heads else iso
    # Arrow knows a year 0000, and nobody else does.
    if not pc.any(pc.or_(pc.invert(pc.match_substring_regex(iso, _ISO)), pc.starts_with(iso, "0000"))).as_py():
        try:
            return Reading(pc.cast(iso, pa.timestamp(UNIT)), {}, doubts)
        except pa.ArrowInvalid:
            pass
    return _read_each([text.strip() for text in texts.to_pylist()], month_first, doubts)


def _read_each(texts: list[str], month_first: bool, doubts: list[str]) -> Reading:
    import numpy as np
    import pyarrow as pa

    dates = Reading(None, {}, doubts)
    years = [text for text in texts if _YEAR.fullmatch(text)]
    may_be_years = all("1800" <= year < "2200" for year in years)
    if years and may_be_years:
        dates.remarks.append(f"A year alone, such as '{years[0]}', is read as its first day.")
    read: list[_Time | None] = []
    for position, text in enumerate(texts):
        try:
            if _YEAR.fullmatch(text):
                read.append(_Time(datetime(int(text), 1, 1)) if may_be_years else _refuse(NO_YEAR))
            else:
                read.append(_read_one(text, month_first))
        except ValueError as error:
            read.append(None)
            problem = str(error)
            dates.problems[position] = problem if problem in (NO_DAY, NO_YEAR, NO_CENTURY) else NO_DATE
    found = [time for time in read if time is not None]
    if any(time.named for time in found):
        dates.remarks.append("Months are read by their names.")
    if any(time.midnight for time in found):
        dates.remarks.append("24:00 is read as midnight, when the next day begins.")
    aware = any(time.offset is not None for time in found)
    if aware and any(time.offset is None for time in found):
        dates.doubts.append("Some times have an offset from UTC: those without are taken for UTC.")
    fine = any(time.nanoseconds for time in found)
    unit = "ns" if fine else UNIT
    steps = np.array([None if time is None else time.utc for time in read], dtype="datetime64[us]")
    if fine:
        near = (steps > np.datetime64("1677-09-22")) & (steps < np.datetime64("2262-04-11"))
        for position in np.flatnonzero(~near & ~np.isnat(steps)).tolist():
            dates.problems[position] = "is too far from now for times written to the nanosecond"
        extra = np.array([0 if time is None else time.nanoseconds for time in read], dtype="timedelta64[ns]")
        steps = np.where(near, steps, np.datetime64("NaT", "us")).astype("datetime64[ns]") + extra
    values = pa.array(steps)
    dates.values = values.cast(pa.timestamp(unit, "UTC" if aware else None))
    return dates


@dataclass
class _Time:
    local: datetime
    offset: timedelta | None = None
    nanoseconds: int = 0
    named: bool = False
    midnight: bool = False

    @property
    def utc(self) -> datetime:
        return self.local if self.offset is None else self.local - self.offset


def _read_one(text: str, month_first: bool) -> _Time:
    named = False
    if match := _YEAR_FIRST.fullmatch(text):
        year, _, month, day, *rest = match.groups()
    elif match := _DIGITS.fullmatch(text):
        year, month, day, *rest = match.groups()
    elif match := _YEAR_LAST.fullmatch(text):
        day, _, month, year, *rest = match.groups()
        if month_first:
            day, month = month, day
    elif match := _NAMED.fullmatch(text):
        first, name, year, other_name, other_day, other_year, *rest = match.groups()
        month_number = _MONTHS.get((name or other_name).lower())
        if month_number is None:
            raise ValueError(NO_DATE)
        day, month, year, named = first or other_day, str(month_number), year or other_year, True
    else:
        raise ValueError(
            NO_DAY if _TIME_OF_DAY.fullmatch(text) else NO_CENTURY if _TWO_DIGITS.fullmatch(text) else NO_DATE
        )
    hour, minute, second, fraction, half, zone = rest
    if half:
        if not 1 <= int(hour) <= 12:
            raise ValueError(NO_DATE)
        hour = str(int(hour) % 12 + (12 if half in "pP" else 0))
    digits = (fraction or "").ljust(9, "0")
    midnight = hour == "24" and int(minute) == 0 and int(second or 0) == 0 and int(digits) == 0
    time = datetime(
        int(year), int(month or 1), int(day or 1), 0 if midnight else int(hour or 0), int(minute or 0),
        int(second or 0), int(digits[:6]),
    )  # fmt: skip
    if midnight:
        time += timedelta(days=1)
    return _Time(time, _offset(zone if hour else None), int(digits[6:]), named, midnight)


def _offset(zone: str | None) -> timedelta | None:
    if not zone:
        return None
    if zone in "Zz":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[3:].removeprefix(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(NO_DATE)
    return timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)


def _month_comes_first(heads: list[str], doubts: list[str]) -> bool:
    """Tell whether dates with the year last can only be meant month first."""
    found = [match for match in map(_YEAR_LAST.fullmatch, heads) if match]
    day_first = any(int(match[1]) > 12 for match in found)
    month_first = any(int(match[3]) > 12 for match in found)
    if not day_first and not month_first:
        # With points it is always the day that comes first.
        doubtful = next((match[0] for match in found if match[2] != "." and int(match[1]) != int(match[3])), None)
        if doubtful is not None:
            doubts.append(f"'{doubtful}' and the like may be read in two ways: the day is taken to come first.")
    return month_first and not day_first


def _refuse(problem: str) -> Any:  # noqa: ANN401 - never returns
    raise ValueError(problem)
