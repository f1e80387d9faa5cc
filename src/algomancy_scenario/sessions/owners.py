"""Whom a scenario belongs to: a session, or nobody."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from algomancy_data import BaseDataSource, Dataset
from algomancy_scenario.algorithmfactory import AlgorithmFactory
from algomancy_scenario.basealgorithm import BaseAlgorithm
from algomancy_scenario.keyperformanceindicator import BaseKPI
from algomancy_scenario.kpifactory import Catalog, KpiFactory
from algomancy_scenario.persistence.scenario_record import ScenarioStatus
from algomancy_scenario.running.control import RunControl, RunFailure
from algomancy_scenario.running.job import Job, carry_out
from algomancy_scenario.running.outcome import Outcome, ScenarioState, StoredOutcome
from algomancy_utils import BaseParameterSet, Logger, NotFoundError
from algomancy_utils.runtime import utc_now

if TYPE_CHECKING:
    from algomancy_scenario.scenario import Scenario
    from algomancy_scenario.sessions.scenarios import SessionScenarios


class SessionGoneError(NotFoundError):
    """The session was deleted, or its server is shutting down."""


class ScenarioOwner(Protocol):
    """Whoever a scenario belongs to: a session, or nobody."""

    catalog: Catalog
    """The algorithms and KPIs on offer."""

    def dataset_of(self, scenario: Scenario[Any]) -> Dataset:
        """Return the dataset of a scenario."""

    def stored_outcome(
        self, scenario_id: str, kpis_json: bytes, whole: Outcome | None
    ) -> Outcome | StoredOutcome | None:
        """Return the outcome of a scenario, which is stored, as memory is to keep it: whole or in part."""

    def queue(self, scenario: Scenario[Any]) -> None:
        """Put a scenario in the queue."""

    def run(self, scenario: Scenario[Any], logger: Logger | None) -> None:
        """Run a scenario and wait for its end."""

    def cancel(self, scenario: Scenario[Any]) -> None:
        """Cancel a scenario that is queued or processing."""

    def reset(self, scenario: Scenario[Any]) -> None:
        """Take a scenario back to `created`."""


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


class Detached:
    """The owner of scenarios that belong to nobody.

    Args:
        catalog: The algorithms and KPIs.
        dataset_of: Gives the dataset of a scenario.
    """

    def __init__(self, catalog: Catalog, dataset_of: Callable[[Scenario[Any]], Dataset]) -> None:
        self.catalog = catalog
        self.dataset_of = dataset_of

    @classmethod
    def of(
        cls,
        source: BaseDataSource,
        kpis: Mapping[str, BaseKPI],
        algorithm: BaseAlgorithm,
        data_params: BaseParameterSet,
    ) -> Detached:
        """Return the owner of a scenario that was given its parts.

        Args:
            source: Its data.
            kpis: Its KPIs.
            algorithm: Its algorithm.
            data_params: The data's own parameters.
        """
        dataset = Dataset.of_source(source)
        return cls(Catalog(_OneAlgorithm(algorithm, data_params), _TheseKpis(kpis)), lambda _: dataset)

    def stored_outcome(self, scenario_id: str, kpis_json: bytes, whole: Outcome | None) -> Outcome | None:  # noqa: ARG002 - as any owner's
        """Return the outcome: it has no other place."""
        return whole

    def queue(self, scenario: Scenario[Any]) -> None:
        """Mark a scenario as queued; whoever queues it runs it."""
        scenario.publish(ScenarioState(status=ScenarioStatus.QUEUED, revision=scenario.revision + 1))

    def run(self, scenario: Scenario[Any], logger: Logger | None) -> None:
        """Run a scenario in this thread."""
        scenario.publish(ScenarioState(ScenarioStatus.PROCESSING, revision=scenario.revision + 1, started_at=utc_now()))
        job = Job(self.catalog, scenario.tag, scenario.algo_name, *scenario.stored_params)
        try:
            outcome = carry_out(job, self.dataset_of(scenario).source, _Control(scenario))
            ending: dict[str, Any] = {"status": ScenarioStatus.COMPLETE, "progress": 100.0, "outcome": outcome}
        except RunFailure as failure:
            self._forget_values()
            ending = {"status": ScenarioStatus.FAILED, "error": str(failure)}
            if logger is not None:
                logger.error(f"Scenario '{scenario.tag}' failed: {failure}")
        scenario.publish(scenario.next_state(finished_at=utc_now(), **ending))

    def cancel(self, scenario: Scenario[Any]) -> None:
        """End a scenario that is queued as failed; one that is processing holds the thread and goes on."""
        if scenario.status is ScenarioStatus.QUEUED:
            scenario.publish(
                scenario.next_state(status=ScenarioStatus.FAILED, error="Cancelled", finished_at=utc_now())
            )

    def reset(self, scenario: Scenario[Any]) -> None:
        """Take a scenario back to `created`."""
        self._forget_values()
        scenario.publish(ScenarioState(revision=scenario.revision + 1))

    def _forget_values(self) -> None:
        # Of a scenario that was given its KPIs these are the same with and without a result.
        for kpi in self.catalog.unset_kpis.values():
            kpi.value = None


class _Control(RunControl):
    """Takes note of the progress of a run that nobody stops."""

    def __init__(self, scenario: Scenario[Any]) -> None:
        super().__init__()
        self._scenario = scenario

    def hear(self, progress: float) -> None:
        self._scenario.publish(self._scenario.next_state(progress=progress))


class _OneAlgorithm(AlgorithmFactory[Any]):
    """Offers an algorithm that is there already."""

    def __init__(self, algorithm: BaseAlgorithm, data_params: BaseParameterSet) -> None:
        super().__init__({algorithm.name: type(algorithm)})
        self._algorithm = algorithm
        self._data_params = data_params

    def get_parameters(self, algo_name: str) -> BaseParameterSet:  # noqa: ARG002 - there is one
        return self._algorithm.params.copy()

    def restore_data_parameters(
        self,
        source: BaseDataSource,  # noqa: ARG002 - they are there already
        document: bytes,  # noqa: ARG002 - they are there already
    ) -> BaseParameterSet:
        return self._data_params

    def make(
        self,
        name: str,  # noqa: ARG002 - there is one
        params: BaseParameterSet,
        data_params: BaseParameterSet | None = None,
    ) -> BaseAlgorithm:
        if data_params is not None:
            self._algorithm.set_data_params(data_params)
        # An earlier run may have changed them.
        self._algorithm.params.set_values(params.get_values())
        self._algorithm._progress = 0
        return self._algorithm


class _TheseKpis(KpiFactory[BaseKPI]):
    """Offers KPIs that are there already."""

    def __init__(self, kpis: Mapping[str, BaseKPI]) -> None:
        super().__init__({name: type(kpi) for name, kpi in kpis.items()})
        self._kpis = kpis

    def create(self, subset: Iterable[str]) -> dict[str, BaseKPI]:
        return {name: self._kpis[name] for name in subset}
