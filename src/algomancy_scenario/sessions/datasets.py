"""The datasets of one session, protected from changes that a scenario would notice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from algomancy_data import BaseDataSource, DataClassification, DataManager, Dataset, ETLResult, File
from algomancy_data.dataset import check_dataset_key
from algomancy_scenario.persistence.port import SessionStore
from algomancy_scenario.scenariofactory import ScenarioFactory
from algomancy_scenario.scenarioregistry import ScenarioRegistry
from algomancy_utils import PreconditionError, TakenError


class SessionDatasets:
    """What a `ScenarioManager` does with datasets.

    What takes time, parsing, encoding and user code, happens before the session's mutex is taken.

    Args:
        registry: The session's scenarios, with its locks.
        factory: Knows the datasets and their parameters.
        data: The datasets in memory.
        store: Where datasets are stored.
    """

    def __init__(
        self, registry: ScenarioRegistry, factory: ScenarioFactory, data: DataManager, store: SessionStore
    ) -> None:
        self._registry = registry
        self._locks = registry.locks
        self._factory = factory
        self._data = data
        self._store = store
        registry.events.keys = data.get_data_keys

    @property
    def data_manager(self) -> DataManager:
        """The session's datasets; change them through this manager only."""
        return self._data

    def get_data_keys(self) -> list[str]:
        """Return the keys of the datasets, in the order in which they were added."""
        return self._data.get_data_keys()

    def has_data(self, data_key: str) -> bool:
        """Tell whether there is a dataset of this key."""
        return self._data.has_data(data_key)

    def get_data(self, data_key: str) -> BaseDataSource | None:
        """Return a dataset's data source, made when first asked for; `None` when there is no such dataset."""
        return self._data.get_dataset(data_key).source if self._data.has_data(data_key) else None

    def get_data_as_json(self, key: str) -> str:
        """Return a dataset in `to_json()` form; `NotFoundError` without one."""
        return self.get_data_as_bytes(key).decode()

    def get_data_as_bytes(self, key: str) -> bytes:
        """Return a dataset in `to_json()` form as UTF-8, encoded once; `NotFoundError` without one."""
        return self._factory.dataset(key).json

    def set_data(self, data_key: str, data: BaseDataSource) -> None:
        """Add a dataset, or replace one that no scenario references.

        Args:
            data_key: Its key.
            data: The data. Do not change it afterwards.

        Raises:
            ValueError: The key is not allowed.
            PreconditionError: A scenario references the dataset that has this key.
        """
        self._put(Dataset.of_source(data, check_dataset_key(data_key)))
        self._added(data_key)

    def derive_data(self, derive_from_key: str, new_data_key: str) -> None:
        """Copy a dataset under a new key, with a new id, as derived data.

        Raises:
            NotFoundError: There is no such dataset.
            ValueError: The new key is not allowed.
            TakenError: The new key is taken.
        """
        self._refuse_if_taken(new_data_key)
        self._factory.dataset(derive_from_key)
        self._put(self._data.prepare_derived(derive_from_key, new_data_key), replace=False)
        self._added(new_data_key)

    def delete_data(self, data_key: str, prevent_masterdata_removal: bool = False) -> None:
        """Delete a dataset.

        Args:
            data_key: Its key.
            prevent_masterdata_removal: Whether master data are refused.

        Raises:
            NotFoundError: There is no such dataset.
            PreconditionError: A scenario references it, or it is refused.
        """
        dataset = self._factory.dataset(data_key)
        if prevent_masterdata_removal and dataset.ds_type == DataClassification.MASTER_DATA:
            raise PreconditionError(f"Dataset '{data_key}' cannot be deleted: it is master data.")
        with self._locks:
            self._factory.dataset(data_key)
            self._refuse_if_referenced(data_key, "deleted")
            self._store.delete_dataset(data_key)
            self._data.delete_data(data_key)
            with self._locks.state:
                self._registry.events.datasets_changed()

    def add_datasource_from_json(self, json_string: str | bytes) -> str:
        """Add a dataset from its `to_json()` form, or replace one that no scenario references.

        Args:
            json_string: The JSON text; `metadata.name` becomes the key.

        Returns:
            The key.

        Raises:
            ValueError: It is no such text, or its name is not allowed as a key.
            PreconditionError: A scenario references the dataset that has this key.
        """
        dataset = self._data.prepare_from_json(json_string)
        self._put(dataset)
        self._added(dataset.key)
        return dataset.key

    def etl_data(self, files: Mapping[str, File] | Iterable[File], dataset_name: str) -> ETLResult:
        """Make a dataset from raw files, or replace one that no scenario references.

        Args:
            files: The files, by logical name.
            dataset_name: The key of the dataset.

        Returns:
            What the ETL found. When it failed, no dataset is added or replaced.

        Raises:
            ValueError: The key is not allowed, a file is missing, unexpected or unreadable.
            PreconditionError: A scenario references the dataset that has this key.
        """
        self._refuse_if_referenced(dataset_name, "replaced")
        result = self._data.prepare_etl(files, dataset_name)
        if result.is_success and result.datasource is not None:
            self._put(Dataset.of_source(result.datasource, dataset_name))
            self._added(dataset_name)
        return result

    def store_data(self, dataset_name: str, data: Any) -> None:  # noqa: ANN401 - tables by name, or a data source
        """Add a dataset from its tables, or replace one that no scenario references; stored as any other.

        Args:
            dataset_name: Its key.
            data: Data frames by table name, or a data source.

        Raises:
            ValueError, PreconditionError: As `set_data`.
        """
        if not isinstance(data, BaseDataSource):
            source: Any = self._data.data_object_type(DataClassification.MASTER_DATA, dataset_name)
            for name, table in data.items():
                source.add_table(name, table)
            data = source
        self.set_data(dataset_name, data)

    def store_data_as_json(self, set_name: str) -> None:
        """Write a dataset to the store, where a durable session has it already; `NotFoundError` without one."""
        self._encode(self._factory.dataset(set_name))
        with self._locks:
            self._store.save_dataset(self._factory.dataset(set_name))

    def _added(self, key: str) -> None:
        """Called with each dataset that was added or replaced."""

    def _put(self, dataset: Dataset, *, replace: bool = True) -> None:
        self._encode(dataset)
        with self._locks:
            if not replace:
                self._refuse_if_taken(dataset.key)
            self._refuse_if_referenced(dataset.key, "replaced")
            # What runs see is what is stored, so that it is the same after a restart (contract DUR-4).
            self._data.put(self._store.save_dataset(dataset))
            with self._locks.state:
                self._registry.events.datasets_changed()

    def _encode(self, dataset: Dataset) -> None:
        """Have a dataset's JSON made, which may take the user's code, before the mutex is taken."""
        if self._store.durable:
            _ = dataset.json

    def _refuse_if_taken(self, key: str) -> None:
        if self._data.has_data(key):
            raise TakenError(f"Dataset '{key}' exists already.")

    def _refuse_if_referenced(self, key: str, action: str) -> None:
        # Scenarios may name a dataset whose file was lost: it can be brought back while they are there.
        count = self._registry.references(key) if self._data.has_data(key) else 0
        if count:
            users = "a scenario references it" if count == 1 else f"{count} scenarios reference it"
            raise PreconditionError(f"Dataset '{key}' cannot be {action}: {users}.")
