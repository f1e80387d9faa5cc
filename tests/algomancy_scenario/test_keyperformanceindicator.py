"""KPIs: values, thresholds, words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from algomancy_scenario import BaseKPI, ImprovementDirection, KpiError
from algomancy_utils import QUANTITIES, BaseMeasurement, Measurement
from tests.algomancy_scenario.scenario_project import COUNT, AnswerKPI


class Fixed(BaseKPI):
    """Gives what it is told."""

    def compute(self, result: Any) -> Any:
        return result


def kpi(direction: str = "HIGHER", threshold: Any = None, unit: BaseMeasurement = COUNT) -> Fixed:
    """A KPI of one direction."""
    return Fixed("Cost", ImprovementDirection(direction), unit, threshold)


@pytest.mark.parametrize(
    ("direction", "threshold", "value", "success"),
    [("at_least", 5, 5, True), ("at_least", 5, 4.9, False), ("at_most", 0, 0, True), ("AT_MOST", 5, 5.1, False)],
)
def test_binary_kpi_is_met_or_missed(direction: str, threshold: float, value: float, success: bool) -> None:
    """Without a value there is no verdict; the threshold itself counts as reached; a mark is all that is shown."""
    measured = kpi(direction, threshold)
    assert measured.is_binary_kpi
    assert (measured.success, measured.pretty()) == (None, "n/a")
    measured.compute_and_check(value)
    assert (measured.success, measured.pretty()) == (success, "✓" if success else "✗")


@pytest.mark.parametrize(("direction", "threshold"), [("higher", None), ("lower", 5), ("at_most", None)])
def test_kpi_that_is_not_binary_is_neither_met_nor_missed(direction: str, threshold: float | None) -> None:
    """Who asks whether it was met is told that it cannot be."""
    measured = kpi(direction, threshold)
    measured.compute_and_check(3)
    with pytest.raises(ValueError, match="'Cost'"):
        _ = measured.success
    if threshold is None:
        with pytest.raises(ValueError, match="no threshold"):
            measured.get_threshold_str()


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
    assert measured.measurement.value == Measurement.INITIAL_VALUE
    measured.compute_and_check(1500)
    assert (measured.pretty(), measured.details(), measured.get_pretty_unit().symbol) == ("1.50 km", "1.50 km", "km")
    metres = QUANTITIES["length"]["m"]
    assert (measured.pretty(metres), measured.details(metres)) == ("1500.00 m", "1500.00 m")
    limited = kpi("at_most", 1234.5, BaseMeasurement(metres))
    assert (limited.get_threshold_str(), limited.get_threshold_str(metres)) == ("1.23 km", "1234.50 m")
    assert f"{measured}" == measured.pretty()


def test_kpi_may_have_attributes_of_its_own() -> None:
    """What a subclass keeps under a name that the base might use as well changes nothing."""
    measured = kpi("HIGHER")
    measured.threshold = 7  # type: ignore[attr-defined]
    measured.base_measurement = None  # type: ignore[attr-defined]
    measured.compute_and_check(3)
    assert measured.to_dict() | {"name": ""} == kpi("HIGHER").to_dict() | {"name": "", "value": 3}
    assert measured.pretty() == "3.00 "


@pytest.mark.parametrize("value", [None, "many", "5", [1], 3 + 2j, float("nan"), float("inf")], ids=repr)
def test_kpi_value_that_is_no_finite_number_is_refused(value: Any) -> None:
    """The message names the KPI; no value is kept."""
    measured = kpi()
    with pytest.raises(KpiError, match="'Cost'"):
        measured.compute_and_check(value)
    assert measured.value is None


@pytest.mark.parametrize(
    ("direction", "threshold"), [("LOWER", float("nan")), ("LOWER", "5"), ("AT_MOST", float("inf"))]
)
def test_kpi_without_a_usable_threshold_cannot_be_made(direction: str, threshold: Any) -> None:
    """A threshold must be a finite number."""
    with pytest.raises(KpiError, match="threshold"):
        kpi(direction, threshold)


def test_kpi_instances_share_nothing() -> None:
    """A value belongs to one instance."""
    one, two = AnswerKPI(), AnswerKPI()
    one.value = 3
    assert two.value is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [(5, 5), (5.5, 5.5), (True, 1.0), (np.int64(3), 3.0), (np.float32(2.5), 2.5), (Decimal("1.5"), 1.5)],
)
def test_kpi_keeps_any_kind_of_number(given: Any, kept: float) -> None:
    """What comes out of numpy is a number, too; what is kept is one of Python's own."""
    measured = kpi()
    measured.compute_and_check(given)
    assert (measured.value, type(measured.value)) == (kept, type(kept))


def test_kpi_that_cannot_be_computed_says_why() -> None:
    """The exception of the user's code is the cause, its text is in the message."""

    class Broken(Fixed):
        def compute(self, result: Any) -> Any:
            raise KeyError("sum")

    broken = Broken("Cost", ImprovementDirection.LOWER, COUNT)
    with pytest.raises(KpiError, match="KPI 'Cost' cannot be computed: There is no 'sum'") as refusal:
        broken.compute_and_check(None)
    assert isinstance(refusal.value.__cause__, KeyError)
    sideways: Any = "sideways"
    with pytest.raises(KpiError, match="cannot be better when 'sideways'"):
        kpi("lower").__class__("Cost", sideways, COUNT)
