"""Sessions of a backend that does not check by itself."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from algomancy_api.checked import CheckedBackend
from algomancy_api.errors import ConflictError, NotFoundError


def test_unknown_session_is_not_found(backend: Any) -> None:
    """Whatever the backend would raise, each call about a session that is not there says so."""
    checked = CheckedBackend(backend)
    for call in (
        lambda: checked.open_session("none"),
        lambda: checked.get_display_name("none"),
        lambda: checked.copy_session("none", "copy"),
        lambda: checked.rename_session("none", "name"),
        lambda: checked.delete_session("none"),
    ):
        with pytest.raises(NotFoundError, match="Session 'none' does not exist"):
            call()


def test_taken_name_is_a_conflict_and_nothing_changes(backend: Any) -> None:
    """A name belongs to one session; a session may be renamed to the name it has."""
    checked = CheckedBackend(backend)
    other = checked.create_new_session("other")
    for call in (
        lambda: checked.create_new_session("main"),
        lambda: checked.copy_session(other, "main"),
        lambda: checked.rename_session(other, "main"),
    ):
        with pytest.raises(ConflictError, match="'main' exists already"):
            call()
    backend.error = KeyError("renamed although it has this name")
    checked.rename_session(other, "other")
    assert [each["display_name"] for each in checked.list_sessions()] == ["main", "other"]


def test_id_wins_over_an_equal_name(backend: Any) -> None:
    """A session may carry another's id as its name."""
    checked = CheckedBackend(backend)
    first = checked.start_session_id
    second = checked.create_new_session(first)
    assert checked.open_session(first)[0] == first
    checked.delete_session(first)
    assert checked.open_session(first)[0] == second


def test_default_session_is_a_living_one(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a backend goes on naming a session that was deleted, the first is the default."""
    monkeypatch.setattr(type(backend), "start_session_id", "gone")
    assert CheckedBackend(backend).start_session_id == backend.list_sessions()[0]["id"]


def test_one_of_many_simultaneous_creations_wins(backend: Any) -> None:
    """Sessions with one name, and scenarios with one tag, are created once, however slow the backend is."""
    checked = CheckedBackend(backend)
    together = threading.Barrier(8)

    def create(what: Any) -> bool:
        together.wait(10)
        try:
            what()
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        sessions = [pool.submit(create, lambda: checked.create_new_session("new")) for _ in range(8)]
        assert sum(each.result() for each in sessions) == 1
        opened = [lambda: checked.open_session("main")[1].create_scenario("t", "data", "Slow") for _ in range(8)]
        assert sum(pool.map(create, opened)) == 1


def test_backend_that_cannot_be_closed_stops_processing() -> None:
    """Algomancy's own managers have `shutdown_processing` for each session."""
    stopped = []

    class Scenarios:
        def shutdown_processing(self) -> None:
            stopped.append(1)

    class Sessions:
        def list_sessions(self) -> list[dict[str, str]]:
            return [{"id": "1", "display_name": "main"}, {"id": "2", "display_name": "b"}]

        def get_scenario_manager(self, session_id: str) -> Scenarios:
            return Scenarios()

    sessions: Any = Sessions()
    CheckedBackend(sessions).close()
    assert stopped == [1, 1]


def test_initial_data_goes_to_the_first_session_that_has_none(backend: Any, tmp_path: Path) -> None:
    """Each folder of files is a dataset; a server that has data already is left as it is."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "items.csv").write_bytes(b"id\n1\n")
    checked = CheckedBackend(backend)
    checked.add_initial_data(tmp_path)
    assert backend.main.get_data_keys() == ["data"]
    backend.main.data.clear()
    checked.add_initial_data(tmp_path)
    assert [(name, set(files)) for name, files in backend.main.uploaded] == [("one", {"items"}), ("two", {"items"})]
    backend.main.data.clear()
    backend.main.etl_success = False
    with pytest.raises(ValueError, match="one"):
        checked.add_initial_data(tmp_path)
