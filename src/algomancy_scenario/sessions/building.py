"""The sessions of a server: which there are, and how they are made: fresh, as copies, as they were stored."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from algomancy_data import Dataset
from algomancy_scenario.algorithmfactory import AlgorithmFactory
from algomancy_scenario.core_configuration import CoreConfig
from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.persistence.datasets import RawDataset, raw_folders
from algomancy_scenario.persistence.port import MemorySessionStore, NewSession, SessionStore, StateStore, StoredSession
from algomancy_scenario.persistence.scenario_record import UNFINISHED, ScenarioRecord, ScenarioStatus
from algomancy_scenario.running.dask import DaskExecutor
from algomancy_scenario.running.executor import RunExecutor, RunLimits, ThreadExecutor
from algomancy_scenario.running.processes import ProcessExecutor
from algomancy_scenario.scenariomanager import ScenarioManager
from algomancy_scenario.sessions.opening import open_store
from algomancy_utils import Logger, NotFoundError, TakenError, UnknownSessionError
from algomancy_utils.logger import SilentLogger
from algomancy_utils.runtime import random_id

FIRST_NAME = "main"
"""The name of the session that a server starts with."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Session:
    """A session among others.

    Attributes:
        id: Its identifier.
        display_name: Its name.
        manager: Its scenarios and datasets.
    """

    id: str
    display_name: str
    manager: ScenarioManager

    def tell_listeners(self, *, deleted: bool) -> None:
        """Tell whoever listens that the session has another name, or is gone."""
        told = {"id": self.id, "display_name": self.display_name, "deleted": deleted}
        self.manager.tell_listeners(told, ended=deleted)


class SessionIndex:
    """Dictionaries of sessions, in order of creation; any thread may look something up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_id: dict[str, Session] = {}
        self._ids_by_name: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def default(self) -> str:
        """The id of the default session: the one named `main`, or the oldest; the same on every server of a state."""
        with self._lock:
            return self._ids_by_name.get(FIRST_NAME) or next(iter(self._by_id), "")

    def all(self) -> list[Session]:
        """Return the sessions in order of creation."""
        with self._lock:
            return list(self._by_id.values())

    def get(self, session_id: str) -> Session | None:
        """Return the session of this id, `None` when there is none."""
        return self._by_id.get(session_id)

    def id_of_name(self, display_name: str) -> str | None:
        """Return the id of the session of this name, `None` when there is none."""
        return self._ids_by_name.get(display_name)

    def find(self, id_or_name: str) -> Session | None:
        """Return the session of this id or, second, this name, `None` when there is none."""
        session = self._by_id.get(id_or_name)
        if session is None:
            session_id = self._ids_by_name.get(id_or_name)
            session = None if session_id is None else self._by_id.get(session_id)
        return session

    def known(self, id_or_name: str) -> Session:
        """Return the session of this id or, second, this name.

        Raises:
            UnknownSessionError: There is none.
        """
        session = self.find(id_or_name)
        if session is None:
            raise unknown(id_or_name)
        return session

    def refuse_if_taken(self, display_name: str) -> None:
        """Raise `TakenError` if a session has this name."""
        if display_name in self._ids_by_name:
            raise TakenError(f"Another session is named '{display_name}' already.")

    def replace(self, old: Session | None, new: Session | None) -> None:
        """Take one session away and add another, at the same moment."""
        with self._lock:
            if old is not None:
                del self._by_id[old.id]
                if self._ids_by_name.get(old.display_name) == old.id:
                    del self._ids_by_name[old.display_name]
            if new is not None:
                self._by_id[new.id] = new
                self._ids_by_name[new.display_name] = new.id

    def rename(self, session: Session, display_name: str) -> None:
        """Give a session another name."""
        with self._lock:
            if self._ids_by_name.get(session.display_name) == session.id:
                del self._ids_by_name[session.display_name]
            session.display_name = display_name
            self._ids_by_name[display_name] = session.id


def unknown(id_or_name: str) -> UnknownSessionError:
    """Return the error that there is no such session."""
    return UnknownSessionError(f"Session '{id_or_name}' does not exist.")


class SessionBuilder:
    """Makes sessions of one configuration.

    Args:
        config: The configuration.
        logger: Where sessions and the user's classes report to.
        store: Where sessions are stored; chosen by the configuration when left out.
        executor: Where scenarios run; chosen by the configuration when left out.

    Attributes:
        catalog: The algorithms and KPIs that all sessions share.
        store: Where sessions are stored.
        executor: Where scenarios run.
    """

    def __init__(
        self, config: CoreConfig, logger: Logger | None, store: StateStore | None, executor: RunExecutor | None
    ) -> None:
        self._config = config
        self._logger = logger
        self.catalog = Catalog(AlgorithmFactory(config.algorithms, logger or SilentLogger()), config.kpis)
        self.store = store or open_store(config)
        self.executor = executor or _make_executor(config)

    def open(self, stored: StoredSession) -> Session:
        """Return a session that was found in the store, or put there just now."""
        manager = self.manager(stored.store)
        manager.restore(stored.all_datasets(manager.data_manager.prepare_etl), stored.scenarios)
        return Session(stored.id, stored.display_name, manager)

    def initial_datasets(self, session_id: str) -> list[Dataset]:
        """Return the datasets that the first session of a new server starts with."""
        if self._config.initial_data_path is None:
            return []
        extract = self.manager(MemorySessionStore()).data_manager.prepare_etl
        folders = raw_folders(Path(self._config.initial_data_path))
        datasets: list[Dataset] = [RawDataset(key, each, session_id, extract) for key, each in folders.items()]
        return [dataset for dataset in datasets if is_readable(dataset)] if self.store.durable else datasets

    def new(
        self,
        display_name: str,
        datasets: Iterable[Dataset] = (),
        records: Iterable[ScenarioRecord] = (),
        session_id: str | None = None,
    ) -> NewSession:
        """Describe a session to be stored; the JSON of its datasets is made, for that is work."""
        new = NewSession(session_id or random_id(), display_name, list(datasets), list(records))
        if self.store.durable:
            for dataset in new.datasets:
                _ = dataset.json
        return new

    def manager(self, store: SessionStore) -> ScenarioManager:
        """Return a new manager whose changes go to a store."""
        return ScenarioManager(
            **self._config.session_arguments(),
            logger=self._logger,
            catalog=self.catalog,
            executor=self.executor,
            store=store,
        )


def check_session_name(display_name: str) -> None:
    """Raise `ValueError` unless a session may have this name."""
    if not isinstance(display_name, str) or not display_name.strip():
        raise ValueError("The name of a session must be a text that is not blank.")
    try:
        display_name.encode()
    except UnicodeEncodeError:
        raise ValueError("The name holds half of a surrogate pair, which is no character.") from None


def copy_of(record: ScenarioRecord) -> ScenarioRecord:
    """Return a scenario as a copy of its session has it: with an id of its own, unfinished ones as `created`."""
    if record.status not in UNFINISHED:
        return replace(record, id=random_id())
    return replace(record, id=random_id(), status=ScenarioStatus.CREATED, queue_position=None, started_at=None)


def is_readable(dataset: Dataset) -> bool:
    """Encode a dataset; tell whether that worked: raw files may turn out to be none."""
    try:
        _ = dataset.json
    except NotFoundError as error:
        _log.warning("A new session goes without a dataset: %s", error)
        return False
    return True


def _make_executor(config: CoreConfig) -> RunExecutor:
    limits = RunLimits(config.cancel_grace, config.run_memory_limit, config.run_timeout)
    if config.executor == "dask":
        return DaskExecutor(config.dask_address or "", config.workers, limits)
    if config.executor == "processes":
        return ProcessExecutor(config.workers, limits)
    return ThreadExecutor(config.workers, config.run_timeout)
