"""A session as its scenarios know it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from algomancy_data import Dataset
from algomancy_scenario.persistence.scenario_record import ScenarioStatus
from algomancy_scenario.running.outcome import Outcome, StoredOutcome
from algomancy_scenario.scenario import Scenario
from algomancy_scenario.sessions.locks import SessionGoneError
from algomancy_utils import Logger

if TYPE_CHECKING:
    from algomancy_scenario.sessions.scenarios import SessionScenarios


class SessionOwner:
    """The session as its scenarios know it; what keeps a scenario does not keep its session.

    Args:
        session: The session.
    """

    def __init__(self, session: SessionScenarios) -> None:
        self.catalog = session._factory.catalog
        self._known = weakref.ref(session)

    def dataset_of(self, scenario: Scenario[Any]) -> Dataset:
        """Return the dataset of a scenario."""
        return self._session()._factory.dataset(scenario.input_data_key)

    def stored_outcome(
        self, scenario_id: str, kpis_json: bytes, whole: Outcome | None
    ) -> Outcome | StoredOutcome | None:
        """Return the outcome of a scenario as memory is to keep it: whole, or in part where it can be read again."""
        store = self._session()._store
        return StoredOutcome(store, scenario_id, kpis_json, whole) if store.durable else whole

    def queue(self, scenario: Scenario[Any]) -> None:
        """Put a scenario in the queue."""
        self._session().process_scenario_async(scenario)

    def run(self, scenario: Scenario[Any], logger: Logger | None) -> None:  # noqa: ARG002 - the session has its own
        """Run a scenario in its turn, and wait for its end."""
        session = self._session()
        if scenario.status is ScenarioStatus.CREATED:
            session.process_scenario_async(scenario)
        session._processor.wait_for(scenario)

    def cancel(self, scenario: Scenario[Any]) -> None:
        """Cancel a scenario that is queued or processing."""
        self._session().cancel_scenario(scenario.id)

    def reset(self, scenario: Scenario[Any]) -> None:
        """Take a scenario back to `created`."""
        self._session().reset_scenario(scenario.id)

    def _session(self) -> SessionScenarios:
        session = self._known()
        if session is None:
            raise SessionGoneError("The session no longer exists.")
        return session
