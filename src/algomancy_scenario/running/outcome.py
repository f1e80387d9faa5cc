"""How a scenario stands, and what a successful run of it gave."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from algomancy_scenario.keyperformanceindicator import BaseKPI
from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.persistence.port import SessionStore
from algomancy_scenario.persistence.scenario_record import ScenarioStatus
from algomancy_utils import NotFoundError

_log = logging.getLogger(__name__)
_UNREAD: Any = object()


class Outcome:
    """What a successful run gave: result and KPIs, encoded once, and as objects.

    Args:
        result_json: The result, encoded.
        kpis_json: The `kpis` member of the scenario object, encoded.
        result: The result as the algorithm returned it; made from its JSON when first asked for if left out.
        kpis: The KPIs that were computed; likewise.
    """

    __slots__ = ("_kpis", "_result", "kpis_json", "result_json")

    at_hand = True
    """Whether the result need not be read now."""

    def __init__(
        self,
        result_json: bytes,
        kpis_json: bytes,
        result: Any = _UNREAD,  # noqa: ANN401 - the user's own result class
        kpis: Mapping[str, BaseKPI] | None = None,
    ) -> None:
        self.result_json = result_json
        self.kpis_json = kpis_json
        self._result = result
        self._kpis = kpis

    def result(self, catalog: Catalog, algo_name: str) -> Any:  # noqa: ANN401 - the user's own result class
        """Return the result object; a stored one is rebuilt through the algorithm's `result_class` if it has one."""
        if self._result is _UNREAD:
            self._result = _rebuild_result(self.result_json, catalog, algo_name)
        return self._result

    def kpis(self, catalog: Catalog) -> Mapping[str, BaseKPI]:
        """Return the KPIs with their values."""
        if self._kpis is None:
            self._kpis = catalog.restore_kpis(orjson.loads(self.kpis_json))
        return self._kpis


class StoredOutcome:
    """An outcome that is in a store: its KPI values are in memory, the rest as long as the cache has room.

    There is one for each scenario, so it is one object.

    Args:
        store: Where it is, and the cache.
        scenario_id: The scenario.
        kpis_json: The `kpis` member of the scenario object, encoded.
        whole: The outcome, where it was stored just now.
    """

    __slots__ = ("__weakref__", "_scenario_id", "_store", "kpis_json")

    def __init__(self, store: SessionStore, scenario_id: str, kpis_json: bytes, whole: Outcome | None = None) -> None:
        self.kpis_json = kpis_json
        self._store = store
        self._scenario_id = scenario_id
        if whole is not None:
            store.cache.put(self, whole, len(whole.result_json))

    @property
    def at_hand(self) -> bool:
        """Whether the result need not be read now."""
        return self._store.cache.get(self) is not None

    @property
    def result_json(self) -> bytes:
        """The result, encoded."""
        return self._whole().result_json

    def result(self, catalog: Catalog, algo_name: str) -> Any:  # noqa: ANN401 - the user's own result class
        """Return the result object; see `Outcome`."""
        return self._whole().result(catalog, algo_name)

    def kpis(self, catalog: Catalog) -> Mapping[str, BaseKPI]:
        """Return the KPIs with their values."""
        return self._whole().kpis(catalog)

    def _whole(self) -> Outcome:
        whole: Outcome | None = self._store.cache.get(self)
        if whole is None:
            whole = Outcome(self._store.read_result(self._scenario_id), self.kpis_json)
            self._store.cache.put(self, whole, len(whole.result_json))
        return whole


class ScenarioState(NamedTuple):
    """Everything about a scenario that changes. Replaced as a whole, so that a reader never sees half a change."""

    status: ScenarioStatus = ScenarioStatus.CREATED
    progress: float = 0.0
    revision: int = 0
    queue_position: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    outcome: Outcome | StoredOutcome | None = None


def _rebuild_result(document: bytes, catalog: Catalog, algo_name: str) -> Any:  # noqa: ANN401 - the user's own class
    try:
        result_class = catalog.algorithms.get_class(algo_name).result_class
    except NotFoundError:
        result_class = None
    if result_class is not None:
        try:
            return result_class.from_json(document.decode())
        except Exception:
            _log.exception("The stored result of algorithm '%s' could not be rebuilt; it is kept as data.", algo_name)
    return orjson.loads(document)
