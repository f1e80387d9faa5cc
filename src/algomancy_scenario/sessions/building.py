"""Makes sessions: fresh ones, copies, and those found in the store."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from algomancy_data import Dataset
from algomancy_scenario.algorithmfactory import AlgorithmFactory
from algomancy_scenario.core_configuration import CoreConfig
from algomancy_scenario.kpifactory import Catalog
from algomancy_scenario.persistence.memory import MemorySessionStore
from algomancy_scenario.persistence.port import NewSession, SessionStore, StateStore, StoredSession
from algomancy_scenario.persistence.raw_datasets import RawDataset, raw_folders
from algomancy_scenario.persistence.scenario_record import UNFINISHED, ScenarioRecord, ScenarioStatus
from algomancy_scenario.running.dask import DaskExecutor
from algomancy_scenario.running.executor import RunExecutor, RunLimits, ThreadExecutor
from algomancy_scenario.running.processes import ProcessExecutor
from algomancy_scenario.scenariomanager import ScenarioManager
from algomancy_scenario.sessions.opening import open_store
from algomancy_utils import Logger, NotFoundError
from algomancy_utils.logger import SilentLogger
from algomancy_utils.runtime import random_id

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

    def restored(self, stored: StoredSession) -> Session:
        """Return a session that was found in the store."""
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

    def make(
        self,
        display_name: str,
        datasets: Iterable[Dataset] = (),
        records: Iterable[ScenarioRecord] = (),
        session_id: str | None = None,
    ) -> Session:
        """Make a session and store it, with everything in it; nobody knows it yet."""
        return self.kept(self.store.create_session(self.new(display_name, datasets, records, session_id)))

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

    def kept(self, stored: StoredSession) -> Session:
        """Return a session that was stored just now."""
        manager = self.manager(stored.store)
        manager.restore(stored.datasets, stored.scenarios)
        return Session(stored.id, stored.display_name, manager)

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
