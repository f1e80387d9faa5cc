"""Datasets that exist as raw files: listed at once, loaded by ETL when somebody first wants what is in them."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from algomancy_data import BaseDataSource, DataClassification, Dataset, ETLResult, File, FileExtension
from algomancy_data.dataset import check_dataset_key
from algomancy_utils import NotFoundError

_log = logging.getLogger(__name__)
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "algomancy:raw-dataset")
_SHOWN_MESSAGES = 3

Extract = Callable[[Mapping[str, File], str], ETLResult]
"""Runs the ETL: files by logical name, and the key of the dataset."""


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
