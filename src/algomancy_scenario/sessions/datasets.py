"""The datasets of one session, protected from changes that a scenario would notice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from algomancy_data import (
    BaseDataSource,
    DataManager,
    Dataset,
    ETLResult,
    File,
    StatefulDataManager,
    StatelessDataManager,
)
from algomancy_data.dataset import check_dataset_key
from algomancy_scenario.core_configuration import CoreConfig
from algomancy_scenario.persistence.port import SessionStore
from algomancy_scenario.scenario import Scenario
from algomancy_scenario.sessions.locks import SessionLocks
from algomancy_utils import BaseParameterSet, EmptyParameters, PreconditionError


class SessionDatasets:
    """Adds, replaces and deletes datasets.

    What takes time, parsing, encoding and user code, happens before the session's mutex is taken.

    Args:
        config: The configuration.
        locks: The session's locks.
        store: Where datasets are stored.
        durable: Whether the store outlives the process.
        references: Tells how many scenarios use a dataset.
    """

    def __init__(
        self,
        config: CoreConfig,
        locks: SessionLocks,
        store: SessionStore,
        durable: bool,
        references: Callable[[str], int],
    ) -> None:
        self._locks = locks
        self._store = store
        self._durable = durable
        self._references = references
        cls = config.data_object_type
        # Only a class with parameters of its own is worth making the tables for.
        self.has_parameters = cls.initialize_data_parameters is not BaseDataSource.initialize_data_parameters
        parts = (config.etl_factory, config.schemas, cls, None, config.read_limits)
        self.manager: DataManager = (
            StatefulDataManager(*parts, store=store) if durable else StatelessDataManager(*parts)
        )

    def parameters(self, dataset: Dataset) -> BaseParameterSet:
        """Return a new set of a dataset's own parameters, each with its default."""
        return dataset.source.initialize_data_parameters() if self.has_parameters else EmptyParameters()

    def of(self, scenario: Scenario) -> Dataset:
        """Return the dataset of a scenario.

        Raises:
            NotFoundError: It is not there any more.
        """
        return self.manager.get_dataset(scenario.input_data_key)

    def all(self) -> list[Dataset]:
        """Return the datasets, in the order in which they were added. Call it with the mutex held."""
        return [self.manager.get_dataset(key) for key in self.manager.get_data_keys()]

    def adopt(self, dataset: Dataset) -> None:
        """Take over a dataset that is in the store already."""
        if isinstance(self.manager, StatefulDataManager):
            self.manager.adopt(dataset)
        else:
            self.manager.put(dataset)

    def set(self, key: str, source: BaseDataSource) -> None:
        """Add or replace a dataset. See `ScenarioManager.set_data`."""
        self._put(Dataset.of_source(source, key))

    def derive(self, key: str, new_key: str) -> None:
        """Copy a dataset under a new key. See `ScenarioManager.derive_data`."""
        check_dataset_key(new_key)
        self._refuse_if_taken(new_key)
        self._put(self.manager.prepare_derived(key, new_key), replace=False)

    def add_from_json(self, payload: str | bytes) -> str:
        """Add or replace a dataset. See `ScenarioManager.add_datasource_from_json`."""
        dataset = self.manager.prepare_from_json(payload)
        self._put(dataset)
        return dataset.key

    def etl(self, files: Mapping[str, File] | Iterable[File], name: str) -> ETLResult:
        """Make a dataset from raw files. See `ScenarioManager.etl_data`."""
        check_dataset_key(name)
        self._refuse_if_referenced(name, "replaced")
        result = self.manager.prepare_etl(files, name)
        if result.is_success and result.datasource is not None:
            self._put(Dataset.of_source(result.datasource, name))
        return result

    def delete(self, key: str) -> None:
        """Delete a dataset. See `ScenarioManager.delete_data`."""
        with self._locks:
            self.manager.get_dataset(key)
            self._refuse_if_referenced(key, "deleted")
            self.manager.delete_data(key)

    def write(self, key: str) -> None:
        """Write a dataset to the store again. See `ScenarioManager.store_data_as_json`."""
        _ = self.manager.get_dataset(key).json
        with self._locks:
            self.manager.store_data_as_json(key)

    def _put(self, dataset: Dataset, *, replace: bool = True) -> None:
        check_dataset_key(dataset.key)
        if self._durable:
            # Encodes it, which the store would otherwise make happen with the mutex held.
            _ = dataset.json
        with self._locks:
            if not replace:
                self._refuse_if_taken(dataset.key)
            self._refuse_if_referenced(dataset.key, "replaced")
            self.manager.put(dataset)

    def _refuse_if_taken(self, key: str) -> None:
        if self.manager.has_data(key):
            raise PreconditionError(f"Dataset '{key}' exists already.")

    def _refuse_if_referenced(self, key: str, action: str) -> None:
        # Scenarios may name a dataset whose file was lost: it can be brought back while they are there.
        count = self._references(key) if self.manager.has_data(key) else 0
        if count:
            users = "a scenario references it" if count == 1 else f"{count} scenarios reference it"
            raise PreconditionError(f"Dataset '{key}' cannot be {action}: {users}.")
