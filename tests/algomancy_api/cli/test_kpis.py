"""Which of several scenarios is better, KPI by KPI."""

from __future__ import annotations

import pytest

from algomancy_api.cli.output import better, difference, goal, number, verdict
from algomancy_api.schemas import BetterWhen, Kpi


def kpi(direction: str, value: float | None, threshold: float | None = 10.0) -> Kpi:
    """A KPI with this value."""
    return Kpi(name="x", better_when=BetterWhen(direction), unit=None, value=value, threshold=threshold)


@pytest.mark.parametrize(
    ("direction", "values", "best"),
    [
        ("HIGHER", [1, 3, 2], {1}),
        ("LOWER", [1, 3, 2], {0}),
        ("LOWER", [1, 3, 1], {0, 2}),
        ("LOWER", [2, 2], set()),
        ("LOWER", [None, 3, 2], {2}),
        ("LOWER", [None, 3], set()),
        ("LOWER", [None, None], set()),
        ("AT_LEAST", [9, 11, 99], {1, 2}),
        ("AT_LEAST", [11, 99], set()),
        ("AT_LEAST", [3, 9], {1}),
        ("AT_MOST", [9, 11, 99], {0}),
        ("AT_MOST", [1, 9], set()),
        ("AT_MOST", [99, 11], {1}),
    ],
)
def test_better_follows_the_direction(direction: str, values: list[float | None], best: set[int]) -> None:
    """The best are marked, none where all are equal; beyond a threshold all are equally good."""
    assert better([kpi(direction, value) for value in values]) == best


def test_better_bears_kpis_that_are_missing() -> None:
    """A scenario without the KPI, or a threshold that is not set, is no obstacle."""
    assert better([None, kpi("LOWER", 1), kpi("LOWER", 2)]) == {1}
    assert better([kpi("AT_LEAST", 1, None), kpi("AT_LEAST", 2, None)]) == {1}


@pytest.mark.parametrize(
    ("direction", "value", "words", "result"),
    [
        ("HIGHER", 11, "higher", ""),
        ("LOWER", 11, "lower", ""),
        ("AT_LEAST", 10, "at least 10.00", "met"),
        ("AT_LEAST", 9, "at least 10.00", "missed"),
        ("AT_MOST", 10, "at most 10.00", "met"),
        ("AT_MOST", 11, "at most 10.00", "missed"),
        ("AT_MOST", None, "at most 10.00", ""),
    ],
)
def test_goal_and_verdict_are_told_in_words(direction: str, value: float | None, words: str, result: str) -> None:
    """What is good is told, and whether a threshold is kept."""
    assert (goal(kpi(direction, value)), verdict(kpi(direction, value))) == (words, result)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0.00"), (1234567.891, "1,234,567.89"), (-1.5, "-1.50"), (0.00042, "4.20e-04")],
)
def test_number_is_short_and_aligned(value: float | None, text: str) -> None:
    """Two decimals, more for what would be shown as nothing."""
    assert number(value) == text


@pytest.mark.parametrize(
    ("base", "value", "percents"),
    [(200, 100, -50), (-200, -100, 50), (100, 100, 0), (0, 1, None), (None, 1, None), (1, None, None)],
)
def test_difference_is_told_in_per_cent(base: float | None, value: float | None, percents: float | None) -> None:
    """It is positive where the value is higher, and not told where there is nothing to compare with."""
    assert difference(base, value) == percents
