"""One session's folder: its datasets and scenarios as files, and how these are named."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from algomancy_data import BaseDataSource, Dataset
from algomancy_data.dataset import check_dataset_key
from algomancy_data.encoding import decode_json, encode_json
from algomancy_scenario.persistence.atomic import (
    make_folders,
    remove_durably,
    remove_temporary_files,
    remove_tree,
    set_aside,
    sync_folder,
    write_atomically,
    write_synced,
)
from algomancy_scenario.persistence.cache import Cache
from algomancy_scenario.persistence.datasets import HEAD, StoredDataset, open_stored, raw_folders
from algomancy_scenario.persistence.scenario_record import ScenarioRecord
from algomancy_utils import NotFoundError

INTERNAL = ".algomancy"
"""The folder for what is no dataset; hidden, so that a raw dataset can have any name."""

META = "meta.json"
"""Who the session is."""

_LONGEST = 200
_UNSAFE = re.compile(r'[%\\/:*?"<>|\x00-\x1f\x7f]')
_ENCODED = re.compile(r"%[0-9A-F]{2}")
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
_RESERVED = "meta"
_HASHED = "~"

_log = logging.getLogger(__name__)
_Write = Callable[[Path, bytes], None]


class SessionFolder:
    """Reads and writes one session's folder. Calls come one at a time.

    Args:
        path: The folder.
        data_object_type: The class of the datasets.
        cache: Where what was read stays for a while.
    """

    durable = True
    shared = False

    def __init__(self, path: Path, data_object_type: type[BaseDataSource], cache: Cache) -> None:
        self.path = path
        self.folder: Path | None = path
        self.guard: AbstractContextManager[Any] = threading.Lock()
        self._data_object_type = data_object_type
        self.cache = cache
        self._scenarios = path / INTERNAL / "scenarios"
        self._keys = path / INTERNAL / "keys"
        self._removed_file = path / INTERNAL / "removed.json"
        # The file of each dataset, and whose file each name is where the system does not tell letters apart.
        self._names: dict[str, str] = {}
        self._owners: dict[str, str] = {}

    # ------------------------------------------------------------------ the store of a session

    def save_dataset(self, dataset: Dataset) -> Dataset:
        """Write a dataset's file."""
        name = self._choose_name(dataset.key, write_atomically)
        write_atomically(self.path / name, dataset.json)
        self._know(dataset.key, name)
        return self.stored(dataset, dataset.json)

    def delete_dataset(self, key: str) -> None:
        """Remove a dataset's file; raw files stay, and are remembered as deleted."""
        if key in raw_folders(self.path):
            removed = self._removed()
            if key not in removed["raw_datasets"]:
                removed["raw_datasets"].append(key)
                self._write_removed(removed)
        name = self._names.get(key)
        if name is None:
            return
        remove_durably(self.path / name)
        self._forget(key, name)

    def save_scenario(self, record: ScenarioRecord) -> None:
        """Write a scenario's file."""
        make_folders(self._scenarios)
        write_atomically(self._scenarios / f"{record.id}.json", record.encode())

    def delete_scenario(self, scenario_id: str) -> None:
        """Remove a scenario's file."""
        if self._scenarios.is_dir():
            remove_durably(self._scenarios / f"{scenario_id}.json")

    def read_result(self, scenario_id: str) -> bytes:
        """Return the result that is in a scenario's file."""
        document = _read(self._scenarios / f"{scenario_id}.json", f"Scenario '{scenario_id}'")
        return ScenarioRecord.decode(document).result or b"null"

    def begin_run(self, scenario_id: str, started_at: datetime) -> None:
        """Note nothing: no other process may use the folder."""

    def save_progress(self, scenario_id: str, progress: float) -> None:
        """Keep nothing: nobody else reads it."""

    # ------------------------------------------------------------------ coming and going

    def build(self, meta: bytes, datasets: Iterable[Dataset], scenarios: Iterable[ScenarioRecord]) -> None:
        """Write the whole folder, which nobody reads before it is renamed into place."""
        make_folders(self._scenarios)
        write_synced(self.path / META, meta)
        for dataset in datasets:
            name = self._choose_name(dataset.key, write_synced)
            write_synced(self.path / name, dataset.json)
            self._know(dataset.key, name)
        for record in scenarios:
            write_synced(self._scenarios / f"{record.id}.json", record.encode())
        if self._keys.is_dir():
            sync_folder(self._keys)
        sync_folder(self._scenarios)
        sync_folder(self.path)

    def moved_to(self, path: Path) -> SessionFolder:
        """Return this folder under the path it was renamed to."""
        moved = SessionFolder(path, self._data_object_type, self.cache)
        moved._names = self._names
        moved._owners = self._owners
        return moved

    def is_removed(self) -> bool:
        """Tell whether the session was deleted and only files of the user are left."""
        return bool(self._removed()["session"])

    def has_foreign_files(self) -> bool:
        """Tell whether there is anything in the folder that no server wrote."""
        ours = {META, INTERNAL, *self._names.values()}
        return any(path.name not in ours for path in self.path.iterdir())

    def mark_removed(self) -> None:
        """Mark the session as deleted; what a server wrote goes, what the user put there stays."""
        self._write_removed({**self._removed(), "session": True})
        for name in (*self._names.values(), META):
            (self.path / name).unlink(missing_ok=True)
        for folder in (self._scenarios, self._keys):
            if folder.is_dir():
                remove_tree(folder)

    def clean(self) -> None:
        """Delete what a killed server left of files it was writing."""
        for folder in (self.path, self.path / INTERNAL, self._scenarios, self._keys):
            remove_temporary_files(folder)

    # ------------------------------------------------------------------ reading

    def stored(self, dataset: Dataset, json: bytes | None = None) -> Dataset:
        """Return a dataset whose file is here, to be read when asked for; its JSON, where it is at hand."""
        path = self.path / self._names[dataset.key]
        return StoredDataset(
            dataset.key,
            dataset.id,
            dataset.ds_type,
            self._data_object_type,
            self.cache,
            lambda: _read(path, f"Dataset '{dataset.key}'"),
            json,
        )

    def load_datasets(self) -> list[Dataset]:
        """Return the datasets that can be read, in order of their keys.

        Files that cannot are set aside if a server of ours wrote them. All others are the user's and left alone: raw
        data in JSON, say, or what another tool keeps here.
        """
        datasets = []
        for path in _documents(self.path):
            if path.name == META:
                continue
            document = b""
            try:
                document = path.read_bytes()
                dataset = open_stored(document, self._data_object_type)
                dataset.key = check_dataset_key(self._key_of(path.stem, dataset.key))
            # The class of the datasets may be the user's, and raise what it likes.
            except Exception as error:
                if document.startswith(HEAD):
                    set_aside(path, error)
                    continue
                _log.warning("File '%s' is no dataset and is left alone: %s", path, error)
                self._owners[_folded(path.name)] = ""
            else:
                self._know(dataset.key, path.name)
                datasets.append(self.stored(dataset))
        return sorted(datasets, key=attrgetter("key"))

    def find_raw_datasets(self) -> dict[str, Path]:
        """Return the folders of raw files by dataset key, but for those deleted."""
        removed = self._removed()["raw_datasets"]
        return {key: folder for key, folder in raw_folders(self.path).items() if key not in removed}

    def load_scenarios(self) -> list[ScenarioRecord]:
        """Return the scenarios that can be read, without their results; files that cannot are set aside."""
        records = []
        for path in _documents(self._scenarios):
            try:
                record = ScenarioRecord.decode(path.read_bytes(), with_result=False)
                if record.id != path.stem:
                    raise ValueError("It is the document of another scenario.")
            except (ValueError, OSError) as error:
                set_aside(path, error)
            else:
                records.append(record)
        return records

    # ------------------------------------------------------------------ inside

    def _choose_name(self, key: str, write: _Write) -> str:
        if key in self._names:
            return self._names[key]
        stem = stem_of_key(key)
        if not is_hashed(stem) and _folded(f"{stem}.json") in self._owners:
            # Another's file, were it only for upper and lower case: this key gets a name of its own.
            stem = hashed_stem(key)
        if is_hashed(stem):
            make_folders(self._keys)
            write(self._keys / f"{stem}.json", encode_json(key))
        return f"{stem}.json"

    def _key_of(self, stem: str, name: str) -> str:
        """Return the key of a dataset: its name, where that is how either make names its file; else the file's."""
        if name == stem or (name and stem_of_key(name) == stem):
            return name
        if is_hashed(stem):
            path = self._keys / f"{stem}.json"
            if path.is_file():
                key = decode_json(path.read_bytes())
                if isinstance(key, str) and hashed_stem(key) == stem:
                    return key
                raise ValueError("The document with its key is of another dataset.")
        return key_of_stem(stem)

    def _know(self, key: str, name: str) -> None:
        self._names[key] = name
        self._owners[_folded(name)] = key

    def _forget(self, key: str, name: str) -> None:
        del self._names[key]
        del self._owners[_folded(name)]

    def _removed(self) -> dict[str, Any]:
        nothing: dict[str, Any] = {"session": False, "raw_datasets": []}
        if not self._removed_file.is_file():
            return nothing
        try:
            removed = decode_json(self._removed_file.read_bytes())
            return {"session": bool(removed["session"]), "raw_datasets": [str(key) for key in removed["raw_datasets"]]}
        except (ValueError, TypeError, KeyError, OSError) as error:
            set_aside(self._removed_file, error)
            return nothing

    def _write_removed(self, removed: Mapping[str, Any]) -> None:
        make_folders(self.path / INTERNAL)
        write_atomically(self._removed_file, encode_json(removed))


def _read(path: Path, subject: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"{subject} does not exist any more.") from None


def _documents(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(".json") and entry.is_file())
        yield from (folder / name for name in names)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def stem_of_key(key: str) -> str:
    """Return the file name, without extension, for a key: the key itself wherever that is safe.

    Characters that are not safe in a file name are percent-encoded. A key too long for a file name is hashed; its name
    then starts with `~`, and the key has to be kept elsewhere.

    Args:
        key: A dataset key.
    """
    stem = _UNSAFE.sub(lambda found: _encode(found.group()), key)
    if stem.startswith((".", _HASHED)) or _DEVICE.match(stem) or stem.casefold() == _RESERVED:
        stem = _encode(stem[0]) + stem[1:]
    if stem.endswith((".", " ")):
        stem = stem[:-1] + _encode(stem[-1])
    return stem if len(stem.encode()) <= _LONGEST else hashed_stem(key)


def hashed_stem(key: str) -> str:
    """Return a file name, without extension, that no other key shares, whatever the system makes of its letters."""
    return _HASHED + hashlib.sha256(key.encode()).hexdigest()


def is_hashed(stem: str) -> bool:
    """Tell whether the key has to be looked up elsewhere."""
    return stem.startswith(_HASHED)


def key_of_stem(stem: str) -> str:
    """Return the key that a file name stands for.

    A name that `stem_of_key` would not give, as others may have written it, stands for itself.

    Args:
        stem: A file name without extension.
    """
    if not _ENCODED.search(stem):
        return stem
    key = unquote(stem, errors="replace")
    return key if stem_of_key(key) == stem else stem


def _encode(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())
