"""One session's scenarios and datasets: every operation on them, safe from any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from algomancy_data import (
    BaseDataSource,
    DataManager,
    Dataset,
    ETLFactory,
    Schema,
    StatelessDataManager,
)
from algomancy_data.file import ReadLimits
from algomancy_scenario.basealgorithm import BaseAlgorithm
from algomancy_scenario.core_configuration import CACHE_BYTES, core_of
from algomancy_scenario.keyperformanceindicator import BaseKPI
from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.persistence.cache import Cache
from algomancy_scenario.persistence.datasets import files_in
from algomancy_scenario.persistence.directory import SingleFolderStore
from algomancy_scenario.persistence.port import MemorySessionStore, SessionStore
from algomancy_scenario.persistence.scenario_record import ScenarioRecord
from algomancy_scenario.running.executor import RunExecutor
from algomancy_scenario.scenario import Scenario
from algomancy_scenario.scenariofactory import ScenarioFactory
from algomancy_scenario.scenarioprocessor import ScenarioProcessor
from algomancy_scenario.scenarioregistry import ScenarioRegistry, SessionLocks
from algomancy_scenario.sessions.events import Listener
from algomancy_scenario.sessions.owners import SessionGoneError
from algomancy_scenario.sessions.scenarios import SessionScenarios
from algomancy_utils import BaseParameterSet, Logger
from algomancy_utils.logger import SilentLogger


class ScenarioManager(SessionScenarios):
    """The scenarios and datasets of one session.

    All methods may be called from any thread; see `SessionLocks` for how they are kept apart. Changes that return are
    stored. Look-ups are answered from memory.

    Args:
        etl_factory: The class that reads raw files.
        kpis: KPI classes by name.
        algorithms: Algorithm classes by name.
        schemas: The schemas of the raw files.
        data_object_type: The class of the datasets.
        data_folder: The session's folder: its datasets, and sub-folders of raw files.
        logger: Where the session and the user's classes report to.
        scenario_save_location: Taken for compatibility: scenarios are stored beside the datasets.
        has_persistent_state: Whether changes are stored in `data_folder`.
        save_type: The form datasets are stored in: `"json"`.
        autocreate: Whether every dataset gets a scenario `"<key> [auto]"`.
        default_algo_name: The algorithm of such a scenario.
        default_param_values: The values of its parameters.
        autorun: Whether a scenario is queued as soon as it is created.
        data_manager: The datasets, where the caller has made their manager.
        scenario_repository: Taken for compatibility; must be `None`.
        catalog: The algorithms and KPIs, when they are shared with other sessions.
        executor: Where scenarios run; threads of its own when left out.
        store: Where changes are stored; chosen by the arguments above when left out.
        limits: How much an uploaded file may hold.

    Raises:
        ValueError: The folder is in use by another server, or an argument cannot be what it was given.
    """

    nonblocking = True
    """Look-ups are answered from memory and may be called on an event loop."""

    def __init__(
        self,
        etl_factory: type[ETLFactory],
        kpis: Mapping[str, type[BaseKPI]],
        algorithms: Mapping[str, type[BaseAlgorithm]],
        schemas: Sequence[Schema | type[Schema]],
        data_object_type: type[BaseDataSource],
        data_folder: str | None = None,
        logger: Logger | None = None,
        scenario_save_location: str = "scenarios.json",  # noqa: ARG002 - for compatibility
        has_persistent_state: bool = False,
        save_type: str = "json",
        autocreate: bool = False,
        default_algo_name: str | None = None,
        default_param_values: Mapping[str, Any] | None = None,
        autorun: bool = False,
        data_manager: DataManager | None = None,
        scenario_repository: object = None,
        *,
        catalog: Catalog | None = None,
        executor: RunExecutor | None = None,
        store: SessionStore | None = None,
        limits: ReadLimits | None = None,
    ) -> None:
        if scenario_repository is not None:
            raise ValueError("Scenarios are kept in the session's own store: there can be no 'scenario_repository'.")
        self.save_type = save_type
        report = logger  # Who gave none does not want to hear of every run.
        self.logger = logger = logger or SilentLogger()
        data = data_manager or StatelessDataManager(
            etl_factory=etl_factory, schemas=schemas, data_object_type=data_object_type, logger=logger, limits=limits
        )
        folder = None if data_folder is None else Path(data_folder)
        own_folder = None
        if store is None and has_persistent_state and folder is not None:
            store = own_folder = SingleFolderStore(folder, data_object_type, Cache(CACHE_BYTES))
        store = store or MemorySessionStore(folder)
        registry = ScenarioRegistry(report, locks=SessionLocks(store.guard), cache=store.cache)
        factory = ScenarioFactory(kpis, algorithms, data, logger, catalog=catalog)
        processor = ScenarioProcessor(report, registry=registry, store=store, executor=executor)
        processor.auto_run_scenarios = autorun
        super().__init__(registry, factory, data, store, processor)
        self._autocreate, self._default_algorithm = autocreate, default_algo_name
        self._default_values = default_param_values
        self._own_folder = own_folder
        if own_folder is not None:
            stored = own_folder.load()
            self.restore(stored.all_datasets(data.prepare_etl), stored.scenarios)
            self.resume()

    @classmethod
    def from_config(cls, cfg: Any) -> ScenarioManager:  # noqa: ANN401 - anything that has the fields
        """Return the one session of a configuration; its folder is `data_path` itself.

        Args:
            cfg: The configuration, or anything that has its fields.

        Raises:
            TypeError: It is none.
        """
        core = core_of(cfg)
        return cls(
            **core.session_arguments(),
            data_folder=str(core.data_path),
            has_persistent_state=core.store_kind == "json",
        )

    # ------------------------------------------------------------------ for the session manager

    @property
    def processor(self) -> ScenarioProcessor:
        """What runs the scenarios."""
        return self._processor

    def snapshot(self) -> tuple[list[Dataset], list[ScenarioRecord]]:
        """Return the datasets, and the scenarios in order of creation, as they are at one moment.

        Raises:
            NotFoundError: The session is gone.
        """
        with self._locks:
            datasets = [self._data.get_dataset(key) for key in self._data.get_data_keys()]
            states = self._registry.states()
        return datasets, [scenario.record(state) for scenario, state in states]

    def retire(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Refuse every further change and stop processing; returns at once, whatever is running.

        Args:
            meanwhile: Called while no change can be made; when it raises, nothing has happened.

        Raises:
            NotFoundError: The session is gone already.
        """
        with self._locks:
            meanwhile()
            self._locks.close()
            with self._locks.state:
                stopped = self._processor.close()
        self._processor.replace(stopped, None)

    def tell_listeners(self, session: dict[str, Any], *, ended: bool = False) -> None:
        """Tell whoever listens that the session has another name, or is gone.

        Args:
            session: What they are told of it.
            ended: Whether there is nothing more to come.
        """
        with self._locks.state:
            self._registry.events.session_changed(session, ended=ended)

    def close(self) -> None:
        """Stop processing and refuse every further change; returns at once, whatever is running."""
        with suppress(SessionGoneError):
            self.retire()
        if self._own_folder is not None:
            self._own_folder.close()

    # ------------------------------------------------------------------ what goes on

    def listen(
        self, wake: Callable[[], None], last_event_id: str | None = None, scenario_id: str | None = None
    ) -> Listener:
        """Return somebody who is told of every change of the session from now on; see `SessionEvents.listen`."""
        return self._registry.events.listen(wake, last_event_id, scenario_id)

    @property
    def run_counts(self) -> tuple[int, int]:
        """How many runs there are, none or one, and how many scenarios are queued behind it."""
        return self._processor.counts

    # ------------------------------------------------------------------ what is on offer

    @property
    def has_persistent_state(self) -> bool:
        """Whether the session outlives the process."""
        return self._store.durable

    @property
    def schemas(self) -> list[Any]:
        """The schemas of the raw files."""
        return self._data.schemas

    @property
    def available_algorithms(self) -> list[str]:
        """The names of the algorithms."""
        return self._factory.available_algorithms

    @property
    def available_kpis(self) -> list[str]:
        """The names of the KPIs."""
        return self._factory.available_kpis

    def get_algorithm_parameters(self, key: str) -> BaseParameterSet:
        """Return a new set of an algorithm's parameters, each with its default; `NotFoundError` without one."""
        return self._factory.catalog.algorithms.get_parameters(key)

    def get_data_parameters(self, dataset_key: str) -> BaseParameterSet:
        """Return a new set of a dataset's own parameters, often none; `NotFoundError` without a dataset."""
        return self._factory.parameters_of(self._factory.dataset(dataset_key))

    def get_associated_parameters(
        self, algo_name: str, dataset_key: str | None = None
    ) -> tuple[BaseParameterSet, BaseParameterSet]:
        """Return new sets of an algorithm's parameters and of a dataset's own. See `ScenarioFactory`."""
        return self._factory.get_associated_parameters(algo_name, dataset_key)

    # ------------------------------------------------------------------ for trying things out

    def debug_load_data(self, dataset_name: str) -> None:
        """Make a dataset of the sub-folder of raw files of this name in the session's folder.

        Raises:
            ValueError: There is no such folder, or its files are not valid.
        """
        result = self.etl_data(files_in(self._own_file(dataset_name)), dataset_name)
        if not result.is_success:
            raise ValueError(f"The files in '{dataset_name}' are not valid.")

    debug_etl_data = debug_load_data

    def debug_load_serialized_data(self, file_name: str) -> None:
        """Add the dataset of a file in `to_json()` form in the session's folder.

        Raises:
            ValueError: There is no such file, or it holds no dataset.
        """
        path = self._own_file(file_name)
        if not path.is_file():
            raise ValueError(f"There is no file '{file_name}'.")
        self.add_datasource_from_json(path.read_bytes())

    def debug_create_and_run_scenario(
        self, scenario_tag: str, dataset_key: str, algo_name: str, algo_params: Mapping[str, Any]
    ) -> Scenario[Any]:
        """Create a scenario, run it, wait for its end and return it; see `create_scenario`."""
        scenario = self.create_scenario(scenario_tag, dataset_key, algo_name, algo_params)
        scenario.process()
        return scenario

    def _own_file(self, name: str) -> Path:
        if self._store.folder is None:
            raise ValueError("The session has no folder.")
        if Path(name).name != name:
            raise ValueError(f"'{name}' is no name within the session's folder.")
        return self._store.folder / name
