"""Opens stores: the one a configuration names, or two, to copy a state from one to the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from algomancy_data import BaseDataSource, Dataset, DataSource, StatelessDataManager
from algomancy_scenario.core_configuration import CACHE_BYTES, CoreConfig, core_of
from algomancy_scenario.persistence.cache import Cache
from algomancy_scenario.persistence.datasets import Extract
from algomancy_scenario.persistence.directory import DirectoryStore
from algomancy_scenario.persistence.port import MemoryStore, NewSession, SessionStore, StateStore, StoredSession
from algomancy_scenario.persistence.scenario_record import UNFINISHED, ScenarioRecord, ScenarioStatus


def open_store(config: CoreConfig) -> StateStore:
    """Open the store of a configuration."""
    cache = Cache(config.cache_bytes)
    if config.store_kind == "database":
        return _open_database(config.resolved_database_url, config.data_object_type, cache)
    if config.store_kind == "json":
        return DirectoryStore(Path(config.data_path), config.data_object_type, cache)
    return MemoryStore(None if config.initial_data_path is None else Path(config.initial_data_path))


def _store_at(place: str, data_object_type: type[BaseDataSource], cache: Cache) -> StateStore:
    """Open the store in a folder, or in the database of a URL."""
    if "://" in place:
        return _open_database(place, data_object_type, cache)
    if not Path(place).is_dir():
        raise ValueError(f"There is no folder '{Path(place).name}'.")
    return DirectoryStore(Path(place), data_object_type, cache)


def _open_database(url: str, data_object_type: type[BaseDataSource], cache: Cache) -> StateStore:
    try:
        from algomancy_scenario.persistence.database.database import Database
        from algomancy_scenario.persistence.database.store import DatabaseStore

        return DatabaseStore(Database(url), data_object_type, cache)
    except ModuleNotFoundError as error:
        library = str(error.name).partition(".")[0]
        raise ValueError(
            f"A database needs the library '{library}': pip install 'algomancy-reference[database]'."
        ) from error


def copy_state(
    source: str,
    target: str,
    cfg: Any = None,  # noqa: ANN401 - anything that has the fields
    tell: Callable[[int, int], None] = lambda done, total: None,  # noqa: ARG005 - nobody wants to know
) -> dict[str, int]:
    """Copy a state from a folder or a database to an empty one, while no server uses either.

    Ids, times and results stay, and what was queued is queued.

    Args:
        source: The folder, or the URL of the database.
        target: Likewise; a folder is made when missing.
        cfg: The configuration, where datasets are not of `DataSource`, or there as raw files.
        tell: Called with how many datasets and scenarios were copied, and how many there are.

    Returns:
        How many `sessions`, `datasets` and `scenarios`.

    Raises:
        ValueError: One cannot be opened, the target is not empty, or something cannot be copied; nothing is then.
    """
    config = None if cfg is None else core_of(cfg)
    data_object_type = DataSource if config is None else config.data_object_type
    cache = Cache(CACHE_BYTES if config is None else config.cache_bytes)
    extract = None
    if config is not None:
        extract = StatelessDataManager(
            etl_factory=config.etl_factory,
            schemas=config.schemas,
            data_object_type=data_object_type,
            limits=config.read_limits,
        ).prepare_etl
    if "://" not in target:
        Path(target).mkdir(parents=True, exist_ok=True)
    with (
        closing(_store_at(source, data_object_type, cache)) as origin,
        closing(_store_at(target, data_object_type, cache)) as goal,
    ):
        return _copy(origin, goal, extract, tell)


def _copy(
    source: StateStore, target: StateStore, extract: Extract | None, tell: Callable[[int, int], None]
) -> dict[str, int]:
    if any(True for _ in target.load()):
        raise ValueError("The target is not empty: a state is copied to where there is none.")
    sessions = [
        (each, _datasets(each, extract), sorted(each.scenarios, key=attrgetter("sequence"))) for each in source.load()
    ]
    if not sessions:
        raise ValueError("There is nothing to copy: the source is empty.")
    for stored, datasets, records in sessions:
        _check(stored, datasets, records)
    counts = {
        "sessions": len(sessions),
        "datasets": sum(len(datasets) for _, datasets, _ in sessions),
        "scenarios": sum(len(records) for _, _, records in sessions),
    }
    total, done = counts["datasets"] + counts["scenarios"], 0
    made: list[str] = []
    try:
        for stored, datasets, records in sessions:

            def told(so_far: int, before: int = done) -> None:
                tell(before + so_far, total)

            new = NewSession(stored.id, stored.display_name, datasets, _Whole(stored.store, records, told))
            with target.guard:
                target.create_session(new)
            made.append(stored.id)
            done += len(datasets) + len(records)
            tell(done, total)
    except BaseException:
        for session_id in made:
            with suppress(Exception), target.guard:
                target.delete_session(session_id)
        raise
    return counts


class _Whole:
    """Scenarios with their results, each read when its turn comes: all of them together may not fit into memory.

    Args:
        store: Where they are.
        records: The scenarios.
        told: Called with how many were read.
    """

    def __init__(self, store: SessionStore, records: list[ScenarioRecord], told: Callable[[int], None]) -> None:
        self._store = store
        self._records = records
        self._told = told

    def __iter__(self) -> Iterator[ScenarioRecord]:
        for number, record in enumerate(self._records, 1):
            if record.status is ScenarioStatus.COMPLETE and record.result is None:
                yield replace(record, result=self._store.read_result(record.id))
            elif record.status in UNFINISHED:
                yield replace(record, status=ScenarioStatus.QUEUED, progress=0.0)
            else:
                yield record
            self._told(number)


def _datasets(stored: StoredSession, extract: Extract | None) -> list[Dataset]:
    if extract is not None:
        return stored.all_datasets(extract)
    raw = stored.raw_datasets.keys() - {dataset.key for dataset in stored.datasets}
    if raw:
        raise ValueError(
            f"Dataset '{min(raw)}' of session '{stored.display_name}' is there as raw files: name the configuration "
            "that reads them."
        )
    return list(stored.datasets)


def _check(stored: StoredSession, datasets: list[Dataset], records: list[ScenarioRecord]) -> None:
    keys = {dataset.key for dataset in datasets}
    for record in records:
        if record.input_data_key not in keys:
            raise ValueError(
                f"Scenario '{record.tag}' of session '{stored.display_name}' uses dataset '{record.input_data_key}', "
                "which is not there: bring the dataset back, or delete the scenario."
            )
