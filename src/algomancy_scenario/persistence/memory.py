"""The store of a server that keeps its state in memory only: nothing is stored."""

from __future__ import annotations

import logging
import sys
import threading
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from algomancy_data import Dataset
from algomancy_scenario.persistence.cache import Cache
from algomancy_scenario.persistence.lock import is_first_worker
from algomancy_scenario.persistence.port import NewSession, StoredSession
from algomancy_scenario.persistence.scenario_record import ScenarioRecord

_log = logging.getLogger(__name__)


class MemorySessionStore:
    """Keeps nothing of a session; its manager's dictionaries are all there is.

    Args:
        folder: Where the user may have put files of the session.
    """

    durable = False
    shared = False

    def __init__(self, folder: Path | None = None) -> None:
        self.cache = Cache(sys.maxsize)
        self.folder = folder
        self.guard: AbstractContextManager[Any] = threading.Lock()

    def save_dataset(self, dataset: Dataset) -> Dataset:
        """Keep nothing."""
        return dataset

    def delete_dataset(self, key: str) -> None:
        """Forget nothing."""

    def save_scenario(self, record: ScenarioRecord) -> None:
        """Keep nothing."""

    def delete_scenario(self, scenario_id: str) -> None:
        """Forget nothing."""

    def read_result(self, scenario_id: str) -> bytes:
        """Refuse: results stay in memory."""
        raise LookupError(f"The result of scenario '{scenario_id}' is not stored.")

    def begin_run(self, scenario_id: str, started_at: datetime) -> None:
        """Note nothing."""

    def save_progress(self, scenario_id: str, progress: float) -> None:
        """Keep nothing: nobody else reads it."""


class MemoryStore:
    """Keeps no sessions.

    Args:
        folder: Where the user may have put files of the sessions.
    """

    durable = False
    shared = False

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self.guard: AbstractContextManager[Any] = threading.Lock()
        if not is_first_worker():
            _log.warning(
                "Another worker process keeps sessions of its own in memory: requests will see now these, now those. "
                "Serve with one worker, or have them share a database: persistence_backend='database'."
            )

    def load(self) -> list[StoredSession]:
        """Return no session."""
        return []

    def create_session(self, new: NewSession) -> StoredSession:
        """Keep nothing."""
        store = MemorySessionStore(self._folder)
        return StoredSession(new.id, new.display_name, store, new.datasets, scenarios=new.scenarios)

    def rename_session(self, session_id: str, display_name: str) -> None:
        """Keep nothing."""

    def delete_session(
        self,
        session_id: str,  # noqa: ARG002 - the port's signature
        successor: NewSession | None = None,
    ) -> StoredSession | None:
        """Forget nothing."""
        return None if successor is None else self.create_session(successor)

    def close(self) -> None:
        """There is nothing to let go of."""
