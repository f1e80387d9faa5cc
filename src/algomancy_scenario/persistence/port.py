"""What the managers ask of a store, and the store that keeps nothing: memory.

Every method returns only once what it was told is safe; until then the managers acknowledge nothing. A method that
raises has changed nothing, unless the disk itself failed. Whoever changes something holds the `guard` of the store
meanwhile, from the look at what is there to the moment others can see the change; it calls one changing method.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from algomancy_data import Dataset
from algomancy_scenario.persistence.cache import Cache
from algomancy_scenario.persistence.datasets import Extract, RawDataset
from algomancy_scenario.persistence.lock import is_first_worker
from algomancy_scenario.persistence.scenario_record import ScenarioRecord

_log = logging.getLogger(__name__)


class SessionStore(Protocol):
    """The stored part of one session: its datasets and its scenarios."""

    durable: bool
    """Whether what is stored outlives the process."""

    shared: bool
    """Whether other processes use the store meanwhile, and run its scenarios too; so far the database alone."""

    cache: Cache
    """What is kept in memory of that which can be made or read again."""

    folder: Path | None
    """Where the user may have put files of the session, if there is such a place."""

    @property
    def guard(self) -> AbstractContextManager[Any]:
        """Keeps all others from changing the session while it is entered."""

    def save_dataset(self, dataset: Dataset) -> Dataset:
        """Keep a dataset, in place of any other of its key, and return it as it is read from now on."""

    def delete_dataset(self, key: str) -> None:
        """Forget a dataset; one that is not there is no error."""

    def save_scenario(self, record: ScenarioRecord) -> None:
        """Keep a scenario; replaces what was kept under its id."""

    def delete_scenario(self, scenario_id: str) -> None:
        """Forget a scenario; one that is not kept is no error."""

    def read_result(self, scenario_id: str) -> bytes:
        """Return the result of a scenario that is complete; called where the store is `durable` only."""

    def begin_run(self, scenario_id: str, started_at: datetime) -> None:
        """Store that this process runs a scenario, where others could take it too.

        A store that is not `shared` does nothing: there the scenario stays `queued`, and is queued again after a crash.
        """

    def save_progress(self, scenario_id: str, progress: float) -> None:
        """Keep how far the run of a scenario is; called where the store is `shared` only."""


@dataclass(frozen=True)
class NewSession:
    """A session to be kept, with everything in it.

    Attributes:
        id: Its identifier.
        display_name: Its name.
        datasets: Its datasets.
        scenarios: Its scenarios.
    """

    id: str
    display_name: str
    datasets: Sequence[Dataset] = ()
    scenarios: Iterable[ScenarioRecord] = ()


@dataclass(frozen=True)
class StoredSession:
    """A session as it was found, or as it was kept.

    Attributes:
        id: Its identifier.
        display_name: Its name.
        store: Where its changes go.
        datasets: Its datasets.
        raw_datasets: Folders of raw files that are to be loaded by ETL, by dataset key.
        scenarios: Its scenarios, in no particular order.
    """

    id: str
    display_name: str
    store: SessionStore
    datasets: Sequence[Dataset] = ()
    raw_datasets: Mapping[str, Path] = field(default_factory=dict)
    scenarios: Iterable[ScenarioRecord] = ()

    def all_datasets(self, extract: Extract) -> list[Dataset]:
        """Return the datasets, with raw ones in order of their keys; these are loaded when somebody asks for them.

        Args:
            extract: Runs the ETL.
        """
        if not self.raw_datasets:
            return list(self.datasets)
        datasets: dict[str, Dataset] = {
            key: RawDataset(key, folder, self.id, extract) for key, folder in self.raw_datasets.items()
        }
        # A dataset that was stored under the key of raw files has taken their place.
        datasets |= {dataset.key: dataset for dataset in self.datasets}
        return [datasets[key] for key in sorted(datasets)]


class StateStore(Protocol):
    """All sessions of a server."""

    durable: bool
    """Whether what is stored outlives the process."""

    shared: bool
    """Whether other processes use the store meanwhile."""

    @property
    def guard(self) -> AbstractContextManager[Any]:
        """Keeps all others from changing which sessions there are while it is entered."""

    def load(self) -> Iterable[StoredSession]:
        """Return the sessions found, in order of creation. Called once, before anything else."""

    def create_session(self, new: NewSession) -> StoredSession:
        """Keep a new session with everything in it, or nothing of it."""

    def rename_session(self, session_id: str, display_name: str) -> None:
        """Keep a session's new name."""

    def delete_session(self, session_id: str, successor: NewSession | None = None) -> StoredSession | None:
        """Forget a session and everything in it.

        Args:
            session_id: The session.
            successor: What is kept in its place, so that at no moment there is none.

        Returns:
            The successor as it was kept.
        """

    def close(self) -> None:
        """Let go of the store; nothing is called afterwards."""


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
