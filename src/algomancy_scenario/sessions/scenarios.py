"""The scenarios of one session: every change of them, checked, stored and published in one go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.persistence.port import SessionStore
from algomancy_scenario.persistence.scenario_record import ScenarioRecord
from algomancy_scenario.running.executor import RunExecutor
from algomancy_scenario.scenario import Scenario, ScenarioState, ScenarioStatus, stored_params
from algomancy_scenario.scenarioprocessor import ScenarioProcessor
from algomancy_scenario.scenarioregistry import ScenarioRegistry
from algomancy_scenario.sessions.datasets import SessionDatasets
from algomancy_scenario.sessions.locks import SessionLocks
from algomancy_utils import PreconditionError, Runtime

_UNFINISHED = (ScenarioStatus.QUEUED, ScenarioStatus.PROCESSING)


class SessionScenarios:
    """Creates, queues, cancels, resets and deletes scenarios.

    Args:
        locks: The session's locks.
        registry: The session's scenarios.
        datasets: The session's datasets.
        store: Where scenarios are stored.
        catalog: The algorithms and KPIs of the configuration.
        executor: Where scenarios run.
        runtime: Clock and identifiers.
    """

    def __init__(
        self,
        locks: SessionLocks,
        registry: ScenarioRegistry,
        datasets: SessionDatasets,
        store: SessionStore,
        catalog: Catalog,
        executor: RunExecutor,
        runtime: Runtime,
    ) -> None:
        self._locks = locks
        self._registry = registry
        self._datasets = datasets
        self._store = store
        self._catalog = catalog
        self._runtime = runtime
        self._sequence = 0
        self.processor = ScenarioProcessor(locks, registry, store, catalog, executor, runtime, datasets.of)

    def create(
        self,
        tag: str,
        dataset_key: str,
        algo_name: str,
        algo_params: Mapping[str, Any] | None,
        data_params: Mapping[str, Any] | None,
        *,
        queue: bool,
    ) -> Scenario:
        """Create a scenario and, if `queue`, queue it at once. See `ScenarioManager.create_scenario`."""
        _check_tag(tag)
        params = self._catalog.algorithms.get_parameters(algo_name)
        dataset_params = self._datasets.parameters(self._datasets.manager.get_dataset(dataset_key))
        # Defaults are checked too: a set may demand that some value is given.
        params.set_validated_values({} if algo_params is None else algo_params)
        dataset_params.set_validated_values({} if data_params is None else data_params)
        algo_values, data_values = stored_params(params), stored_params(dataset_params)
        with self._locks:
            dataset = self._datasets.manager.get_dataset(dataset_key)
            if self._registry.by_tag(tag) is not None:
                raise PreconditionError(f"Tag '{tag}' is already used by another scenario of this session.")
            sequence = self._sequence + 1
            record = ScenarioRecord(
                id=self._runtime.new_id(),
                tag=tag,
                sequence=sequence,
                queue_position=sequence if queue else None,
                status=ScenarioStatus.QUEUED if queue else ScenarioStatus.CREATED,
                input_data_key=dataset_key,
                input_data_id=dataset.id,
                algo_name=algo_name,
                algo_params=algo_values,
                data_params=data_values,
                created_at=self._runtime.now(),
            )
            self._store.save_scenario(record)
            self._sequence = sequence
            scenario = Scenario(record, self._catalog)
            with self._locks.state:
                self._registry.insert(scenario)
                run = self.processor.enqueue(scenario) if queue else None
        self.processor.start(run)
        return scenario

    def delete(self, scenario_id: str) -> bool:
        """Delete a scenario and stop its run. See `ScenarioManager.delete_scenario`."""
        with self._locks:
            scenario = self._registry.by_id(scenario_id)
            if scenario is None:
                return False
            self._store.delete_scenario(scenario_id)
            with self._locks.state:
                self._registry.remove(scenario)
                replaced = self.processor.withdraw(scenario)
        self.processor.replace(*replaced)
        return True

    def queue(self, scenario_id: str) -> None:
        """Queue a scenario. See `ScenarioManager.process_scenario_async`."""
        with self._locks:
            scenario = self._registry.known(scenario_id)
            if scenario.status in _UNFINISHED:
                raise PreconditionError(f"Scenario '{scenario.tag}' is {scenario.status} already.")
            if scenario.status is not ScenarioStatus.CREATED:
                raise PreconditionError(f"Scenario '{scenario.tag}' is {scenario.status}; reset it first.")
            if self.processor.closed:
                raise PreconditionError("The processing of this session has been shut down.")
            sequence = self._sequence + 1
            state = scenario.next_state(status=ScenarioStatus.QUEUED, queue_position=sequence)
            self._store.save_scenario(scenario.record(state))
            self._sequence = sequence
            with self._locks.state:
                self._registry.publish(scenario, state)
                run = self.processor.enqueue(scenario)
        self.processor.start(run)

    def cancel(self, scenario_id: str) -> Scenario:
        """Cancel a scenario. See `ScenarioManager.cancel_scenario`."""
        with self._locks:
            scenario = self._registry.known(scenario_id)
            if scenario.status not in _UNFINISHED:
                raise PreconditionError(
                    f"Scenario '{scenario.tag}' is {scenario.status}; only one that is queued or processing can be "
                    "cancelled."
                )
            with self.processor.frozen(scenario):
                state = scenario.next_state(
                    status=ScenarioStatus.FAILED,
                    queue_position=None,
                    finished_at=self._runtime.now(),
                    error="Cancelled",
                )
                self._store.save_scenario(scenario.record(state))
                with self._locks.state:
                    self._registry.publish(scenario, state)
                    replaced = self.processor.withdraw(scenario)
        self.processor.replace(*replaced)
        return scenario

    def reset(self, scenario_id: str) -> Scenario:
        """Take a scenario back to `created`. See `ScenarioManager.reset_scenario`."""
        with self._locks:
            scenario = self._registry.known(scenario_id)
            if scenario.status in _UNFINISHED:
                raise PreconditionError(f"Scenario '{scenario.tag}' is {scenario.status}; cancel it first.")
            state = ScenarioState(revision=scenario.revision + 1)
            self._store.save_scenario(scenario.record(state))
            with self._locks.state:
                self._registry.publish(scenario, state)
        return scenario

    def restore(self, records: Iterable[ScenarioRecord]) -> None:
        """Take over scenarios that are in the store already; before anyone else knows the session."""
        for record in sorted(records, key=lambda each: each.sequence):
            self._sequence = max(self._sequence, record.sequence, record.queue_position or 0)
            if self._registry.by_tag(record.tag) is None:
                self._registry.insert(Scenario(record, self._catalog))

    def resume(self) -> None:
        """Queue again, in the old order, what was queued or processing when the server stopped (contract DUR-2)."""
        waiting = [s for s in self._registry.scenarios() if s.status is ScenarioStatus.QUEUED]
        waiting.sort(key=lambda each: each.state.queue_position or 0)
        with self._locks, self._locks.state:
            runs = [self.processor.enqueue(scenario) for scenario in waiting]
        for run in runs:
            self.processor.start(run)


def _check_tag(tag: str) -> None:
    if not isinstance(tag, str) or not tag.strip():
        raise ValueError("The tag must be a text that is not blank.")
    try:
        tag.encode()
    except UnicodeEncodeError:
        raise ValueError("The tag holds half of a surrogate pair, which is no character.") from None
