"""Datasets whose data are elsewhere, and loaded when somebody wants them: from a store, or from raw files by ETL."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import orjson

from algomancy_data import BaseDataSource, DataClassification, Dataset, DataSource, ETLResult, File, FileExtension
from algomancy_data.dataset import check_dataset_key
from algomancy_data.stored.payload import Metadata
from algomancy_scenario.persistence.cache import Cache, Kept
from algomancy_utils import NotFoundError

HEAD = b'{"metadata":{"id":'
"""How a document in canonical form begins, which is the one that servers write."""

Extract = Callable[[Mapping[str, File], str], ETLResult]
"""Runs the ETL: files by logical name, and the key of the dataset."""

_CHECKED_BYTES = 8 << 20
_HEAD_CHARACTERS = 1 << 20
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "algomancy:raw-dataset")
_SHOWN_MESSAGES = 3

_TABLES_PER_JSON = 2
"""How much more memory tables take than their JSON has bytes, about."""

_log = logging.getLogger(__name__)


class StoredDataset(Dataset):
    """A dataset whose JSON is in a store, and in memory as long as the cache has room. Any thread may use it.

    Args:
        key: The key it is kept under.
        ds_id: Its identifier.
        ds_type: Where it comes from.
        data_object_type: Its class.
        cache: The cache.
        read: Reads its JSON.
        json: Its JSON, where it is at hand.
    """

    def __init__(
        self,
        key: str,
        ds_id: str,
        ds_type: DataClassification,
        data_object_type: type[BaseDataSource],
        cache: Cache,
        read: Callable[[], bytes],
        json: bytes | None = None,
    ) -> None:
        # Not the constructor of `Dataset`: it wants the data, or JSON, and keeps it.
        self.key = key
        self.id = ds_id
        self.ds_type = ds_type
        self._lock = threading.Lock()
        self._data_object_type = data_object_type
        self._read = read
        self._kept_json: Kept[bytes] = Kept(cache)
        self._kept_source: Kept[BaseDataSource] = Kept(cache)
        if json is not None:
            self._kept_json.put(json, len(json))

    @property
    def source(self) -> BaseDataSource:
        """The data source, made of the JSON when it is asked for."""
        with self._lock:
            return self._kept_source.get(lambda: self._open().source, lambda _: _TABLES_PER_JSON * len(self.json))

    @property
    def json(self) -> bytes:
        """The JSON in UTF-8, read when it is asked for."""
        return self._kept_json.get(self._read, len)

    def derive(self, new_key: str) -> Dataset:
        """Return an independent copy with a new id, classified as derived data.

        Args:
            new_key: The key and name of the copy.
        """
        return self._open().derive(new_key)

    def _open(self) -> Dataset:
        dataset = open_stored(self.json, self._data_object_type)
        dataset.key = self.key
        return dataset


def open_stored(document: bytes, data_object_type: type[BaseDataSource]) -> Dataset:
    """Make a dataset of a stored document, under its name.

    A document in the canonical form is kept as it is, its tables are made when somebody wants them. One of more than
    8 MiB is then not read in full: files of that size appear whole or not at all, for they are renamed into place.

    Args:
        document: The document.
        data_object_type: The class of the datasets.

    Raises:
        ValueError: It is no such document. Of other classes than `DataSource`, whatever their `from_json` raises.
    """
    metadata = _canonical_metadata(document) if data_object_type is DataSource else None
    if metadata is None:
        return Dataset.of_json(document, data_object_type)
    if len(document) <= _CHECKED_BYTES:
        orjson.loads(document)
    return Dataset(metadata.name, metadata.id, metadata.ds_type, json=document, metadata=metadata)


def _canonical_metadata(document: bytes) -> Metadata | None:
    """Return the metadata of a document in canonical form, `None` when it is in another."""
    head = document[:_HEAD_CHARACTERS].decode("utf-8", "ignore")
    if not document.startswith(HEAD) or not document.endswith(b"}}"):
        return None
    try:
        members, _ = json.JSONDecoder().raw_decode(head, head.index(":") + 1)
        metadata = Metadata(
            id=members["id"],
            name=members["name"],
            ds_type=DataClassification(members["type"]),
            creation_datetime=members["creation_datetime"],
            tables=tuple(members["tables"]),
        )
    except (ValueError, TypeError, KeyError):
        return None
    # Writing it again tells the canonical form from any other way to say the same.
    return metadata if document.startswith(metadata.to_json() + b"{") else None


class RawDataset(Dataset):
    """A folder of raw files as a dataset. Any thread may use it; the first one to need the tables makes them.

    Its id follows from session and key, its creation time from the files: neither changes with a restart.

    Args:
        key: The key it is kept under.
        folder: The raw files; they are read, never written.
        session_id: The session it belongs to.
        extract: Runs the ETL.
    """

    def __init__(self, key: str, folder: Path, session_id: str, extract: Extract) -> None:
        # Not the constructor of `Dataset`: it wants the data, or JSON, and here is neither yet.
        self.key = key
        self.id = str(uuid.uuid5(_NAMESPACE, f"{session_id}/{key}"))
        self.ds_type = DataClassification.MASTER_DATA
        self._source = None
        self._json = None
        self._metadata = None
        self._lock = threading.Lock()
        self._folder = folder
        self._extract = extract
        self._loading = threading.Lock()
        self._failure: str | None = None

    @property
    def source(self) -> BaseDataSource:
        """The data source, made by ETL when first asked for.

        Raises:
            NotFoundError: The files cannot be loaded; the message says why.
        """
        with self._loading:
            if self._source is None:
                if self._failure is None:
                    self._load()
                if self._source is None:
                    raise NotFoundError(f"Dataset '{self.key}' could not be loaded: {self._failure}")
            return self._source

    @property
    def json(self) -> bytes:
        """The JSON in UTF-8, made when first asked for.

        Raises:
            NotFoundError: The files cannot be loaded; the message says why.
        """
        _ = self.source
        return super().json

    def derive(self, new_key: str) -> Dataset:
        """Return an independent copy with a new id, classified as derived data.

        Args:
            new_key: The key and name of the copy.

        Raises:
            NotFoundError: The files cannot be loaded; the message says why.
        """
        _ = self.source
        return super().derive(new_key)

    def _load(self) -> None:
        try:
            files = files_in(self._folder)
            result = self._extract(files, self.key)
        # The ETL is the user's: whatever it raises must not take those down who ask for the dataset.
        except Exception as error:
            _log.exception("Dataset '%s' could not be loaded from its raw files.", self.key)
            self._failure = str(error) if isinstance(error, ValueError) else "its files cannot be read."
            return
        if not result.is_success or result.datasource is None:
            grave = [message for message in result.messages if message.severity != "INFO"]
            texts = [str(message.message) for message in grave][:_SHOWN_MESSAGES]
            self._failure = " ".join(texts) or "its files are not valid."
            _log.error("Dataset '%s' could not be loaded from its raw files: %s", self.key, self._failure)
            return
        source: BaseDataSource = result.datasource
        source.id = self.id
        written = max(
            (Path(file.path).stat().st_mtime for file in files.values() if file.path is not None), default=0.0
        )
        source.creation_datetime = datetime.fromtimestamp(written, UTC)
        self._source = source


def files_in(folder: Path) -> dict[str, File]:
    """Return the files of a folder that the ETL can read, by logical name.

    Args:
        folder: The folder; hidden files, those of other kinds and sub-folders are passed over.

    Raises:
        ValueError: There is no such folder, or two files have one logical name.
    """
    if not folder.is_dir():
        raise ValueError(f"There is no folder '{folder.name}'.")
    files: dict[str, File] = {}
    for path in sorted(folder.iterdir()):
        if not _is_raw_file(path):
            continue
        file = File.from_file_name(path.name, path=path)
        if file.name in files:
            raise ValueError(f"Folder '{folder.name}' has two files of the name '{file.name}'.")
        files[file.name] = file
    return files


def raw_folders(folder: Path) -> dict[str, Path]:
    """Return the sub-folders of raw files in a folder, by the dataset key each stands for.

    Args:
        folder: The folder; hidden sub-folders and those without a file the ETL can read are passed over.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        try:
            if path.name.startswith(".") or not path.is_dir() or not any(map(_is_raw_file, path.iterdir())):
                continue
            found[check_dataset_key(path.name)] = path
        except (ValueError, OSError) as error:
            _log.warning("Folder '%s' is not loaded as a dataset: %s", path.name, error)
    return found


def _is_raw_file(path: Path) -> bool:
    # Office programs leave a file `~$name.xlsx` beside a workbook that is open.
    hidden = path.name.startswith((".", "~$"))
    return not hidden and path.suffix[1:].lower() in set(FileExtension) and path.is_file()
