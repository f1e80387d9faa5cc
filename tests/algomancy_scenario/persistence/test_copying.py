"""A state is copied between folder and database, with nothing lost, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from algomancy_scenario import SessionManager
from tests.algomancy_scenario.scenario_project import WAIT, Control, config, payload

Open = Callable[..., SessionManager]


@pytest.fixture
def folder(open_sessions: Open, tmp_path: Path, control: Control) -> Path:
    """A folder with two sessions, a scenario in each status, and a dataset of raw files."""
    path = tmp_path / "folder"
    (path / "Plant" / "Raw").mkdir(parents=True)
    (path / "Plant" / "Raw" / "items.csv").write_text("id\n4\n")
    sessions = open_sessions(has_persistent_state=True, data_path=path)
    plant = sessions.get_scenario_manager("Plant")
    plant.add_datasource_from_json(payload("data"))
    control.action = lambda _: (_ for _ in ()).throw(ValueError("No."))
    for tag, algorithm in (("complete", "Instant"), ("failed", "Acting"), ("processing", "Blocking")):
        plant.process_scenario_async(plant.create_scenario(tag, "data", algorithm))
        if tag != "processing":
            assert plant.wait_for_processing(WAIT)
    plant.process_scenario_async(plant.create_scenario("queued", "Raw", "Instant"))
    plant.create_scenario("created", "data", "Labelled", {"label": 3})
    sessions.create_new_session("empty")
    sessions.close()
    return path


def state_of(sessions: SessionManager) -> Any:
    """What a person sees of a state; what is not finished may be anywhere on its way."""
    seen = {}
    for each in sessions.list_sessions():
        manager = sessions.get_scenario_manager(each["id"])
        scenarios = [scenario.to_dict() for scenario in manager.list_scenarios()]
        for scenario in scenarios:
            if scenario["tag"] in ("processing", "queued"):
                scenario.update(status="unfinished", started_at=None)
        datasets = {key: json.loads(manager.get_data_as_bytes(key)) for key in manager.get_data_keys()}
        seen[each["id"]] = (each["display_name"], scenarios, datasets)
    return seen


def test_state_is_the_same_after_a_copy_there_and_back(
    open_sessions: Open, folder: Path, database_url: str, tmp_path: Path
) -> None:
    """From folder to database and on to another folder everything stays as it is, and is told how much."""
    told: list[tuple[int, int]] = []
    copy = SessionManager.copy_state
    assert copy(str(folder), database_url, config(), lambda *so_far: told.append(so_far)) == {
        "sessions": 2,
        "datasets": 2,
        "scenarios": 5,
    }
    assert told[-1] == (7, 7)
    assert told == sorted(told)
    copy(database_url, str(tmp_path / "back"))
    states = []
    for fields in (
        {"has_persistent_state": True, "data_path": folder},
        {"persistence_backend": "database", "database_url": database_url},
        {"has_persistent_state": True, "data_path": tmp_path / "back"},
    ):
        sessions = open_sessions(**fields)
        states.append(state_of(sessions))
        sessions.close()
    assert states[0] == states[1] == states[2]


def test_target_that_is_not_empty_is_refused(folder: Path, database_url: str, tmp_path: Path) -> None:
    """Nothing is mixed with what is there."""
    SessionManager.copy_state(str(folder), database_url, config())
    with pytest.raises(ValueError, match="The target is not empty"):
        SessionManager.copy_state(str(folder), database_url, config())
    with pytest.raises(ValueError, match="The target is not empty"):
        SessionManager.copy_state(database_url, str(folder))
    with pytest.raises(ValueError, match="There is no folder 'nowhere'"):
        SessionManager.copy_state(str(tmp_path / "nowhere"), database_url)


def test_what_cannot_be_copied_leaves_the_target_empty(folder: Path, database_url: str) -> None:
    """Raw files need a configuration, a scenario needs its dataset, and a failure half-way undoes the rest."""
    with pytest.raises(ValueError, match="Dataset 'Raw' of session 'Plant' is there as raw files"):
        SessionManager.copy_state(str(folder), database_url)

    def break_off(done: int, total: int) -> None:
        if done == total:
            raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        SessionManager.copy_state(str(folder), database_url, config(), break_off)
    (folder / "Plant" / "data.json").unlink()
    with pytest.raises(ValueError, match="of session 'Plant' uses dataset 'data', which is not there"):
        SessionManager.copy_state(str(folder), database_url, config())
    (folder / "Plant" / "data.json").write_text(payload("data"))
    assert SessionManager.copy_state(str(folder), database_url, config())["sessions"] == 2
