"""Dates and times as people write them."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from algomancy_data.cells.dates import NO_CENTURY, NO_DATE, NO_DAY, NO_YEAR, read_dates
from algomancy_data.cells.numbers import Reading


def _read(*texts: str) -> Reading:
    return read_dates(pa.array(texts, pa.large_string()))


READ: dict[str, tuple[list[str], list[str]]] = {
    "iso": (["2025-03-14", "2025-03-14T15:09", "2025-03-14 15:09:26.5"],
            ["2025-03-14", "2025-03-14 15:09", "2025-03-14 15:09:26.5"]),
    "iso_month": (["2025-03", "2025"], ["2025-03-01", "2025-01-01"]),
    "month_with_point": (["2025.10"], ["2025-10-01"]),
    "compact": (["20250314"], ["2025-03-14"]),
    "year_first": (["2025/3/4", "2025.12.31 1:02:03"], ["2025-03-04", "2025-12-31 01:02:03"]),
    "year_last": (["14-3-2025", "1/2/2025 15:09", "01.02.2025 15:09:26,123456"],
                  ["2025-03-14", "2025-02-01 15:09", "2025-02-01 15:09:26.123456"]),
    "month_first": (["3/14/2025", "1/2/2025"], ["2025-03-14", "2025-01-02"]),
    "day_first_when_both": (["14/3/2025", "1/2/2025"], ["2025-03-14", "2025-02-01"]),
    "mixed": (["14-3-2025", "20250314", "2025/3/14", "2025-03-14"], ["2025-03-14"] * 4),
    "early": (["0001-01-01", "9999-12-31"], ["0001-01-01", "9999-12-31"]),
    "spaces": ([" 2025-03-14 "], ["2025-03-14"]),
    "end_of_day": (["2025-03-14 24:00", "2024-12-31T24:00:00"], ["2025-03-15", "2025-01-01"]),
    "english": (["14 March 2025", "Mar 14, 2025", "14-Mar-2025 15:09"],
                ["2025-03-14", "2025-03-14", "2025-03-14 15:09"]),
    "dutch": (["14 maart 2025", "14 mrt 2025", "1 mei 2025", "1 okt. 2025"],
              ["2025-03-14", "2025-03-14", "2025-05-01", "2025-10-01"]),
    "german": (["14. März 2025", "1. Mai 2025", "24. Dez. 2025"], ["2025-03-14", "2025-05-01", "2025-12-24"]),
    "french": (["1er février 2025", "14 août 2025", "3 juil. 2025", "3 juin 2025"],
               ["2025-02-01", "2025-08-14", "2025-07-03", "2025-06-03"]),
    "spanish": (["14 de marzo de 2025", "1 enero 2025"], ["2025-03-14", "2025-01-01"]),
    "italian": (["2 giugno 2025", "2 luglio 2025", "8 mag 2025"], ["2025-06-02", "2025-07-02", "2025-05-08"]),
    "portuguese": (["25 de abril de 2025", "1 dezembro 2025"], ["2025-04-25", "2025-12-01"]),
    "twelve_hours": (["3/14/2025 8:30 PM", "3/14/2025, 12:00:05 AM", "3/14/2025 12:30\u202fp.m."],
                     ["2025-03-14 20:30", "2025-03-14 00:00:05", "2025-03-14 12:30"]),
    "none": ([], []),
}  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), READ.values(), ids=READ)
def test_dates_are_read_as_people_write_them(texts: list[str], expected: list[str]) -> None:
    """Dates of the usual forms are read, at a resolution of microseconds."""
    dates = _read(*texts)
    assert dates.problems == {}
    assert dates.values.type == pa.timestamp("us")
    assert dates.values.to_pylist() == [pd.Timestamp(text).to_pydatetime() for text in expected]


def test_dates_with_offset_are_brought_to_utc() -> None:
    """Where a time has an offset all are in UTC, and those without are taken for UTC, which is said."""
    dates = _read("2025-03-14T15:09:26+01:00", "2025-03-14T15:09:26Z", "2025-01-01", "no")
    assert dates.problems == {3: NO_DATE}
    assert dates.values.type == pa.timestamp("us", "UTC")
    assert [str(each) for each in dates.values.to_pylist()[:3]] == [
        "2025-03-14 14:09:26+00:00", "2025-03-14 15:09:26+00:00", "2025-01-01 00:00:00+00:00",
    ]  # fmt: skip
    assert dates.doubts == ["Some times have an offset from UTC: those without are taken for UTC."]
    assert _read("2025-03-14T15:09:26+0100", "2025-03-14 15:09-01").doubts == []


def test_dates_written_to_the_nanosecond_keep_it() -> None:
    """No digit of a time is dropped; the column then has that resolution, or the time is refused."""
    dates = _read("2025-01-01T00:00:00.123456789", "2025-01-01")
    assert dates.values.type == pa.timestamp("ns")
    assert str(dates.values.to_pandas()[0]) == "2025-01-01 00:00:00.123456789"
    assert _read("2025-01-01T00:00:00.123456789", "1600-01-01").problems == {
        1: "is too far from now for times written to the nanosecond"
    }
    assert _read("2025-01-01T00:00:00.123456000", "1600-01-01").values.type == pa.timestamp("us")


NONE = {
    "x": NO_DATE, "31-2-2025": NO_DATE, "2025-13-01": NO_DATE, "2025-02-29": NO_DATE, "14/3/25": NO_CENTURY,
    "1-2-25 8:30": NO_CENTURY, "14/3/2025 13:00 PM": NO_DATE, "14/3/2025 0:30 am": NO_DATE,
    "now": NO_DATE, "today": NO_DATE, "NOW": NO_DATE, "2025-01-01T25:00": NO_DATE, "2025-01-01T24:01": NO_DATE,
    "12345678901": NO_DATE, "3/14/2025": NO_DATE, "-2025-01-01": NO_DATE, "-2025": NO_DATE, "0000-01-01": NO_DATE,
    "14 foo 2025": NO_DATE, "31 juni 2025": NO_DATE, "08:30": NO_DAY, "8:30 PM": NO_DAY, "23:59:59.5": NO_DAY,
    "0800": NO_YEAR, "1430": NO_YEAR,
}  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), NONE.items())
def test_dates_that_are_none_are_told(text: str, problem: str) -> None:
    """A text that is no date is missing, and why is told; the others are read."""
    dates = _read("15/1/2025", text, "16/1/2025")
    assert dates.problems == {1: problem}
    assert [value is None for value in dates.values.to_pylist()] == [False, True, False]


def test_dates_of_four_digits_are_years_only_where_all_can_be() -> None:
    """Times of day written without a colon do not become years, not even those that could be."""
    assert _read("2025", "1999").remarks == ["A year alone, such as '2025', is read as its first day."]
    assert _read("0800", "1430", "1999").problems == dict.fromkeys(range(3), NO_YEAR)


def test_dates_that_allow_two_orders_are_told() -> None:
    """Where nothing tells day from month the day is taken to come first, and that is said; with points it is known."""
    for text in ("1/2/2025", "1-2-2025 10:00"):
        dates = _read(text)
        assert dates.values.to_pylist()[0].month == 2
        assert [text.split()[0] in doubt for doubt in dates.doubts] == [True]
    for texts in (("1.2.2025",), ("3/3/2025",), ("1/2/2025", "13/2/2025"), ("1/2/2025", "2/13/2025")):
        assert _read(*texts).doubts == []


def test_dates_read_in_an_unusual_way_are_remarked() -> None:
    """Month names and 24:00 are read, and said."""
    assert _read("14 mrt 2025").remarks == ["Months are read by their names."]
    assert _read("2025-03-14 24:00").remarks == ["24:00 is read as midnight, when the next day begins."]
