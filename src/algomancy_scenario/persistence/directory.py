"""The store of a server that keeps its state in a folder.

::

    <data_path>/
      <session>/                     a folder per session, named by its id or as it was found
        meta.json                    {"id", "display_name", "position"}
        <dataset>.json               a dataset in to_json() form
        <dataset>/                   raw files of a dataset: read, never written, never deleted
        .algomancy/
          scenarios/<id>.json        a scenario with its result
          keys/<hash>.json           the key of a dataset whose file name is a hash
          removed.json               raw datasets, or the whole session, that were deleted
      .algomancy.lock                the id of the process that uses the folder
      .algomancy/                    there only while a session is on its way in or out

Algomancy's own packages find sessions and datasets in the same places, and take every folder here for a session: so
none of ours stays. Whatever is acknowledged is on disk: files are written beside their place, synced and renamed. A
file of ours that cannot be read is set aside with the suffix `.corrupt`; others are left alone; a warning names both.
"""

from __future__ import annotations

import logging
import re
import threading
import uuid
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from algomancy_data import BaseDataSource
from algomancy_data.encoding import decode_json, encode_json
from algomancy_scenario.persistence.atomic import (
    make_folders,
    remove_temporary_files,
    remove_tree,
    set_aside,
    sync_folder,
    write_atomically,
)
from algomancy_scenario.persistence.cache import Cache
from algomancy_scenario.persistence.lock import FolderLock
from algomancy_scenario.persistence.port import NewSession, StoredSession
from algomancy_scenario.persistence.session_folder import INTERNAL, META, SessionFolder
from algomancy_utils.runtime import random_id

_log = logging.getLogger(__name__)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class DirectoryStore:
    """Keeps sessions in a folder.

    Args:
        path: The folder; it must exist.
        data_object_type: The class of the datasets.
        cache: Where what was read stays for a while.

    Raises:
        ValueError: Another server uses the folder, or it cannot be written to.
    """

    durable = True
    shared = False

    def __init__(self, path: Path, data_object_type: type[BaseDataSource], cache: Cache) -> None:
        self._root = path
        self.guard: AbstractContextManager[Any] = threading.Lock()
        self._data_object_type = data_object_type
        self._cache = cache
        self._staging = path / INTERNAL / "staging"
        self._trash = path / INTERNAL / "trash"
        self._folders: dict[str, SessionFolder] = {}
        self._metas: dict[str, dict[str, Any]] = {}
        self._position = 0
        self._lock = FolderLock(path / f"{INTERNAL}.lock")
        try:
            self._lock.acquire()
            make_folders(path / INTERNAL)
        except OSError as error:
            name = path.absolute().name
            raise ValueError(f"Data folder '{name}' cannot be written to: {error.strerror}.") from error

    def load(self) -> list[StoredSession]:
        """Return the sessions found, in order of creation; those without a position come first, by folder name."""
        self._clear_internal()
        found: list[tuple[SessionFolder, dict[str, Any] | None]] = []
        for path in sorted(self._root.iterdir()):
            hidden = path.name.startswith(".") and not (path / META).is_file()
            if hidden or path.name == INTERNAL or not path.is_dir():
                continue
            folder = SessionFolder(path, self._data_object_type, self._cache)
            try:
                # On a disk of its own the data folder holds `lost+found`, say.
                next(path.iterdir(), None)
            except OSError as error:
                _log.warning("Folder '%s' cannot be opened and is left alone: %s.", path.name, error.strerror)
                continue
            if not folder.is_removed():
                folder.clean()
                found.append((folder, _read_meta(path / META)))
        found.sort(key=lambda entry: -1 if entry[1] is None else entry[1].get("position", -1))
        # Folders that know who they are come first, so that one that does not cannot take their name.
        for folder, meta in sorted(found, key=lambda entry: entry[1] is None):
            self._admit(folder, meta)
        order = {id(folder): place for place, (folder, _) in enumerate(found)}
        known = sorted(self._folders.items(), key=lambda item: order[id(item[1])])
        return [self._stored(session_id, folder) for session_id, folder in known]

    def create_session(self, new: NewSession) -> StoredSession:
        """Keep a new session: it is built beside its place and renamed into it."""
        make_folders(self._staging)
        staged = self._staging / new.id
        position = self._position + 1
        meta = {"id": new.id, "display_name": new.display_name, "position": position}
        try:
            folder = SessionFolder(staged, self._data_object_type, self._cache)
            folder.build(encode_json(meta), new.datasets, new.scenarios)
            staged.rename(self._root / new.id)
        except BaseException:
            self._clear_internal()
            raise
        sync_folder(self._root)
        self._clear_internal()
        folder = folder.moved_to(self._root / new.id)
        self._position = position
        self._folders[new.id] = folder
        self._metas[new.id] = meta
        datasets = [folder.stored(dataset, dataset.json) for dataset in new.datasets]
        return StoredSession(new.id, new.display_name, folder, datasets, scenarios=new.scenarios)

    def rename_session(self, session_id: str, display_name: str) -> None:
        """Keep a session's new name; other members of its `meta.json` stay."""
        meta = {**self._metas[session_id], "display_name": display_name}
        write_atomically(self._folders[session_id].path / META, encode_json(meta))
        self._metas[session_id] = meta

    def delete_session(self, session_id: str, successor: NewSession | None = None) -> StoredSession | None:
        """Forget a session. A folder with files of the user in it stays, marked as deleted; any other goes."""
        kept = None if successor is None else self.create_session(successor)
        folder = self._folders[session_id]
        if folder.has_foreign_files():
            folder.mark_removed()
        else:
            make_folders(self._trash)
            rubbish = self._trash / uuid.uuid4().hex
            folder.path.rename(rubbish)
            sync_folder(self._root)
            self._clear_internal()
        del self._folders[session_id]
        del self._metas[session_id]
        return kept

    def close(self) -> None:
        """Let another server use the folder."""
        self._lock.release()

    def _clear_internal(self) -> None:
        """Delete the folder for sessions on their way, with what is left in it."""
        for rubbish in (self._staging, self._trash):
            if rubbish.is_dir():
                remove_tree(rubbish)
        remove_temporary_files(self._root / INTERNAL)
        (self._root / INTERNAL / "server.lock").unlink(missing_ok=True)  # Versions before 1.1 kept it there.
        with suppress(OSError):
            (self._root / INTERNAL).rmdir()

    def _admit(self, folder: SessionFolder, meta: dict[str, Any] | None) -> None:
        """Give a folder its place among the sessions; one without identity, or with another's, gets a new one."""
        names = {known["display_name"] for known in self._metas.values()}
        complete = dict(meta or {})
        if complete.get("id") in self._metas or "id" not in complete:
            name = folder.path.name
            free = _UUID.fullmatch(name) and name not in self._metas
            complete["id"] = name if free else random_id()
        complete["display_name"] = _free_name(complete.get("display_name", folder.path.name), names)
        if complete != meta:
            if meta is not None:
                _log.warning("Session folder '%s' claims what another one has; it was renamed.", folder.path.name)
            write_atomically(folder.path / META, encode_json(complete))
        self._position = max(self._position, complete.get("position", 0))
        self._folders[complete["id"]] = folder
        self._metas[complete["id"]] = complete

    def _stored(self, session_id: str, folder: SessionFolder) -> StoredSession:
        return StoredSession(
            id=session_id,
            display_name=self._metas[session_id]["display_name"],
            store=folder,
            datasets=folder.load_datasets(),
            raw_datasets=folder.find_raw_datasets(),
            scenarios=folder.load_scenarios(),
        )


class SingleFolderStore(SessionFolder):
    """Keeps one session in a folder, which nobody else uses meanwhile.

    Args:
        path: The folder; it must exist.
        data_object_type: The class of the datasets.
        cache: Where what was read stays for a while.

    Raises:
        ValueError: Another server uses the folder.
    """

    def __init__(self, path: Path, data_object_type: type[BaseDataSource], cache: Cache) -> None:
        super().__init__(path, data_object_type, cache)
        make_folders(path / INTERNAL / "scenarios")
        self._lock = FolderLock(path / f"{INTERNAL}.lock")
        self._lock.acquire()

    def load(self) -> StoredSession:
        """Return what is in the folder."""
        self.clean()
        return StoredSession(
            id=self.path.absolute().name,
            display_name=self.path.absolute().name,
            store=self,
            datasets=self.load_datasets(),
            raw_datasets=self.find_raw_datasets(),
            scenarios=self.load_scenarios(),
        )

    def close(self) -> None:
        """Let another server use the folder."""
        self._lock.release()


def _read_meta(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        meta = decode_json(path.read_bytes())
        if not isinstance(meta, dict):
            raise ValueError("It holds no object.")
        for member in ("id", "display_name"):
            if not isinstance(meta.get(member), str) or not meta[member].strip():
                raise ValueError(f"Its '{member}' is no text.")
        if not isinstance(meta.get("position", 0), int):
            raise ValueError("Its 'position' is no number.")
    except (ValueError, OSError) as error:
        set_aside(path, error)
        return None
    return meta


def _free_name(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} ({number})"
    return name
