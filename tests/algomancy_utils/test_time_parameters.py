"""Moments and intervals: what they accept, what they refuse and what they say then."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest

from algomancy_utils.baseparameterset import IntervalParameter, ParameterError, TimeParameter

JANUARY = datetime(2025, 1, 31)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2025-01-31", JANUARY),
        ("2025-01-31T08:30", datetime(2025, 1, 31, 8, 30)),
        ("2025-01-31T08:30:00.000001", datetime(2025, 1, 31, 8, 30, 0, 1)),
        ("2025-01-31T08:30:00Z", datetime(2025, 1, 31, 8, 30, tzinfo=UTC)),
        ("2025-01-31T08:30:00+02:00", datetime(2025, 1, 31, 8, 30, tzinfo=timezone(timedelta(hours=2)))),
        (JANUARY, JANUARY),
        (date(2025, 1, 31), JANUARY),
        (pd.Timestamp("2025-01-31"), JANUARY),
    ],
    ids=str,
)
def test_time_reads_moment(value: Any, moment: datetime) -> None:
    """A moment is read from its ISO 8601 text or from a date, and is kept as a plain one."""
    parameter = TimeParameter("at", value=value)
    assert parameter.value == moment
    assert type(parameter.value) is datetime
    assert parameter.value.utcoffset() == moment.utcoffset()


@pytest.mark.parametrize(
    "value",
    ["", "soon", "31-01-2025", "2025-02-30", "2025-01-31T25:00", 1738310400, 1.5, True, [], {}, "\ud800", pd.NaT],
    ids=lambda value: ascii(value),
)
def test_time_refuses_other_values(value: Any) -> None:
    """What is no moment is refused with the form that is expected."""
    with pytest.raises(ParameterError, match="'at' must be an ISO 8601 date or time"):
        TimeParameter("at").set_validated_value(value)


def test_unset_time_is_moment_of_construction() -> None:
    """A time that was given none stays at the moment the parameter was made."""
    before = datetime.now()
    parameter = TimeParameter("at")
    assert before <= parameter.value <= datetime.now()
    assert parameter.value == parameter.value == parameter.default


def test_unset_interval_is_this_year() -> None:
    """An interval that was given none is the year from 1 January to 31 December."""
    parameter = IntervalParameter("period")
    start, end = parameter.value
    assert (start.month, start.day, end.month, end.day) == (1, 1, 12, 31)
    assert start.year == end.year
    assert (parameter.default_start, parameter.default_end) == parameter.default == (start, end)


@pytest.mark.parametrize(
    "parameter",
    [
        IntervalParameter("p", default=("2025-01-01", "2025-02-01")),
        IntervalParameter("p", value=["2025-01-01", date(2025, 2, 1)]),
    ],
    ids=["pair", "value"],
)
def test_interval_reads_pair(parameter: IntervalParameter) -> None:
    """An interval is a pair of moments, each in any form a time takes."""
    assert parameter.value == (datetime(2025, 1, 1), datetime(2025, 2, 1))
    assert parameter.to_json_value() == ["2025-01-01T00:00:00", "2025-02-01T00:00:00"]


def test_interval_may_be_empty() -> None:
    """Start and end may coincide."""
    assert IntervalParameter("p", value=("2025-01-01", "2025-01-01")).value == (datetime(2025, 1, 1),) * 2


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["2025-02-01", "2025-01-01"], "'p' must have a start that is not after its end, got '2025-02-01T00:00:00'"),
        (["2025-01-01", "2025-02-01T00:00:00Z"], "'p' must have an offset from UTC at both ends or at neither"),
        ([datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1)], "must have an offset from UTC at both ends"),
        (["2025-01-01"], "'p' must be a pair of a start and an end"),
        (["2025-01-01"] * 3, "'p' must be a pair of a start and an end"),
        ("ab", "'p' must be a pair of a start and an end"),
        ({"start": 1, "end": 2}, "'p' must be a pair of a start and an end"),
        (["2025-01-01", None], "'p' must be a pair of a start and an end, each an ISO 8601"),
        (["2025-01-01", 5], "'p' must be a pair of a start and an end, each an ISO 8601"),
    ],
    ids=repr,
)
def test_interval_refuses_in_words(value: Any, words: str) -> None:
    """What is no interval is a parameter error, whatever its ends are."""
    parameter = IntervalParameter("p", value=("2025-01-01", "2025-02-01"))
    with pytest.raises(ParameterError) as refusal:
        parameter.set_validated_value(value)
    assert words in refusal.value.message
    assert parameter.value == (datetime(2025, 1, 1), datetime(2025, 2, 1))
