"""The example's KPIs, on a layout small enough to compute by hand."""

from __future__ import annotations

from typing import Any

import pytest

from algomancy_api.example.kpis import KPIS, TravelDistanceKPI, WorstWalkKPI, ZoneBalanceKPI
from algomancy_api.example.warehouse import Placement, SlottingResult
from algomancy_scenario import BaseKPI, ImprovementDirection


def result_of(*placements: tuple[str, float, int]) -> SlottingResult:
    """A result of items in a zone, with a walk and a number of picks each."""
    return SlottingResult(
        "data", [Placement(f"I{n}", f"L{n}", *placement) for n, placement in enumerate(placements)], moved_items=0
    )


@pytest.mark.parametrize(
    ("kpi", "value"),
    [(TravelDistanceKPI(), 10 * 3 + 20 * 2 + 99 * 0), (ZoneBalanceKPI(), 100 * 2 / 3), (WorstWalkKPI(), 10)],
    ids=["distance", "balance", "worst walk"],
)
def test_kpi_is_computed_from_layout(kpi: BaseKPI, value: float) -> None:
    """Each KPI is what a person would compute."""
    assert kpi.compute(result_of(("A", 10.0, 3), ("B", 20.0, 2), ("B", 99.0, 0))) == pytest.approx(value)


def test_worst_walk_is_of_fast_movers() -> None:
    """Of twenty items the two that are picked most count."""
    slow = [("A", 90.0, 1)] * 18
    assert WorstWalkKPI().compute(result_of(*slow, ("A", 30.0, 9), ("A", 45.0, 8))) == 45


def test_balance_of_idle_warehouse_is_even() -> None:
    """Where nothing is picked no zone is busier than another."""
    assert ZoneBalanceKPI().compute(result_of(("A", 10.0, 0))) == 100


def test_kpis_say_what_is_better() -> None:
    """Less walking, more balance, and a worst walk below its threshold are better."""
    classes: dict[str, Any] = dict(KPIS)
    kpis = {name: kpi() for name, kpi in classes.items()}
    assert {name: kpi.better_when for name, kpi in kpis.items()} == {
        "Travel distance": ImprovementDirection.LOWER,
        "Zone balance": ImprovementDirection.HIGHER,
        "Worst walk": ImprovementDirection.AT_MOST,
    }
    assert all(kpi.name == name for name, kpi in kpis.items())
    assert kpis["Worst walk"].to_dict()["threshold"] == 40
