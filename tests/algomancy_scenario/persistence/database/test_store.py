"""A store, and the connection of its guard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from algomancy_data import DataSource
from algomancy_scenario.persistence.cache import Cache
from algomancy_scenario.persistence.database.database import Database
from algomancy_scenario.persistence.database.store import DatabaseStore
from algomancy_scenario.persistence.database.tables import Changes
from algomancy_scenario.persistence.port import NewSession
from algomancy_utils.errors import UnavailableError


@pytest.fixture
def stores(empty_postgres: str) -> Iterator[tuple[DatabaseStore, DatabaseStore]]:
    """Those of two servers."""
    with closing(Database(empty_postgres)) as one, closing(Database(empty_postgres)) as other:
        yield DatabaseStore(one, DataSource, Cache(0)), DatabaseStore(other, DataSource, Cache(0))


def cut(url: str) -> None:
    """Cut all other connections to the database."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def test_connection_cut_while_changes_are_taken_in_is_told(
    stores: tuple[DatabaseStore, DatabaseStore], empty_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard is refused in a sentence, and takes them in the next time."""
    store, other = stores
    taken: list[Changes] = []
    store.on_change = taken.append
    for name in ("known", "new"):
        with store.guard:
            taken.clear()
        with other.guard:
            other.create_session(NewSession(name, name, [], []))
    begin = store.database.begin

    def begin_and_cut() -> object:
        begun = begin()
        cut(empty_postgres)
        return begun

    with monkeypatch.context() as patch:
        patch.setattr(store.database, "begin", begin_and_cut)
        with pytest.raises(UnavailableError, match="does not answer at the moment"), store.guard:
            pass
    assert taken == []
    with store.guard:
        assert [list(changes.sessions) for changes in taken] == [["new"]]


def test_guard_is_left_whatever_became_of_its_connection(
    stores: tuple[DatabaseStore, DatabaseStore], empty_postgres: str
) -> None:
    """Where nothing is written, a connection that is cut is nobody's fault, and hides no other error."""
    store, _ = stores
    with store.guard:
        cut(empty_postgres)

    def fail() -> None:
        cut(empty_postgres)
        raise KeyError

    with pytest.raises(KeyError), store.guard:
        fail()
    with store.guard:
        store.create_session(NewSession("id", "name", [], []))
    assert [session.id for session in store.load()] == ["id"]
