"""Dates and times as people write them."""

from __future__ import annotations

import pandas as pd
import pytest

from algomancy_data.cells.dates import parse_dates, parse_intervals

READ: dict[str, tuple[list[str], list[str]]] = {
    "iso": (["2025-03-14", "2025-03-14T15:09", "2025-03-14 15:09:26.5"],
            ["2025-03-14", "2025-03-14 15:09", "2025-03-14 15:09:26.5"]),
    "iso_month": (["2025-03", "2025"], ["2025-03-01", "2025-01-01"]),
    "compact": (["20250314"], ["2025-03-14"]),
    "year_first": (["2025/3/4", "2025.12.31 1:02:03"], ["2025-03-04", "2025-12-31 01:02:03"]),
    "year_last": (["14-3-2025", "1/2/2025 15:09", "01.02.2025 15:09:26,123456"],
                  ["2025-03-14", "2025-02-01 15:09", "2025-02-01 15:09:26.123456"]),
    "month_first": (["3/14/2025", "1/2/2025"], ["2025-03-14", "2025-01-02"]),
    "day_first_when_both": (["14/3/2025", "1/2/2025"], ["2025-03-14", "2025-02-01"]),
    "mixed": (["14-3-2025", "20250314", "2025/3/14", "2025-03-14"], ["2025-03-14"] * 4),
    "early": (["0001-01-01", "9999-12-31"], ["0001-01-01", "9999-12-31"]),
    "spaces": ([" 2025-03-14 "], ["2025-03-14"]),
    "none": ([], []),
}  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), READ.values(), ids=READ)
def test_dates_are_read_as_people_write_them(texts: list[str], expected: list[str]) -> None:
    """Dates of the usual forms are read, at a resolution of microseconds."""
    array, unreadable = parse_dates(texts)
    assert unreadable == []
    assert array.dtype == "datetime64[us]"
    assert list(array) == [pd.Timestamp(text).as_unit("us") for text in expected]


def test_dates_with_offset_are_brought_to_utc() -> None:
    """Where a time has an offset all are in UTC, and those without are taken for UTC."""
    array, unreadable = parse_dates(["2025-03-14T15:09:26+01:00", "2025-03-14T15:09:26Z", "2025-01-01", "no"])
    assert unreadable == [3]
    assert str(array.dtype) == "datetime64[us, UTC]"
    assert [str(each) for each in array[:3]] == [
        "2025-03-14 14:09:26+00:00", "2025-03-14 15:09:26+00:00", "2025-01-01 00:00:00+00:00",
    ]  # fmt: skip
    array, unreadable = parse_dates(["2025-03-14T15:09:26+01:00"] * 2)
    assert unreadable == []
    assert str(array.dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize(
    "text", ["x", "31-2-2025", "2025-13-01", "14/3/25", "now", "today", "2025-01-01T25:00", "12345678901", "3/14/2025"]
)
def test_dates_that_are_none_are_told(text: str) -> None:
    """A text that is no date is NaT, and its place is told; the others are read."""
    array, unreadable = parse_dates(["15/1/2025", text, "16/1/2025"])
    assert unreadable == [1]
    assert array.isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("1/5", pd.Interval(1.0, 5.0, "both")),
        ("1..5", pd.Interval(1.0, 5.0, "both")),
        ("1–5", pd.Interval(1.0, 5.0, "both")),
        ("1,5/2,5", pd.Interval(1.5, 2.5, "both")),
        ("-2..-1", pd.Interval(-2.0, -1.0, "both")),
        ("[1, 5]", pd.Interval(1.0, 5.0, "both")),
        ("[1; 5)", pd.Interval(1.0, 5.0, "left")),
        ("(1, 5]", pd.Interval(1.0, 5.0, "right")),
        ("(1, 5)", pd.Interval(1.0, 5.0, "neither")),
        ("2025-01-01/2025-06-30", pd.Interval(pd.Timestamp("2025-01-01"), pd.Timestamp("2025-06-30"), "both")),
        ("1-2-2025 / 3-2-2025", pd.Interval(pd.Timestamp("2025-02-01"), pd.Timestamp("2025-02-03"), "both")),
    ],
)  # fmt: skip
def test_interval_is_read(text: str, interval: pd.Interval) -> None:
    """Numbers and dates with the usual signs between them are read; brackets tell which end belongs."""
    array, unreadable = parse_intervals([None, text])
    assert unreadable == []
    assert array[1] == interval
    assert array.isna().tolist() == [True, False]


@pytest.mark.parametrize("text", ["x", "5/1", "1", "2025-06-30/2025-01-01", "[1, 5)", "2025-01-01/2025-01-02", "1/x"])
def test_interval_that_is_none_or_of_another_kind_is_told(text: str) -> None:
    """What is no interval, or unlike the first of the column in bounds or brackets, is told by place."""
    array, unreadable = parse_intervals(["1/5", text, "2/3"])
    assert unreadable == [1]
    assert array.isna().tolist() == [False, True, False]


def test_interval_column_may_be_empty() -> None:
    """Columns without any interval keep a type of intervals."""
    for texts in ([], [None], ["x"]):
        assert isinstance(parse_intervals(texts)[0].dtype, pd.IntervalDtype)
