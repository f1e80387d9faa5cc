"""Dates and times as people write them."""

from __future__ import annotations

import pandas as pd
import pytest

from algomancy_data.cells.dates import parse_dates

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
