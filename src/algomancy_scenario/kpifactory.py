"""What a configuration offers its scenarios: algorithms and KPIs. Made once, shared by all sessions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from algomancy_scenario.algorithmfactory import AlgorithmFactory
from algomancy_scenario.basealgorithm import BaseAlgorithm
from algomancy_scenario.keyperformanceindicator import BaseKPI
from algomancy_scenario.persistence.kept_json import keep_json


class Catalog:
    """The algorithms and KPIs of a configuration, with everything about them that never changes.

    Args:
        algorithms: Algorithm classes by name.
        kpis: KPI classes by name; each is made once here, so that its description is known before any run.
    """

    def __init__(self, algorithms: Mapping[str, type[BaseAlgorithm]], kpis: Mapping[str, type[BaseKPI]]) -> None:
        self.algorithms = AlgorithmFactory(algorithms)
        self.kpi_classes: dict[str, Any] = dict(kpis)
        self.unset_kpis: Mapping[str, BaseKPI] = MappingProxyType(self.make_kpis())
        """The KPIs of a scenario without a result. Shared: never give these a value."""
        self.unset_kpis_json = encode_kpis(self.unset_kpis)

    @property
    def kpi_names(self) -> list[str]:
        """The names of the KPIs, in the order of the configuration."""
        return list(self.kpi_classes)

    def make_kpis(self) -> dict[str, BaseKPI]:
        """Return a new instance of every KPI, for one run."""
        return {name: cls() for name, cls in self.kpi_classes.items()}

    def restore_kpis(self, stored: Mapping[str, Any]) -> dict[str, BaseKPI]:
        """Return a new instance of every KPI, with the values and thresholds that were stored.

        Args:
            stored: KPI objects by name, as they stand in a scenario object. A KPI not named keeps no value.
        """
        kpis = self.make_kpis()
        for name, kpi in kpis.items():
            entry = stored.get(name)
            if isinstance(entry, Mapping):
                kpi.value = entry.get("value")
                kpi.threshold = entry.get("threshold")
        return kpis


def encode_kpis(kpis: Mapping[str, BaseKPI]) -> bytes:
    """Return the `kpis` member of a scenario object.

    Args:
        kpis: KPIs by the name they are offered under.

    Raises:
        ValueError: A KPI's own `to_dict` holds something JSON cannot.
    """
    return keep_json({name: {**kpi.to_dict(), "value": kpi.value} for name, kpi in kpis.items()})
