"""Data managers: the datasets of one session."""

from __future__ import annotations

import inspect
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algomancy_data.dataset import Dataset, check_dataset_key
from algomancy_data.datasource import BaseDataSource, DataSource
from algomancy_data.etl import ETLConstructionError, ETLFactory, ETLResult, files_by_name
from algomancy_data.file import FILE_KINDS, File, ReadLimits, split_file_name
from algomancy_data.schema import FileExtension, Schema
from algomancy_data.validation import ValidationSequence
from algomancy_utils.errors import NotFoundError, PreconditionError
from algomancy_utils.logger import Logger

if TYPE_CHECKING:
    import pandas as pd

RESERVED_FILES = frozenset({"meta.json", "scenarios.json"})
"""Files of a session's folder that are no datasets."""


class DataManager(ABC):
    """The datasets of one session by key, in order of arrival.

    Methods named `prepare_…` do the work that takes time (parsing, user code) and change nothing; `put` and
    `delete_data` are single dictionary operations. So a caller may prepare without a lock and put under one.

    Args:
        etl_factory: The class that makes ETL pipelines.
        schemas: The schemas of the raw files, as classes or objects.
        save_type: The form datasets are stored in: `"json"`.
        data_object_type: The class of data sources.
        logger: Where to report progress.
        limits: How much one file may hold.

    Attributes:
        schemas: The schemas of the raw files.
        logger: Where to report progress.
        limits: How much one file may hold.
    """

    def __init__(
        self,
        etl_factory: type[ETLFactory] | ETLFactory,
        schemas: Iterable[Schema | type[Schema]],
        save_type: str = "json",
        data_object_type: type[BaseDataSource] = DataSource,
        logger: Logger | None = None,
        limits: ReadLimits | None = None,
    ) -> None:
        self.logger = logger
        self.limits = limits or ReadLimits()
        self._etl_factory = etl_factory
        self.schemas = list(schemas)
        self._save_type = save_type
        self._data_object_type = data_object_type
        self._datasets: dict[str, Dataset] = {}

    @property
    def data_object_type(self) -> type[BaseDataSource]:
        """The class of data sources."""
        return self._data_object_type

    @abstractmethod
    def startup(self) -> None:
        """Load what is stored."""

    def log(self, message: str) -> None:
        """Report a message."""
        if self.logger is not None:
            self.logger.log(message)

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

    def get_data(self, data_key: str) -> BaseDataSource | None:
        """Return the data source of a dataset, or None when there is none of that key."""
        dataset = self._datasets.get(data_key)
        return None if dataset is None else dataset.source

    def put(self, dataset: Dataset) -> None:
        """Keep a dataset under its key, in place of any other."""
        self._datasets[dataset.key] = dataset

    def set_data(self, data_key: str, data: BaseDataSource) -> None:
        """Keep a data source under a key, in place of any other.

        Raises:
            ValueError: The key may not name a dataset.
        """
        self.put(Dataset.of_source(data, data_key))

    def add_data_source(self, data_source: BaseDataSource) -> None:
        """Keep a data source under its name; see `set_data`."""
        self.set_data(data_source.name, data_source)

    @abstractmethod
    def delete_data(self, data_key: str, prevent_masterdata_removal: bool = False) -> None:
        """Forget a dataset.

        Args:
            data_key: Its key.
            prevent_masterdata_removal: Leave the files of master data where they are.

        Raises:
            AssertionError: There is none of that key.
        """

    def prepare_derived(self, key: str, new_key: str) -> Dataset:
        """Return an independent copy of a dataset under another key, not kept yet.

        Raises:
            NotFoundError: There is no dataset `key`.
            ValueError: `new_key` may not name a dataset.
        """
        return self.get_dataset(key).derive(new_key)

    def derive_data(self, existing_key: str, derived_key: str) -> None:
        """Keep an independent copy of a dataset under another key.

        Raises:
            AssertionError: There is no dataset `existing_key`, or one `derived_key`.
            ValueError: `derived_key` may not name a dataset.
        """
        self._require(existing_key)
        if self.has_data(derived_key):
            raise PreconditionError(f"Dataset '{derived_key}' exists already.")
        self.put(self.prepare_derived(existing_key, derived_key))

    def prepare_from_json(self, payload: str | bytes) -> Dataset:
        """Return the dataset a `to_json` text holds, keyed by its name, not kept yet.

        Raises:
            ValueError: The text holds no dataset, or its name may not be a key.
        """
        if not payload:
            raise ValueError("The JSON is empty.")
        return Dataset.of_json(payload, self.data_object_type)

    @staticmethod
    def check_existence_of_files(file_name_to_path: Iterable[tuple[str, str]]) -> None:
        """Make sure that files are there.

        Args:
            file_name_to_path: The name and the path of each.

        Raises:
            ETLConstructionError: One is not; the message names it.
        """
        for name, path in file_name_to_path:
            if not Path(path).is_file():
                raise ETLConstructionError(f"File '{name}' is missing: there is none at '{path}'.")

    def prepare_files(
        self,
        file_items_with_content: Iterable[tuple[str, str, str]] | None = None,
        file_items_with_path: Iterable[tuple[str, str]] | None = None,
    ) -> dict[str, File]:
        """Return files for `etl_data`, by logical name.

        Args:
            file_items_with_content: Name, extension and content of each, as `File` takes them.
            file_items_with_path: Name and path of each; the schema of that name tells the kind of file, else the path.

        Raises:
            ETLConstructionError: There is no file, or one is missing.
            ValueError: A file is of no kind that can be read.
        """
        with_path = list(file_items_with_path or ())
        self.check_existence_of_files(with_path)
        kinds = {schema.file_name(): schema.extension() for schema in self.schemas}
        files: dict[str, File] = {}
        for name, extension, content in file_items_with_content or ():
            kind = File(name, extension, content="").extension
            files[name] = FILE_KINDS[kind](name, content=content)
        for name, path in with_path:
            kind = kinds.get(name) or split_file_name(path)[1]
            files[name] = FILE_KINDS[kind](name, path=path)
        if not files:
            raise ETLConstructionError("No file was given.")
        return files

    def prepare_etl(self, files: Mapping[str, File] | Iterable[File], name: str) -> ETLResult:
        """Run the ETL pipeline over raw files; nothing is kept yet.

        Args:
            files: The files, by logical name or in any order.
            name: The key of the dataset they make.

        Raises:
            ETLConstructionError: A file is missing, or not expected.
            ValueError: The name may not be a key, a file cannot be read, or the tables made cannot be written as JSON.
            TypeError: The user's loader gave no data source.
        """
        check_dataset_key(name)
        given = files_by_name(files)
        for file in given.values():
            file.limits = self.limits
        result: ETLResult = self.make_etl_factory().build_pipeline(name, given, self.logger).run()
        if result.is_success:
            source: object = result.datasource
            if not isinstance(source, BaseDataSource):
                raise TypeError(f"The loader of dataset '{name}' gave no data source but {source!r}.")
            if isinstance(source, DataSource):
                # What a run sees now is what it sees after a restart.
                result.messages.extend(source.settle())
        return result

    def etl_data(self, files: Mapping[str, File] | Iterable[File], dataset_name: str) -> ETLResult:
        """Run the ETL pipeline over raw files and keep what it made, if anything; see `prepare_etl`."""
        result = self.prepare_etl(files, dataset_name)
        if result.is_success and result.datasource is not None:
            self.set_data(dataset_name, result.datasource)
        return result

    def create_validation_sequence(self) -> ValidationSequence:
        """Return what checks the tables of raw files."""
        sequence: ValidationSequence = self.make_etl_factory().create_validation_sequence()
        return sequence

    def make_etl_factory(self) -> Any:  # noqa: ANN401 - a user's factory need not descend from ours
        """Return the factory of ETL pipelines, made anew when it was given as a class."""
        factory = self._etl_factory
        if not isinstance(factory, type):
            return factory
        # Where a factory takes the logger as its third argument, or not at all, it has a name for it.
        named = "logger" in inspect.signature(factory).parameters
        return factory(self.schemas, logger=self.logger) if named else factory(self.schemas, self.logger)

    def _require(self, key: str) -> None:
        if not self.has_data(key):
            raise PreconditionError(NotFoundError.among("Dataset", key, self._datasets).message)


class StatelessDataManager(DataManager):
    """Keeps the datasets in memory alone; the arguments are those of `DataManager`."""

    def startup(self) -> None:
        """Do nothing: nothing is stored."""

    def delete_data(self, data_key: str, prevent_masterdata_removal: bool = False) -> None:  # noqa: ARG002 - no files
        """Forget a dataset.

        Raises:
            AssertionError: There is none of that key.
        """
        self._require(data_key)
        del self._datasets[data_key]


class StatefulDataManager(DataManager):
    """Loads the datasets of a folder: `<key>.json` files as `to_json` writes them, and sub-folders of raw files.

    Datasets are written when you ask for it; a server stores what it acknowledges in another way.

    Args:
        etl_factory, schemas, save_type, data_object_type, logger: As in `DataManager`.
        data_folder: The folder.

    Attributes:
        startup_errors: What could not be loaded at startup, with the reason.
    """

    def __init__(
        self,
        etl_factory: type[ETLFactory] | ETLFactory,
        schemas: Iterable[Schema | type[Schema]],
        data_folder: str | Path,
        save_type: str = "json",
        data_object_type: type[BaseDataSource] = DataSource,
        logger: Logger | None = None,
    ) -> None:
        super().__init__(etl_factory, schemas, save_type, data_object_type, logger)
        self._data_folder = Path(data_folder)
        self.startup_errors: list[tuple[str, Exception]] = []

    def startup(self) -> None:
        """Load the datasets of the folder; a file or sub-folder that holds none is left alone."""
        self._load_data_from_data_folder()

    def _load_data_from_data_folder(self) -> None:
        if not self._data_folder.is_dir():
            return
        for entry in sorted(sorted(self._data_folder.iterdir()), key=Path.is_dir):
            ours = entry.is_dir() or (entry.suffix == ".json" and entry.name not in RESERVED_FILES)
            if not ours or entry.name.startswith("."):
                continue
            try:
                (self.load_data_from_dir if entry.is_dir() else self.load_data_from_file)(entry.name)
            # A user's factory may raise anything; the other datasets are loaded all the same.
            except Exception as error:
                self.startup_errors.append((str(entry), error))
                self.log(f"'{entry.name}' is no dataset and is left alone: {error}")

    def load_data_from_file(self, file_name: str, root: str | Path | None = None) -> None:
        """Load a dataset in the form of `to_json`, under its name.

        Args:
            file_name: The name of the file.
            root: The folder it is in; the manager's own when left out.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It holds no dataset.
        """
        self.put(self.prepare_from_json((Path(root or self._data_folder) / file_name).read_bytes()))

    def load_data_from_dir(self, directory: str, root: str | Path | None = None) -> None:
        """Run the ETL pipeline over a folder of raw files; the dataset has the folder's name.

        Args:
            directory: The name of the folder.
            root: The folder it is in; the manager's own when left out.

        Raises:
            FileNotFoundError: There is no such folder.
            ValueError: It cannot be loaded.
        """
        folder = Path(root or self._data_folder) / directory
        files = [path for path in sorted(folder.iterdir()) if path.suffix[1:].lower() in list(FileExtension)]
        prepared = self.prepare_files(file_items_with_path=[(path.stem, str(path)) for path in files])
        if self.etl_data(prepared, directory).is_failure:
            raise ValueError(f"The files of '{directory}' do not pass validation.")

    def delete_data(self, data_key: str, prevent_masterdata_removal: bool = False) -> None:
        """Forget a dataset, and delete its files.

        Args:
            data_key: Its key.
            prevent_masterdata_removal: Leave the files of master data where they are.

        Raises:
            AssertionError: There is none of that key.
        """
        self._require(data_key)
        dataset = self._datasets.pop(data_key)
        if prevent_masterdata_removal and dataset.ds_type == "master_data":
            return
        (self._data_folder / f"{data_key}.json").unlink(missing_ok=True)
        shutil.rmtree(self._data_folder / data_key, ignore_errors=True)

    def store_data(self, dataset_name: str, data: dict[str, pd.DataFrame], USE_OLD_VERSION: bool = True) -> None:
        """Write tables as csv files into a sub-folder, and load them as a dataset.

        Args:
            dataset_name: The name of the folder, and the key of the dataset.
            data: The tables by name.
            USE_OLD_VERSION: There is no other version.

        Raises:
            NotImplementedError: Another version was asked for.
        """
        if not USE_OLD_VERSION:
            raise NotImplementedError("Tables can be stored as csv files only.")
        folder = self._data_folder / check_dataset_key(dataset_name)
        folder.mkdir(parents=True, exist_ok=True)
        for table, frame in data.items():
            frame.to_csv(folder / f"{table}.csv", sep=";", index=False)
        self.load_data_from_dir(dataset_name)

    def store_data_source_as_json(self, dataset_name: str, allow_overwrite: bool = False) -> None:
        """Write a dataset as `<key>.json`.

        Args:
            dataset_name: Its key.
            allow_overwrite: Replace a file of that name.

        Raises:
            AssertionError: There is none of that key, or a file of that name that must not be replaced.
        """
        self._require(dataset_name)
        path = self._data_folder / f"{dataset_name}.json"
        if path.exists() and not allow_overwrite:
            raise PreconditionError(f"Dataset '{dataset_name}' is stored already.")
        path.write_bytes(self.get_dataset(dataset_name).json)
