"""The store of a session that is alone: its folder is all there is."""

from __future__ import annotations

from pathlib import Path

from algomancy_data import BaseDataSource
from algomancy_scenario.persistence.atomic import make_folders
from algomancy_scenario.persistence.cache import Cache
from algomancy_scenario.persistence.lock import FolderLock
from algomancy_scenario.persistence.port import StoredSession
from algomancy_scenario.persistence.session_folder import INTERNAL, SessionFolder


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
