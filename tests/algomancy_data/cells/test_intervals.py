"""Columns of intervals as people write them."""

from __future__ import annotations

import math

import pandas as pd
import pyarrow as pa
import pytest

from algomancy_data.cells.intervals import read_intervals
from algomancy_data.cells.numbers import Reading


def _read(*texts: str) -> Reading:
    return read_intervals(pa.array(texts, pa.large_string()))


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("1/5", pd.Interval(1.0, 5.0, "both")),
        ("[0.0, inf)", pd.Interval(0.0, math.inf, "left")),
        ("(-∞; ∞)", pd.Interval(-math.inf, math.inf, "neither")),
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
    read = _read(text)
    assert read.problems == {}
    assert read.values[0] == interval


@pytest.mark.parametrize(
    "text", ["x", "5/1", "1", "2025-06-30/2025-01-01", "[1, 5)", "2025-01-01/2025-01-02", "1/x", "now/today",
             "inf/inf", "-inf/-∞", "2025-01-01/inf", "1/1e999"],
)  # fmt: skip
def test_interval_that_is_none_or_of_another_kind_is_told(text: str) -> None:
    """What is no interval, or unlike the first of the column in bounds or brackets, is told by place."""
    read = _read("1/5", text, "2/3")
    assert list(read.problems) == [1]
    assert read.values.isna().tolist() == [False, True, False]


def test_interval_column_may_be_empty() -> None:
    """Columns without any interval keep a type of intervals."""
    for texts in ((), ("x",)):
        assert isinstance(_read(*texts).values.dtype, pd.IntervalDtype)


def test_interval_bounds_have_one_convention() -> None:
    """Thousands and decimals of the bounds are told by the whole column, and so is the order of day and month."""
    read = _read("2.000/1.000.000", "1..0,5", "3.000 – 4.000")
    assert list(read.problems) == [1]
    assert [read.values[0].left, read.values[2].right] == [2000, 4000]
    assert read.doubts == []
    assert _read("1/2/2025..2/13/2025").values[0].left == pd.Timestamp("2025-01-02")
    assert _read("2.000..3.000").doubts[0].startswith("'2.000' and the like may be read in two ways")
