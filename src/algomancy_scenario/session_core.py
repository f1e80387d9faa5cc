"""What a session consists of, and how it comes and goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from algomancy_data import Dataset
from algomancy_scenario.autocreation import Autocreation
from algomancy_scenario.core_configuration import CoreConfig
from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.persistence.port import SessionStore
from algomancy_scenario.persistence.scenario_record import ScenarioRecord
from algomancy_scenario.running.executor import RunExecutor
from algomancy_scenario.scenarioregistry import ScenarioRegistry
from algomancy_scenario.sessions.datasets import SessionDatasets
from algomancy_scenario.sessions.locks import SessionLocks
from algomancy_scenario.sessions.scenarios import SessionScenarios
from algomancy_utils import Runtime


class SessionCore:
    """The parts of a session, wired together.

    Args:
        config: The configuration.
        catalog: Its algorithms and KPIs.
        executor: Where scenarios run.
        runtime: Clock and identifiers.
        store: Where changes are stored.
        durable: Whether the store outlives the process.

    Attributes:
        catalog: The algorithms and KPIs.
        durable: Whether the store outlives the process.
        locks: The locks.
        registry: The scenarios in memory.
        datasets: The datasets.
        scenarios: Changes scenarios.
        processor: Runs scenarios.
        autocreation: Makes scenarios for datasets.
    """

    def __init__(
        self,
        config: CoreConfig,
        catalog: Catalog,
        executor: RunExecutor,
        runtime: Runtime,
        store: SessionStore,
        durable: bool,
    ) -> None:
        self.catalog = catalog
        self.durable = durable
        self.locks = SessionLocks()
        self.registry = ScenarioRegistry(self.locks.state)
        self.datasets = SessionDatasets(config, self.locks, store, durable, self.registry.references)
        self.scenarios = SessionScenarios(self.locks, self.registry, self.datasets, store, catalog, executor, runtime)
        self.processor = self.scenarios.processor
        self.autocreation = Autocreation(config, self.scenarios, self.registry)

    def restore(self, datasets: Iterable[Dataset], records: Iterable[ScenarioRecord]) -> None:
        """Take over what is in the store already; once, before anyone else knows the session."""
        for dataset in datasets:
            self.datasets.adopt(dataset)
        self.scenarios.restore(records)

    def resume(self) -> None:
        """Start what was queued when the server stopped, and create what `autocreate` asks for."""
        self.scenarios.resume()
        for key in self.datasets.manager.get_data_keys():
            self.autocreation.serve(key)

    def snapshot(self) -> tuple[list[Dataset], list[ScenarioRecord]]:
        """Return the datasets, and the scenarios in order of creation, as they are at one moment.

        Raises:
            NotFoundError: The session is gone.
        """
        with self.locks:
            datasets, states = self.datasets.all(), self.registry.states()
        return datasets, [scenario.record(state) for scenario, state in states]

    def stop_processing(self) -> None:
        """Stop the current run and start none any more; returns at once.

        Raises:
            NotFoundError: The session is gone.
        """
        with self.locks, self.locks.state:
            stopped = self.processor.close()
        self.processor.replace(stopped, None)

    def retire(self, meanwhile: Callable[[], None] | None = None) -> None:
        """Refuse every further change and stop processing; returns at once, whatever is running.

        Args:
            meanwhile: Called while no change can be made; when it raises, nothing has happened.

        Raises:
            NotFoundError: The session is gone already.
        """
        with self.locks:
            if meanwhile is not None:
                meanwhile()
            self.locks.close()
            with self.locks.state:
                stopped = self.processor.close()
        self.processor.replace(stopped, None)
