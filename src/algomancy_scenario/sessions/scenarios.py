"""The scenarios of one session: every change of them, checked, stored and published in one go."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from algomancy_data import DataManager, Dataset
from algomancy_scenario.persistence.port import SessionStore
from algomancy_scenario.persistence.scenario_record import UNFINISHED, ScenarioRecord, ScenarioStatus
from algomancy_scenario.running.outcome import ScenarioState
from algomancy_scenario.scenario import Scenario
from algomancy_scenario.scenariofactory import ScenarioFactory
from algomancy_scenario.scenarioprocessor import ScenarioProcessor
from algomancy_scenario.scenarioregistry import ScenarioRegistry
from algomancy_scenario.sessions.datasets import SessionDatasets
from algomancy_scenario.sessions.owners import SessionGoneError, SessionOwner
from algomancy_utils import NotFoundError, PreconditionError, TakenError
from algomancy_utils.runtime import utc_now

if TYPE_CHECKING:
    from algomancy_scenario.persistence.database.tables import SessionChanges

_log = logging.getLogger(__name__)


class SessionScenarios(SessionDatasets):
    """What a `ScenarioManager` does with scenarios, beside what it does with datasets.

    Args:
        registry: The session's scenarios, with its locks.
        factory: Makes scenarios.
        data: The datasets in memory.
        store: Where both are stored.
        processor: Runs scenarios.
    """

    def __init__(
        self,
        registry: ScenarioRegistry,
        factory: ScenarioFactory,
        data: DataManager,
        store: SessionStore,
        processor: ScenarioProcessor,
    ) -> None:
        super().__init__(registry, factory, data, store)
        self._processor = processor
        self._owner = SessionOwner(self)
        self._sequence = 0
        self._autocreate = False
        self._default_algorithm: str | None = None
        self._default_values: Mapping[str, Any] | None = None

    @property
    def revision(self) -> int:
        """A number that grows with every change of a scenario of this session, progress included."""
        return self._registry.revision

    def create_scenario(
        self,
        tag: str,
        dataset_key: str = "Master data",
        algo_name: str = "",
        algo_params: Mapping[str, Any] | None = None,
        data_params: Mapping[str, Any] | None = None,
    ) -> Scenario[Any]:
        """Create a scenario; under `autorun` it is queued at once.

        Args:
            tag: What it is called, unique within the session.
            dataset_key: The key of its dataset.
            algo_name: The name of its algorithm.
            algo_params: Values of the algorithm's parameters; the others keep their defaults.
            data_params: Values of the dataset's own parameters; likewise.

        Raises:
            NotFoundError: There is no such algorithm or dataset.
            TakenError: The tag is taken.
            ParameterError: A parameter is unknown or its value not allowed.
            ValueError: The tag is blank.
        """
        draft = self._factory.draft(tag, dataset_key, algo_name, algo_params, data_params)
        queue = self._processor.auto_run_scenarios
        with self._locks:
            if self._registry.has_tag(tag):
                raise TakenError(f"Tag '{tag}' is already used by another scenario of this session.")
            sequence = self._sequence + 1
            record = replace(
                draft,
                sequence=sequence,
                queue_position=sequence if queue else None,
                status=ScenarioStatus.QUEUED if queue else ScenarioStatus.CREATED,
                # Meanwhile the dataset may have been replaced, or deleted.
                input_data_id=self._factory.dataset(dataset_key).id,
            )
            self._store.save_scenario(record)
            self._sequence = sequence
            scenario = Scenario.of_record(record, self._owner)
            with self._locks.state:
                self._registry.add(scenario)
                run = self._processor.admit(scenario) if queue else None
        self._processor.start(run)
        return scenario

    def get_by_id(self, scenario_id: str) -> Scenario[Any] | None:
        """Return a scenario, `None` when there is none of this id."""
        return self._registry.get_by_id(scenario_id)

    def get_by_tag(self, tag: str) -> Scenario[Any] | None:
        """Return a scenario, `None` when there is none of this tag."""
        return self._registry.get_by_tag(tag)

    def list_scenarios(self) -> list[Scenario[Any]]:
        """Return the scenarios in order of creation."""
        return self._registry.list()

    def list_ids(self) -> list[str]:
        """Return the ids of the scenarios in order of creation."""
        return self._registry.list_ids()

    def list_tags(self) -> list[str]:
        """Return the tags of the scenarios in order of creation."""
        return self._registry.list_tags()

    def scenarios_as_bytes(self) -> bytes:
        """Return the array of all scenario objects as JSON; made once for each `revision`."""
        return self._registry.as_bytes()

    def delete_scenario(self, scenario_id: str) -> bool:
        """Delete a scenario and stop its run, if there is one; return whether there was a scenario of this id."""
        with self._locks:
            scenario = self._registry.get_by_id(scenario_id)
            if scenario is None:
                return False
            self._store.delete_scenario(scenario_id)
            with self._locks.state:
                self._registry.delete(scenario_id)
                replaced = self._processor.withdraw(scenario)
        self._processor.replace(*replaced)
        return True

    @property
    def auto_run_scenarios(self) -> bool:
        """Whether a scenario is queued as soon as it is created, by whomever."""
        return self._processor.auto_run_scenarios

    @property
    def currently_processing(self) -> Scenario[Any] | None:
        """The scenario now running."""
        return self._processor.currently_processing

    def process_scenario_async(self, scenario: Scenario[Any]) -> None:
        """Queue a scenario for its run.

        Args:
            scenario: A scenario of this session.

        Raises:
            NotFoundError: It is no longer a scenario of this session.
            PreconditionError: It is queued, processing or finished already.
        """
        with self._locks:
            scenario = self._registry.known(scenario.id)
            if scenario.status in UNFINISHED:
                raise PreconditionError(f"Scenario '{scenario.tag}' is {scenario.status} already.")
            if scenario.status is not ScenarioStatus.CREATED:
                raise PreconditionError(f"Scenario '{scenario.tag}' is {scenario.status}; reset it first.")
            if self._processor.closed:
                raise PreconditionError("The processing of this session has been shut down.")
            sequence = self._sequence + 1
            state = scenario.next_state(status=ScenarioStatus.QUEUED, queue_position=sequence)
            self._store.save_scenario(scenario.record(state))
            self._sequence = sequence
            with self._locks.state:
                self._registry.publish(scenario, state)
                run = self._processor.admit(scenario)
        self._processor.start(run)

    def cancel_scenario(self, scenario_id: str) -> Scenario[Any]:
        """Cancel a queued or processing scenario: it fails with the error `Cancelled`.

        Raises:
            NotFoundError: There is no such scenario.
            PreconditionError: It is neither queued nor processing.
        """
        with self._locks:
            scenario = self._registry.known(scenario_id)
            if scenario.status not in UNFINISHED:
                raise PreconditionError(
                    f"Scenario '{scenario.tag}' is {scenario.status}; only one that is queued or processing can be "
                    "cancelled."
                )
            with self._processor.frozen(scenario):
                state = scenario.next_state(
                    status=ScenarioStatus.FAILED,
                    queue_position=None,
                    finished_at=utc_now(),
                    error="Cancelled",
                )
                self._store.save_scenario(scenario.record(state))
                with self._locks.state:
                    self._registry.publish(scenario, state)
                    replaced = self._processor.withdraw(scenario)
        self._processor.replace(*replaced)
        return scenario

    def reset_scenario(self, scenario_id: str) -> Scenario[Any]:
        """Take a scenario back to `created`, without result, KPI values and progress.

        Raises:
            NotFoundError: There is no such scenario.
            PreconditionError: It is queued or processing.
        """
        with self._locks:
            scenario = self._registry.known(scenario_id)
            if scenario.status in UNFINISHED:
                raise PreconditionError(f"Scenario '{scenario.tag}' is {scenario.status}; cancel it first.")
            state = ScenarioState(revision=scenario.revision + 1)
            self._store.save_scenario(scenario.record(state))
            with self._locks.state:
                self._registry.publish(scenario, state)
        return scenario

    def wait_for_processing(self, timeout: float | None = None) -> bool:
        """Wait until no scenario is queued or running, `timeout` seconds at most; return whether that is so."""
        return self._processor.wait_for_processing(timeout)

    def shutdown_processing(self) -> None:
        """Stop the current run and start none any more; returns at once.

        What was queued or running stays stored as queued: a durable server runs it after its next start.
        """
        with suppress(SessionGoneError):
            self._processor.shutdown()

    def toggle_autorun(self, value: bool | None = None) -> bool:
        """Switch `autorun` on or off, or to the opposite when no value is given; return the new setting."""
        self._processor.auto_run_scenarios = not self.auto_run_scenarios if value is None else value
        return self.auto_run_scenarios

    def toggle_autocreate(self, value: bool | None = None, default_algo_name: str = "") -> bool:
        """Switch `autocreate` on or off; it works on datasets added from now on.

        Args:
            value: The new setting; the opposite of the present one when left out.
            default_algo_name: The algorithm to use from now on, with its defaults; as before when left out.

        Returns:
            The new setting.

        Raises:
            ValueError: It cannot be on, for there is no default algorithm.
            NotFoundError: There is no such algorithm.
        """
        wanted = not self._autocreate if value is None else value
        name = default_algo_name or self._default_algorithm
        if wanted and name is None:
            raise ValueError("Automatic creation needs a default algorithm.")
        if name is not None and (wanted or default_algo_name):
            self._factory.catalog.algorithms.get_class(name)
        if name != self._default_algorithm:
            self._default_algorithm, self._default_values = name, None
        self._autocreate = wanted
        return wanted

    def auto_create_scenarios(self, keys: Iterable[str] | None = None) -> None:
        """Create what `autocreate` would: a scenario with the default algorithm for each dataset that has none yet.

        Args:
            keys: The keys of the datasets; all of them when left out.

        Raises:
            NotFoundError: There is no such dataset.
        """
        for key in self.get_data_keys() if keys is None else keys:
            self._factory.dataset(key)
            self._auto_create(key)

    def _added(self, key: str) -> None:
        if self._autocreate:
            self._auto_create(key)

    def _auto_create(self, key: str) -> None:
        """Create the scenario `"<key> [auto]"` of a dataset, unless there is one; never raises."""
        tag = f"{key} [auto]"
        if self._default_algorithm is None or self._registry.has_tag(tag):
            return
        try:
            self.create_scenario(tag, key, self._default_algorithm, self._default_values)
        except (PreconditionError, NotFoundError):
            # Someone else was quicker: took the tag, or deleted the dataset.
            return
        # The dataset is in place: whoever added it is not to be told otherwise.
        except Exception:
            _log.exception("No scenario was created automatically for dataset '%s'.", key)

    # ------------------------------------------------------------------ several servers on one state

    def take_in(
        self, changed: SessionChanges, datasets: Sequence[Dataset], foreign: Collection[str], *, everything: bool
    ) -> None:
        """Take over what other servers have changed; the store's guard keeps everyone else away meanwhile.

        Args:
            changed: What they have changed.
            datasets: The datasets of that.
            foreign: The ids of scenarios that other servers run.
            everything: Whether this is all there is: what is not mentioned is gone.
        """
        gone = changed.removed_scenarios
        gone_keys = changed.removed_datasets
        if everything:
            known = {record.id for record in changed.scenarios}
            gone = [scenario_id for scenario_id in self.list_ids() if scenario_id not in known]
            gone_keys = self.get_data_keys()
        with self._locks.state:
            for scenario_id in gone:
                scenario = self._registry.get_by_id(scenario_id)
                if scenario is not None:
                    self._registry.delete(scenario_id)
                    self._processor.take_in(scenario, gone=True)
            for key in gone_keys:
                if self._data.has_data(key):
                    self._data.delete_data(key)
            for dataset in datasets:
                self._data.put(dataset)
            if datasets or gone_keys:
                self._registry.events.datasets_changed()
            for record in changed.scenarios:
                self._take_in_scenario(record, elsewhere=record.id in foreign)
            replaced = self._processor.settle()
        self._processor.replace(*replaced)

    def _take_in_scenario(self, record: ScenarioRecord, *, elsewhere: bool) -> None:
        self._sequence = max(self._sequence, record.sequence, record.queue_position or 0)
        scenario = self._registry.get_by_id(record.id)
        if scenario is None:
            scenario = Scenario.of_record(record, self._owner)
            self._registry.add(scenario)
        else:
            self._registry.publish(scenario, scenario.state_of(record)._replace(revision=scenario.revision + 1))
        self._processor.take_in(scenario, elsewhere=elsewhere)

    def take_back(self, scenario_id: str, is_lost: Callable[[], bool]) -> None:
        """Queue a scenario again whose run is lost with its server, unless it went on (contract DUR-3).

        Args:
            scenario_id: The scenario.
            is_lost: Tells whether it is, while no other server can change that.
        """
        with self._locks:
            scenario = self._registry.get_by_id(scenario_id)
            if scenario is None or scenario is not self._processor.elsewhere or not is_lost():
                return
            _log.warning("Scenario '%s' is queued again: the server that ran it is gone.", scenario.tag)
            state = scenario.next_state(status=ScenarioStatus.QUEUED, progress=0.0, started_at=None)
            self._store.save_scenario(scenario.record(state))
            with self._locks.state:
                self._registry.publish(scenario, state)
                self._processor.take_in(scenario)
                replaced = self._processor.settle()
        self._processor.replace(*replaced)

    # ------------------------------------------------------------------ coming, for the session manager

    def restore(self, datasets: Iterable[Dataset], records: Iterable[ScenarioRecord]) -> None:
        """Take over what is in the store already; once, before anyone else knows the session."""
        for dataset in datasets:
            self._data.put(dataset)
        for record in sorted(records, key=lambda each: each.sequence):
            self._sequence = max(self._sequence, record.sequence, record.queue_position or 0)
            if not self._registry.has_tag(record.tag):
                self._registry.add(Scenario.of_record(record, self._owner))

    def resume(self) -> None:
        """Start, in the old order, what was queued or processing when the server stopped (contract DUR-2).

        And create what `autocreate` asks for. In a store that servers share, what is queued was taken in as any other
        server's change.
        """
        if not self._store.shared:
            waiting = [s for s in self._registry.list() if s.status is ScenarioStatus.QUEUED]
            waiting.sort(key=lambda each: each.state.queue_position or 0)
            with self._locks, self._locks.state:
                runs = [self._processor.admit(scenario) for scenario in waiting]
            for run in runs:
                self._processor.start(run)
        if self._autocreate:
            self.auto_create_scenarios()
