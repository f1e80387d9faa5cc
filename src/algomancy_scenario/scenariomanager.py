"""One session's scenarios and datasets: every operation on them, safe from any thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from algomancy_data import BaseDataSource, DataManager, ETLResult, File
from algomancy_scenario.core_configuration import CoreConfig
from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.persistence.memory import MemorySessionStore
from algomancy_scenario.persistence.port import SessionStore
from algomancy_scenario.persistence.raw_datasets import files_in
from algomancy_scenario.running.executor import RunExecutor, ThreadExecutor
from algomancy_scenario.scenario import Scenario
from algomancy_scenario.session_core import SessionCore
from algomancy_scenario.sessions.locks import SessionGoneError
from algomancy_utils import BaseParameterSet, Runtime


class ScenarioManager:
    """The scenarios and datasets of one session.

    All methods may be called from any thread; see `SessionLocks` for how they are kept apart. Changes that return are
    stored. Look-ups are answered from memory.

    Args:
        config: The configuration.
        catalog: Its algorithms and KPIs, when there is one already to be shared.
        executor: Where scenarios run; threads of its own when left out.
        runtime: Clock and identifiers.
        store: Where changes are stored; nowhere when left out.
        durable: Whether the store outlives the process.

    Attributes:
        core: The session's parts, for the session manager.
    """

    nonblocking = True
    """Look-ups are answered from memory and may be called on an event loop."""

    def __init__(
        self,
        config: CoreConfig,
        *,
        catalog: Catalog | None = None,
        executor: RunExecutor | None = None,
        runtime: Runtime | None = None,
        store: SessionStore | None = None,
        durable: bool = False,
    ) -> None:
        self.core = SessionCore(
            config,
            catalog or Catalog(config.algorithms, config.kpis),
            executor or ThreadExecutor(),
            runtime or Runtime(),
            store or MemorySessionStore(),
            durable,
        )
        self._data = self.core.datasets.manager
        self._registry = self.core.registry
        self._on_close: Callable[[], None] | None = None

    @classmethod
    def from_config(cls, cfg: CoreConfig) -> ScenarioManager:
        """Return the manager of the default session of a configuration; closing it closes that server's state.

        Args:
            cfg: The configuration.
        """
        from algomancy_scenario.sessionmanager import SessionManager

        sessions = SessionManager.from_config(cfg)
        manager = sessions.get_scenario_manager(sessions.start_session_id)
        manager._on_close = sessions.close
        return manager

    # ------------------------------------------------------------------ what is on offer

    @property
    def available_algorithms(self) -> list[str]:
        """The names of the algorithms."""
        return self.core.catalog.algorithms.available_algorithms

    @property
    def available_kpis(self) -> list[str]:
        """The names of the KPIs."""
        return self.core.catalog.kpi_names

    def get_algorithm_parameters(self, name: str) -> BaseParameterSet:
        """Return a new set of an algorithm's parameters, each with its default.

        Raises:
            NotFoundError: There is no such algorithm.
        """
        return self.core.catalog.algorithms.get_parameters(name)

    def get_data_parameters(self, key: str) -> BaseParameterSet:
        """Return a new set of a dataset's own parameters, each with its default; often none.

        Raises:
            NotFoundError: There is no such dataset.
        """
        return self.core.datasets.parameters(self._data.get_dataset(key))

    # ------------------------------------------------------------------ datasets

    @property
    def data_manager(self) -> DataManager:
        """The session's datasets; change them through this manager only."""
        return self._data

    def get_data_keys(self) -> list[str]:
        """Return the keys of the datasets, in the order in which they were added."""
        return self._data.get_data_keys()

    def has_data(self, key: str) -> bool:
        """Tell whether there is a dataset of this key."""
        return self._data.has_data(key)

    def get_data(self, key: str) -> BaseDataSource:
        """Return a dataset's data source; its tables are made when first asked for.

        Raises:
            NotFoundError: There is no such dataset.
        """
        return self._data.get_data(key)

    def get_data_as_json(self, key: str) -> str:
        """Return a dataset in `to_json()` form.

        Raises:
            NotFoundError: There is no such dataset.
        """
        return self._data.get_data_as_json(key)

    def get_data_as_bytes(self, key: str) -> bytes:
        """Return a dataset in `to_json()` form, as UTF-8; encoded once.

        Raises:
            NotFoundError: There is no such dataset.
        """
        return self._data.get_data_as_bytes(key)

    def set_data(self, key: str, source: BaseDataSource) -> None:
        """Add a dataset, or replace one that no scenario references.

        Args:
            key: Its key.
            source: The data. Do not change it afterwards.

        Raises:
            ValueError: The key is not allowed.
            PreconditionError: A scenario references the dataset that has this key.
        """
        self.core.datasets.set(key, source)
        self.core.autocreation.serve(key)

    def derive_data(self, key: str, new_key: str) -> None:
        """Copy a dataset under a new key, with a new id, as derived data.

        Raises:
            NotFoundError: There is no such dataset.
            ValueError: The new key is not allowed.
            PreconditionError: The new key is taken.
        """
        self.core.datasets.derive(key, new_key)
        self.core.autocreation.serve(new_key)

    def delete_data(self, key: str) -> None:
        """Delete a dataset.

        Raises:
            NotFoundError: There is no such dataset.
            PreconditionError: A scenario references it.
        """
        self.core.datasets.delete(key)

    def add_datasource_from_json(self, payload: str | bytes) -> str:
        """Add a dataset from its `to_json()` form, or replace one that no scenario references.

        Args:
            payload: The JSON text; `metadata.name` becomes the key.

        Returns:
            The key.

        Raises:
            ValueError: It is no such text, or its name is not allowed as a key.
            PreconditionError: A scenario references the dataset that has this key.
        """
        key = self.core.datasets.add_from_json(payload)
        self.core.autocreation.serve(key)
        return key

    def etl_data(self, files: Mapping[str, File] | Iterable[File], name: str) -> ETLResult:
        """Make a dataset from raw files, or replace one that no scenario references.

        Args:
            files: The files, by logical name.
            name: The key of the dataset.

        Returns:
            What the ETL found. When it failed, no dataset is added or replaced.

        Raises:
            ValueError: The key is not allowed, a file is missing, unexpected or unreadable.
            PreconditionError: A scenario references the dataset that has this key.
        """
        result = self.core.datasets.etl(files, name)
        if result.is_success:
            self.core.autocreation.serve(name)
        return result

    def debug_load_data(self, dataset_dir: str | os.PathLike[str]) -> ETLResult:
        """Make a dataset from a folder of raw files, as `etl_data` does; the folder's name becomes the key.

        Raises:
            ValueError: There is no such folder, or as `etl_data`.
        """
        folder = Path(dataset_dir)
        return self.etl_data(files_in(folder), folder.resolve().name)

    def store_data_as_json(self, key: str) -> None:
        """Write a dataset to the store, where a durable session has it already.

        Raises:
            NotFoundError: There is no such dataset.
        """
        self.core.datasets.write(key)

    # ------------------------------------------------------------------ scenarios

    @property
    def revision(self) -> int:
        """A number that grows with every change of a scenario of this session, progress included."""
        return self._registry.revision

    @property
    def currently_processing(self) -> Scenario | None:
        """The scenario now running."""
        return self.core.processor.processing

    def create_scenario(
        self,
        tag: str,
        dataset_key: str,
        algo_name: str,
        algo_params: Mapping[str, Any] | None = None,
        data_params: Mapping[str, Any] | None = None,
    ) -> Scenario:
        """Create a scenario; under `autorun` it is queued at once.

        Args:
            tag: What it is called, unique within the session.
            dataset_key: The key of its dataset.
            algo_name: The name of its algorithm.
            algo_params: Values of the algorithm's parameters; the others keep their defaults.
            data_params: Values of the dataset's own parameters; likewise.

        Returns:
            The scenario.

        Raises:
            NotFoundError: There is no such algorithm or dataset.
            PreconditionError: The tag is taken.
            ParameterError: A parameter is unknown or its value not allowed.
            ValueError: The tag is blank.
        """
        return self.core.scenarios.create(
            tag, dataset_key, algo_name, algo_params, data_params, queue=self.core.autocreation.autorun
        )

    def get_by_id(self, scenario_id: str) -> Scenario | None:
        """Return a scenario, `None` when there is none of this id."""
        return self._registry.by_id(scenario_id)

    def get_by_tag(self, tag: str) -> Scenario | None:
        """Return a scenario, `None` when there is none of this tag."""
        return self._registry.by_tag(tag)

    def list_scenarios(self) -> list[Scenario]:
        """Return the scenarios in order of creation."""
        return self._registry.scenarios()

    def list_ids(self) -> list[str]:
        """Return the ids of the scenarios in order of creation."""
        return [scenario.id for scenario in self._registry.scenarios()]

    def list_tags(self) -> list[str]:
        """Return the tags of the scenarios in order of creation."""
        return [scenario.tag for scenario in self._registry.scenarios()]

    def scenarios_as_bytes(self) -> bytes:
        """Return the array of all scenario objects as JSON; made once for each `revision`."""
        return self._registry.as_bytes()

    def delete_scenario(self, scenario_id: str) -> bool:
        """Delete a scenario; its run, if there is one, is stopped.

        Returns:
            Whether there was one of this id.
        """
        return self.core.scenarios.delete(scenario_id)

    # ------------------------------------------------------------------ processing

    def process_scenario_async(self, scenario: Scenario) -> None:
        """Queue a scenario for its run.

        Args:
            scenario: A scenario of this session.

        Raises:
            NotFoundError: It is no longer a scenario of this session.
            PreconditionError: It is queued, processing or finished already.
        """
        self.core.scenarios.queue(scenario.id)

    def cancel_scenario(self, scenario_id: str) -> Scenario:
        """Cancel a queued or processing scenario: it fails with the error `Cancelled`.

        Returns:
            The scenario.

        Raises:
            NotFoundError: There is no such scenario.
            PreconditionError: It is neither queued nor processing.
        """
        return self.core.scenarios.cancel(scenario_id)

    def reset_scenario(self, scenario_id: str) -> Scenario:
        """Take a scenario back to `created`, without result, KPI values and progress.

        Returns:
            The scenario.

        Raises:
            NotFoundError: There is no such scenario.
            PreconditionError: It is queued or processing.
        """
        return self.core.scenarios.reset(scenario_id)

    def wait_for_processing(self, timeout: float | None = None) -> bool:
        """Wait until no scenario is queued or running.

        Args:
            timeout: How many seconds at most; no limit when left out.

        Returns:
            Whether that is so; `False` means the time is up.
        """
        return self.core.processor.wait(timeout)

    def shutdown_processing(self) -> None:
        """Stop the current run and start none any more; returns at once.

        What was queued or running stays stored as queued: a durable server runs it after its next start.
        """
        with suppress(SessionGoneError):
            self.core.stop_processing()

    def close(self) -> None:
        """Stop processing and refuse every further change; returns at once, whatever is running."""
        with suppress(SessionGoneError):
            self.core.retire()
        on_close, self._on_close = self._on_close, None
        if on_close is not None:
            on_close()

    def toggle_autorun(self, value: bool | None = None) -> bool:
        """Switch `autorun` on or off, or to the opposite when no value is given; return the new setting."""
        autocreation = self.core.autocreation
        autocreation.autorun = not autocreation.autorun if value is None else value
        return autocreation.autorun

    def toggle_autocreate(self, value: bool | None = None) -> bool:
        """Switch `autocreate` on or off; it works on datasets added from now on.

        Args:
            value: The new setting; the opposite of the present one when left out.

        Returns:
            The new setting.

        Raises:
            ValueError: It cannot be on, for there is no default algorithm.
        """
        return self.core.autocreation.toggle(value)
