"""Opens stores: the one a configuration names, and two to copy a state between."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from algomancy_data import BaseDataSource, DataSource, StatelessDataManager
from algomancy_scenario.core_configuration import CACHE_BYTES, CoreConfig
from algomancy_scenario.persistence.cache import Cache
from algomancy_scenario.persistence.copying import copy_state
from algomancy_scenario.persistence.directory import DirectoryStore
from algomancy_scenario.persistence.memory import MemoryStore
from algomancy_scenario.persistence.port import StateStore


def copy_between(
    source: str, target: str, config: CoreConfig | None, tell: Callable[[int, int], None]
) -> dict[str, int]:
    """Copy a state between places; see `SessionManager.copy_state`."""
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
        return copy_state(origin, goal, extract, tell)


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
