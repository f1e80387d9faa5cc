"""How good a layout is: how far the pickers walk, how evenly they are spread, and the worst walk that is common."""

from __future__ import annotations

from collections import Counter

from algomancy_api.example.warehouse import SlottingResult
from algomancy_scenario import BaseKPI, ImprovementDirection, KpiError
from algomancy_utils import QUANTITIES, BaseMeasurement

WORST_WALK_M = 40.0
"""No fast mover should be further away than this, there and back."""


class TravelDistanceKPI(BaseKPI):
    """The metres walked when each order line is one walk from the depot and back."""

    def __init__(self) -> None:
        super().__init__("Travel distance", ImprovementDirection.LOWER, BaseMeasurement(QUANTITIES["length"]["m"]))

    def compute(self, result: SlottingResult) -> float:
        """Return metres.

        Raises:
            KpiError: The result holds no layout.
        """
        _require_layout(self, result)
        return sum(placement.picks * placement.walk_m for placement in result.placements)


class ZoneBalanceKPI(BaseKPI):
    """The picks in the quietest zone, as a percentage of those in the busiest: at 100 no aisle is crowded."""

    def __init__(self) -> None:
        percent = BaseMeasurement(QUANTITIES["percentage"]["%"], decimals=1)
        super().__init__("Zone balance", ImprovementDirection.HIGHER, percent)

    def compute(self, result: SlottingResult) -> float:
        """Return a percentage.

        Raises:
            KpiError: The result holds no layout.
        """
        _require_layout(self, result)
        picks: Counter[str] = Counter()
        for placement in result.placements:
            picks[placement.zone] += placement.picks
        busiest = max(picks.values())
        return 100.0 * min(picks.values()) / busiest if busiest else 100.0


class WorstWalkKPI(BaseKPI):
    """The longest walk to a fast mover and back. The fast movers are the tenth of the items that is picked most."""

    def __init__(self) -> None:
        metres = BaseMeasurement(QUANTITIES["length"]["m"], decimals=1)
        super().__init__("Worst walk", ImprovementDirection.AT_MOST, metres, threshold=WORST_WALK_M)

    def compute(self, result: SlottingResult) -> float:
        """Return metres.

        Raises:
            KpiError: The result holds no layout.
        """
        _require_layout(self, result)
        by_picks = sorted(result.placements, key=lambda placement: (-placement.picks, placement.item_id))
        fast_movers = by_picks[: max(1, len(by_picks) // 10)]
        return max(placement.walk_m for placement in fast_movers)


def _require_layout(kpi: BaseKPI, result: SlottingResult) -> None:
    if not result.placements:
        raise KpiError(f"KPI '{kpi.name}' cannot be computed: the result holds no layout.")


KPIS: dict[str, type[BaseKPI]] = {
    "Travel distance": TravelDistanceKPI,
    "Zone balance": ZoneBalanceKPI,
    "Worst walk": WorstWalkKPI,
}
"""The KPIs of the example by name."""
