"""Makes KPI instances from the classes a configuration names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Generic

from algomancy_scenario.algorithmfactory import AlgorithmFactory
from algomancy_scenario.basealgorithm import BaseAlgorithm
from algomancy_scenario.keyperformanceindicator import BASE_KPI, BaseKPI
from algomancy_scenario.persistence.scenario_record import keep_json


class KpiFactory(Generic[BASE_KPI]):
    """The KPIs on offer, by name.

    Args:
        templates: KPI classes by the name they are offered under.
    """

    def __init__(self, templates: Mapping[str, type[BASE_KPI]]) -> None:
        self._templates: dict[str, Any] = dict(templates)

    @property
    def templates(self) -> dict[str, type[BASE_KPI]]:
        """The classes by name."""
        return self._templates

    @property
    def available_kpis(self) -> list[str]:
        """The names on offer, in the order of the configuration."""
        return list(self._templates)

    def create_all(self) -> dict[str, BASE_KPI]:
        """Return a new instance of every KPI."""
        return self.create(self._templates)

    def create(self, subset: Iterable[str]) -> dict[str, BASE_KPI]:
        """Return a new instance of some KPIs.

        Args:
            subset: Their names; those not on offer are passed over.
        """
        wanted = set(subset)
        return {name: cls() for name, cls in self._templates.items() if name in wanted}


class Catalog:
    """The algorithms and KPIs of a configuration, with everything about them that never changes.

    Made once, shared by all sessions.

    Args:
        algorithms: Algorithm classes by name, or their factory.
        kpis: KPI classes by name, or their factory; each is made once here, so that its description is known before
            any run.
    """

    def __init__(
        self,
        algorithms: Mapping[str, type[BaseAlgorithm]] | AlgorithmFactory[Any],
        kpis: Mapping[str, type[BaseKPI]] | KpiFactory[Any],
    ) -> None:
        self.algorithms = algorithms if isinstance(algorithms, AlgorithmFactory) else AlgorithmFactory(algorithms)
        self.kpis = kpis if isinstance(kpis, KpiFactory) else KpiFactory(kpis)
        self.unset_kpis: Mapping[str, BaseKPI] = MappingProxyType(self.kpis.create_all())
        """The KPIs of a scenario without a result. Shared: never give these a value."""
        self.unset_kpis_json = encode_kpis(self.unset_kpis)

    def restore_kpis(self, stored: Mapping[str, Any]) -> dict[str, BaseKPI]:
        """Return a new instance of every KPI, with the values and thresholds that were stored.

        Args:
            stored: KPI objects by name, as they stand in a scenario object. A KPI not named keeps no value.
        """
        kpis = self.kpis.create_all()
        for name, kpi in kpis.items():
            entry = stored.get(name)
            if isinstance(entry, Mapping):
                kpi.value = entry.get("value")
                kpi._threshold = entry.get("threshold")
        return kpis


def encode_kpis(kpis: Mapping[str, BaseKPI]) -> bytes:
    """Return the `kpis` member of a scenario object.

    Args:
        kpis: KPIs by the name they are offered under.

    Raises:
        ValueError: A KPI's own `to_dict` holds something JSON cannot.
    """
    return keep_json({name: {**kpi.to_dict(), "value": kpi.value} for name, kpi in kpis.items()})
