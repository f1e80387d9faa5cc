"""Data managers: the datasets of one session, in memory or written through to a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from algomancy_data.dataset import Dataset, check_dataset_key
from algomancy_data.datasource import BaseDataSource, DataSource
from algomancy_data.etl import ETLFactory, ETLResult, files_by_name
from algomancy_data.file import File
from algomancy_data.reading.limits import ReadLimits
from algomancy_data.reading.offload import give_back_freed_memory, reuse_freed_memory
from algomancy_data.schema import Schema
from algomancy_utils.errors import NotFoundError
from algomancy_utils.logger import Logger


class DatasetStore(Protocol):
    """Where datasets outlive the process. Both methods return once the change is on disk."""

    def save_dataset(self, key: str, json: bytes) -> None:
        """Keep a dataset, in place of any other of that key.

        Args:
            key: Its key.
            json: The dataset in UTF-8 JSON.
        """

    def delete_dataset(self, key: str) -> None:
        """Forget a dataset; one that is not there is no error."""


class DataManager:
    """The datasets of one session by key, in order of arrival.

    Methods named `prepare_…` do the work that takes time (parsing, user code) and change nothing; `put` and
    `delete_data` are single dictionary operations. So a caller may prepare without a lock and put under one.

    Args:
        etl_factory: The class (or object) that makes ETL pipelines.
        schemas: The schemas of the raw files, as classes or objects.
        data_object_type: The class of data sources.
        logger: Where to report progress.
        limits: How much one file may hold.
    """

    def __init__(
        self,
        etl_factory: type[ETLFactory] | ETLFactory,
        schemas: Iterable[Schema | type[Schema]],
        data_object_type: type[BaseDataSource] = DataSource,
        logger: Logger | None = None,
        limits: ReadLimits | None = None,
    ) -> None:
        self.schemas = list(schemas)
        self.data_object_type = data_object_type
        self.logger = logger
        self.limits = limits or ReadLimits()
        self._etl_factory = etl_factory
        self._datasets: dict[str, Dataset] = {}

    def get_data_keys(self) -> list[str]:
        """Return the keys of all datasets, in order of arrival."""
        return list(self._datasets)

    def has_data(self, key: str) -> bool:
        """Tell whether there is a dataset of that key."""
        return key in self._datasets

    def get_dataset(self, key: str) -> Dataset:
        """Return a dataset.

        Raises:
            NotFoundError: There is none of that key.
        """
        dataset = self._datasets.get(key)
        if dataset is None:
            raise NotFoundError.among("Dataset", key, self._datasets)
        return dataset

    def get_data(self, key: str) -> BaseDataSource:
        """Return the data source of a dataset.

        Raises:
            NotFoundError: There is none of that key.
        """
        return self.get_dataset(key).source

    def get_data_as_bytes(self, key: str) -> bytes:
        """Return a dataset as UTF-8 JSON, encoded once.

        Raises:
            NotFoundError: There is none of that key.
        """
        return self.get_dataset(key).json

    def get_data_as_json(self, key: str) -> str:
        """Return a dataset as JSON text.

        Raises:
            NotFoundError: There is none of that key.
        """
        return self.get_data_as_bytes(key).decode()

    def put(self, dataset: Dataset) -> None:
        """Keep a dataset under its key, in place of any other.

        Raises:
            ValueError: The key may not name a dataset.
        """
        self._datasets[check_dataset_key(dataset.key)] = dataset

    def set_data(self, key: str, source: BaseDataSource) -> None:
        """Keep a data source under a key, in place of any other.

        Raises:
            ValueError: The key may not name a dataset.
        """
        self.put(Dataset.of_source(source, key))

    def delete_data(self, key: str) -> None:
        """Forget a dataset.

        Raises:
            NotFoundError: There is none of that key.
        """
        if self._datasets.pop(key, None) is None:
            raise NotFoundError.among("Dataset", key, self._datasets)

    def prepare_derived(self, key: str, new_key: str) -> Dataset:
        """Return an independent copy of a dataset under another key, not kept yet.

        Raises:
            NotFoundError: There is no dataset `key`.
            ValueError: `new_key` may not name a dataset.
        """
        return self.get_dataset(key).derive(check_dataset_key(new_key))

    def prepare_from_json(self, payload: str | bytes) -> Dataset:
        """Return the dataset a `to_json` text holds, keyed by its name, not kept yet.

        Raises:
            ValueError: The text holds no dataset, or its name may not be a key.
        """
        if not payload:
            raise ValueError("The JSON is empty.")
        dataset = Dataset.of_json(payload, self.data_object_type)
        check_dataset_key(dataset.key)
        return dataset

    def prepare_etl(self, files: Mapping[str, File] | Iterable[File], name: str) -> ETLResult:
        """Run the ETL pipeline over raw files; nothing is kept yet.

        Args:
            files: The files, by logical name or in any order.
            name: The key of the dataset they make.

        Raises:
            ETLConstructionError: A file is missing, or not expected.
            ValueError: The name may not be a key, a file cannot be read, or the tables made hold what JSON cannot say.
            TypeError: The user's loader gave no data source.
        """
        check_dataset_key(name)
        given = files_by_name(files)
        for file in given.values():
            file.limits = self.limits
        reuse_freed_memory()
        try:
            result: ETLResult = self.make_etl_factory().build_pipeline(name, given, self.logger).run()
        finally:
            give_back_freed_memory()
        if result.is_success:
            source: object = result.datasource
            if not isinstance(source, BaseDataSource):
                raise TypeError(f"The loader of dataset '{name}' gave no data source but {source!r}.")
            if isinstance(source, DataSource):
                # What a run sees now is what it sees after a restart.
                result.validation_result.extend(source.settle())
        return result

    def derive_data(self, key: str, new_key: str) -> None:
        """Keep an independent copy of a dataset under another key; see `prepare_derived`."""
        self.put(self.prepare_derived(key, new_key))

    def add_datasource_from_json(self, payload: str | bytes) -> None:
        """Keep the dataset a `to_json` text holds; see `prepare_from_json`."""
        self.put(self.prepare_from_json(payload))

    def etl_data(self, files: Mapping[str, File] | Iterable[File], name: str) -> ETLResult:
        """Run the ETL pipeline over raw files and keep what it made; on failure nothing is kept.

        See `prepare_etl`.
        """
        result = self.prepare_etl(files, name)
        if result.is_success and result.datasource is not None:
            self.set_data(name, result.datasource)
        return result

    def store_data_as_json(self, key: str) -> None:
        """Write a dataset to the store, where there is one; in memory there is nothing to do.

        Raises:
            NotFoundError: There is none of that key.
        """
        self.get_dataset(key)

    def make_etl_factory(self) -> Any:  # noqa: ANN401 - a user's factory need not descend from ours
        """Return the factory of ETL pipelines, made anew when it was given as a class."""
        factory = self._etl_factory
        if not isinstance(factory, type):
            return factory
        return factory(self.schemas, self.logger)


class StatelessDataManager(DataManager):
    """Keeps the datasets in memory alone."""


class StatefulDataManager(DataManager):
    """Writes every change to a store before it shows.

    Args:
        etl_factory: As in `DataManager`.
        schemas: As in `DataManager`.
        data_object_type: As in `DataManager`.
        logger: As in `DataManager`.
        limits: As in `DataManager`.
        store: Where the datasets are kept.
    """

    def __init__(
        self,
        etl_factory: type[ETLFactory] | ETLFactory,
        schemas: Iterable[Schema | type[Schema]],
        data_object_type: type[BaseDataSource] = DataSource,
        logger: Logger | None = None,
        limits: ReadLimits | None = None,
        *,
        store: DatasetStore,
    ) -> None:
        super().__init__(etl_factory, schemas, data_object_type, logger, limits)
        self._store = store

    def put(self, dataset: Dataset) -> None:
        """Write a dataset to the store, then keep it under its key, in place of any other.

        Raises:
            ValueError: The key may not name a dataset.
        """
        self._store.save_dataset(check_dataset_key(dataset.key), dataset.json)
        super().put(dataset)

    def delete_data(self, key: str) -> None:
        """Remove a dataset from the store, then forget it.

        Raises:
            NotFoundError: There is none of that key.
        """
        self.get_dataset(key)
        self._store.delete_dataset(key)
        super().delete_data(key)

    def store_data_as_json(self, key: str) -> None:
        """Write a dataset to the store again.

        Raises:
            NotFoundError: There is none of that key.
        """
        self._store.save_dataset(key, self.get_dataset(key).json)

    def adopt(self, dataset: Dataset) -> None:
        """Keep a dataset that the store holds already, as when starting up.

        Raises:
            ValueError: The key may not name a dataset.
        """
        super().put(dataset)
