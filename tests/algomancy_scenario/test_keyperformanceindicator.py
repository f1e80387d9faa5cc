"""KPIs: values, thresholds, words."""

from __future__ import annotations

from typing import Any

import pytest
from scenario_project import COUNT, AnswerKPI

from algomancy_scenario import BaseKPI, ImprovementDirection, KpiError
from algomancy_utils import QUANTITIES, BaseMeasurement


class Fixed(BaseKPI):
    """Gives what it is told."""

    def compute(self, result: Any) -> Any:
        return result


def kpi(direction: str = "HIGHER", threshold: Any = None, unit: BaseMeasurement = COUNT) -> Fixed:
    """A KPI of one direction."""
    return Fixed("Cost", ImprovementDirection(direction), unit, threshold)


@pytest.mark.parametrize(
    ("direction", "threshold", "value", "success"),
    [
        ("HIGHER", None, 5, None),
        ("LOWER", None, 5, None),
        ("HIGHER", 5, 5, True),
        ("LOWER", 5, 6, False),
        ("AT_LEAST", 5, 5, True),
        ("AT_LEAST", 5, 4.9, False),
        ("AT_MOST", 5, 5, True),
        ("AT_MOST", 5, 5.1, False),
    ],
)
def test_kpi_success_follows_its_threshold(
    direction: str, threshold: float | None, value: float, success: bool | None
) -> None:
    """Without value or threshold there is no verdict; the threshold itself counts as reached."""
    measured = kpi(direction, threshold)
    assert measured.success is None
    measured.compute_and_check(value)
    assert measured.success is success


def test_kpi_object_has_the_documented_members() -> None:
    """`to_dict` has name, direction, unit, value and threshold."""
    measured = kpi("AT_MOST", 3, BaseMeasurement(QUANTITIES["length"]["m"]))
    assert measured.to_dict() == {
        "name": "Cost",
        "better_when": "AT_MOST",
        "unit": "m",
        "value": None,
        "threshold": 3,
    }
    measured.compute_and_check(1500)
    assert measured.to_dict()["value"] == 1500


def test_kpi_is_shown_with_a_unit_that_suits_it() -> None:
    """`pretty` scales the value; without one it says so."""
    measured = kpi(unit=BaseMeasurement(QUANTITIES["length"]["m"]))
    assert measured.pretty() == "n/a"
    measured.compute_and_check(1500)
    assert measured.pretty() == "1.50 km"


@pytest.mark.parametrize("value", [None, "many", [1], float("nan"), float("inf")], ids=repr)
def test_kpi_value_that_is_no_finite_number_is_refused(value: Any) -> None:
    """The message names the KPI; no value is kept."""
    measured = kpi()
    with pytest.raises(KpiError, match="'Cost'"):
        measured.compute_and_check(value)
    assert measured.value is None


@pytest.mark.parametrize(
    ("direction", "threshold"), [("AT_MOST", None), ("AT_LEAST", None), ("LOWER", float("nan")), ("LOWER", "5")]
)
def test_kpi_without_a_usable_threshold_cannot_be_made(direction: str, threshold: Any) -> None:
    """A direction that needs a threshold has to have one, and it must be a finite number."""
    with pytest.raises(KpiError, match="threshold"):
        kpi(direction, threshold)


def test_kpi_instances_share_nothing() -> None:
    """A value belongs to one instance."""
    one, two = AnswerKPI(), AnswerKPI()
    one.value = 3
    assert two.value is None
