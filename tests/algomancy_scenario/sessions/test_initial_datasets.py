"""What a server starts with: the datasets of its folder for initial data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from algomancy_scenario import SessionManager
from algomancy_utils import NotFoundError
from tests.algomancy_scenario.scenario_project import WAIT, dataset_of


@pytest.fixture
def initial(tmp_path: Path) -> Path:
    """A folder with two raw datasets, one of them broken, and things that are none."""
    folder = tmp_path / "initial"
    for name, text in (("Good", "id\n4\n"), ("Broken", "bad"), (".hidden", "id\n1\n")):
        (folder / name).mkdir(parents=True)
        (folder / name / "items.csv").write_text(text)
    (folder / "Empty").mkdir()
    (folder / "readme.txt").write_text("nothing")
    return folder


def test_initial_datasets_are_listed_at_once_and_read_when_wanted(
    open_sessions: Callable[..., SessionManager], initial: Path
) -> None:
    """In memory, the first session lists the raw datasets and reads each at the first look into it."""
    sessions = open_sessions(initial_data_path=initial)
    manager = sessions.get_scenario_manager("main")
    assert manager.get_data_keys() == ["Broken", "Good"]
    scenario = manager.create_scenario("one", "Good", "Instant")
    (initial / "Good" / "items.csv").write_text("id\n5\n")
    assert dataset_of(manager, "Good").tables["items"]["id"].tolist() == [5]
    assert dataset_of(manager, "Good").id == scenario.input_data_id
    with pytest.raises(NotFoundError, match="'Broken' could not be loaded"):
        manager.get_data_as_bytes("Broken")
    broken = manager.create_scenario("two", "Broken", "Instant")
    manager.process_scenario_async(broken)
    assert manager.wait_for_processing(WAIT)
    assert broken.error is not None
    assert "'Broken' could not be loaded" in broken.error
    sessions.create_new_session("second")
    assert sessions.get_scenario_manager("second").get_data_keys() == []


@pytest.mark.parametrize("durable", [False, True], ids=["in memory", "durable"])
def test_initial_datasets_come_back_with_a_fresh_main(
    durable: bool, open_sessions: Callable[..., SessionManager], initial: Path, tmp_path: Path
) -> None:
    """Deleting the last session is no way to lose for good what a server starts with."""
    settings = {"has_persistent_state": True, "data_path": tmp_path / "state"} if durable else {}
    (tmp_path / "state").mkdir()
    sessions = open_sessions(initial_data_path=initial, **settings)
    old = dataset_of(sessions.get_scenario_manager("main"), "Good")
    sessions.delete_session("main")
    manager = sessions.get_scenario_manager("main")
    assert "Good" in manager.get_data_keys()
    assert dataset_of(manager, "Good").tables["items"].equals(old.tables["items"])
    assert dataset_of(manager, "Good").id != old.id


def test_initial_datasets_are_stored_by_a_durable_server(
    open_sessions: Callable[..., SessionManager], initial: Path, tmp_path: Path
) -> None:
    """On an empty data folder they are read at the first start and kept; at later starts they are not looked at."""
    state = tmp_path / "state"
    state.mkdir()
    settings = {"has_persistent_state": True, "data_path": state, "initial_data_path": initial}
    sessions = open_sessions(**settings)
    document = sessions.get_scenario_manager("main").get_data_as_bytes("Good")
    sessions.close()
    (initial / "Good" / "items.csv").unlink()
    manager = open_sessions(**settings).get_scenario_manager("main")
    assert manager.get_data_keys() == ["Good"]
    assert manager.get_data_as_bytes("Good") == document
