"""What a damaged file in the data folder does: it costs itself alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from algomancy_scenario import SessionManager
from algomancy_utils import NotFoundError, PreconditionError
from tests.algomancy_scenario.persistence.stored_folder import Open, files, main
from tests.algomancy_scenario.scenario_project import WAIT, Control, payload

DAMAGED = {
    "empty": b"",
    "truncated": b'{"id": "x',
    "list": b"[]",
    "wrong type": b'{"id": 3, "display_name": "x"}',
    "blank": b'{"id": "x", "display_name": " "}',
    "position": b'{"id": "x", "display_name": "y", "position": "first"}',
    "binary": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_meta_is_set_aside_and_the_session_keeps_its_id(
    content: bytes, reopen: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The session loads with all its data; its id is that of its folder, its name has to be given again."""
    sessions = reopen()
    main(sessions).create_scenario("one", "data", "Instant")
    identifier = sessions.start_session_id
    sessions.close()
    (tmp_path / identifier / "meta.json").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        again = reopen()
    assert again.list_sessions() == [{"id": identifier, "display_name": identifier}]
    assert again.get_scenario_manager(identifier).list_tags() == ["one"]
    assert (tmp_path / identifier / "meta.json.corrupt").read_bytes() == content
    assert "meta.json" in caplog.text


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:-20], lambda b: b"[]", lambda b: b[:-1] + b"\xff"])
@pytest.mark.parametrize("kind", ["dataset", "scenario", "removed", "key"])
def test_damaged_file_is_set_aside_and_everything_else_loads(
    kind: str, damage: Callable[[bytes], bytes], reopen: Open, plant: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One damaged file costs what was in it and no more; it is kept under another name and logged."""
    sessions = reopen()
    manager = sessions.get_scenario_manager("Plant")
    long = "x" * 255
    for key in ("one", "two", long):
        manager.add_datasource_from_json(payload(key))
    first, second = (manager.create_scenario(tag, "two", "Instant") for tag in ("first", "second"))
    manager.delete_data("Raw")
    sessions.close()
    (file,) = {
        "dataset": plant.glob("one.json"),
        "scenario": plant.glob(f".algomancy/scenarios/{first.id}.json"),
        "removed": plant.glob(".algomancy/removed.json"),
        "key": plant.glob(".algomancy/keys/*.json"),
    }[kind]
    file.write_bytes(damage(file.read_bytes()))
    with caplog.at_level(logging.WARNING):
        manager = reopen().get_scenario_manager("Plant")
    everything = {"scenarios", "one", "two", long}
    lost = {"one"} if kind == "dataset" else set()
    assert set(manager.get_data_keys()) == everything - lost | ({"Raw"} if kind == "removed" else set())
    assert manager.list_tags() == (["second"] if kind == "scenario" else ["first", "second"])
    if kind == "key":
        # The dataset's own name says the same.
        return
    # Without its beginning, nothing tells a dataset's file from one of the user's.
    left = kind == "dataset" and not file.read_bytes().startswith(b'{"metadata"') if file.exists() else False
    assert len(list(plant.rglob("*.corrupt"))) == (0 if left else 1)
    assert ("is left alone" if left else "cannot be read") in caplog.text
    assert manager.delete_scenario(second.id)


def test_file_that_may_not_be_read_is_set_aside(
    reopen: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A file of any kind that the system refuses to open costs that file alone, as a damaged one does."""
    manager = main(reopen())
    kept, refused = (manager.create_scenario(tag, "data", "Instant") for tag in ("kept", "refused"))
    reopen().get_scenario_manager("main").derive_data("data", "lost")
    names = ("meta.json", "lost.json", f"{refused.id}.json")
    read = Path.read_bytes

    def refusing(path: Path) -> bytes:
        if path.name in names:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refusing)
    (session,) = (sessions := reopen()).list_sessions()
    restored = sessions.get_scenario_manager(session["id"])
    assert restored.list_ids() == [kept.id]
    assert restored.get_data_keys() == ["data"]
    assert {path.name for path in tmp_path.rglob("*.corrupt")} == {f"{name}.corrupt" for name in names} - {
        "lost.json.corrupt"
    }
    assert all(name in caplog.text for name in names)


def test_folder_that_may_not_be_opened_is_left_alone(
    reopen: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder the system refuses to open, beside sessions or beside datasets, keeps nothing else from loading."""
    session = reopen().start_session_id
    (tmp_path / "lost+found").mkdir()
    (tmp_path / session / "private").mkdir()
    list_ = Path.iterdir

    def refusing(path: Path) -> Iterator[Path]:
        if path.name in ("lost+found", "private"):
            raise PermissionError(13, "Permission denied", str(path))
        return list_(path)

    monkeypatch.setattr(Path, "iterdir", refusing)
    sessions = reopen()
    assert [entry["id"] for entry in sessions.list_sessions()] == [session]
    assert sessions.get_scenario_manager(session).get_data_keys() == []
    assert "'lost+found'" in caplog.text
    assert "'private'" in caplog.text


def test_data_folder_that_cannot_be_written_is_refused_by_name(
    reopen: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message has the folder's name, not its path."""

    def refusing(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refusing)
    with pytest.raises(ValueError, match=f"^Data folder '{tmp_path.name}' cannot be written to: Permission denied.$"):
        reopen()


def test_dataset_whose_file_was_lost_can_be_brought_back(reopen: Open, tmp_path: Path) -> None:
    """Scenarios that name a dataset which is not there do not keep it from being added again."""
    manager = main(reopen())
    manager.create_scenario("kept", "data", "Instant")
    (file,) = tmp_path.rglob("data.json")
    file.write_text("{")
    restored = reopen().get_scenario_manager("main")
    assert restored.get_data_keys() == []
    assert restored.add_datasource_from_json(payload("data")) == "data"
    with pytest.raises(PreconditionError, match="a scenario references it"):
        restored.add_datasource_from_json(payload("data"))


def test_scenario_file_under_another_name_is_set_aside(reopen: Open, tmp_path: Path) -> None:
    """A copy of a scenario's file does not make a second scenario of the same id."""
    manager = main(reopen())
    scenario = manager.create_scenario("one", "data", "Instant")
    (file,) = tmp_path.rglob(f"{scenario.id}.json")
    file.with_name("copy.json").write_bytes(file.read_bytes())
    assert main(reopen()).list_ids() == [scenario.id]


def test_scenario_of_an_algorithm_that_is_gone_still_shows(
    reopen: Open, open_sessions: Callable[..., SessionManager], tmp_path: Path, control: Control
) -> None:
    """A configuration without the algorithm shows old results; a run says that the algorithm does not exist."""
    from tests.algomancy_scenario.scenario_project import algorithms

    sessions = reopen()
    manager = main(sessions)
    for tag in ("done", "fresh"):
        manager.create_scenario(tag, "data", "Instant")
    manager.process_scenario_async(manager.list_scenarios()[0])
    assert manager.wait_for_processing(WAIT)
    before = manager.scenarios_as_bytes()
    sessions.close()
    fewer = {name: cls for name, cls in algorithms(control).items() if name != "Instant"}
    manager = open_sessions(
        has_persistent_state=True, data_path=tmp_path, algorithms=fewer, kpis={}
    ).get_scenario_manager("main")
    done, fresh = manager.list_scenarios()
    assert json.loads(manager.scenarios_as_bytes())[0] == json.loads(before)[0]
    assert done.result == {"data_id": "id-1", "answer": 42}
    manager.process_scenario_async(fresh)
    assert manager.wait_for_processing(WAIT)
    assert fresh.error == (
        "Algorithm 'Instant' does not exist; there are: 'Labelled', 'Blocking', 'Polite', 'Cancellable', 'Acting'."
    )
    with pytest.raises(NotFoundError):
        _ = fresh.algo_params


def test_result_that_cannot_be_rebuilt_is_kept_as_data(
    reopen: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A `from_json` that raises is logged; the result stays readable."""
    from tests.algomancy_scenario.scenario_project import Answer

    manager = main(reopen())
    manager.process_scenario_async(manager.create_scenario("one", "data", "Instant"))
    assert manager.wait_for_processing(WAIT)

    def refuse(text: str) -> Any:
        raise KeyError("answer")

    monkeypatch.setattr(Answer, "from_json", refuse)
    scenario = main(reopen()).list_scenarios()[0]
    assert scenario.result == {"data_id": "id-1", "answer": 42}
    assert "could not be rebuilt" in caplog.text


def test_leftovers_of_a_crash_are_removed_at_start(reopen: Open, tmp_path: Path) -> None:
    """Sessions half made or half deleted, and files half written, are gone after the next start."""
    sessions = reopen()
    main(sessions)
    (folder,) = (path.parent for path in tmp_path.glob("*/meta.json"))
    sessions.close()
    before = files(tmp_path)
    for ghost in (".algomancy/staging/x", ".algomancy/trash/y"):
        (tmp_path / ghost).mkdir(parents=True)
        (tmp_path / ghost / "meta.json").write_text('{"id": "x", "display_name": "ghost"}')
    for place in (tmp_path / ".algomancy", folder, folder / ".algomancy" / "scenarios"):
        (place / ".algomancy-0123.tmp").write_text("half")
    assert len(reopen().list_sessions()) == 1
    assert files(tmp_path) == before


def test_files_of_the_user_are_left_as_they_are(reopen: Open, plant: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Raw data in JSON and other tools' files stay; a dataset of the same name gets a file of its own."""
    contents = {"scenarios.json": "[]", "employees.json": '[{"name": "Ann"}]', "notes.json": "no JSON at all"}
    for name, text in contents.items():
        (plant / name).write_text(text)
    manager = reopen().get_scenario_manager("Plant")
    assert all(f"{name}' is no dataset and is left alone" in caplog.text for name in contents)
    manager.add_datasource_from_json(payload("employees"))
    assert "employees" in manager.get_data_keys()
    again = reopen().get_scenario_manager("Plant")
    assert "employees" in again.get_data_keys()
    again.delete_data("employees")
    assert {name: (plant / name).read_text() for name in contents} == contents
    assert list(plant.rglob("*.corrupt*")) == []


@pytest.mark.parametrize("key", ["a:b", "a%3Ab", ".hidden", "CON", "trailing. "])
def test_dataset_that_another_make_wrote_keeps_its_key(key: str, reopen: Open, plant: Path) -> None:
    """Algomancy names a file as the key, whatever is in it: read here, it has the same key, and keeps its file."""
    content = json.loads(payload(key))
    (plant / f"{key}.json").write_text(json.dumps(content, indent=2))
    manager = reopen().get_scenario_manager("Plant")
    assert key in manager.get_data_keys()
    manager.add_datasource_from_json(payload(key, 2))
    again = reopen().get_scenario_manager("Plant")
    assert json.loads(again.get_data_as_json(key))["tables"]["items"]["data"] == [{"id": 2}]
    assert [path.name for path in plant.glob("*.json") if "id-2" in path.read_text()] == [f"{key}.json"]


def test_nothing_of_ours_looks_like_a_session_to_another_make(reopen: Open, tmp_path: Path) -> None:
    """Every folder in the data folder is a session: while a server runs, when it has stopped, and between changes."""
    sessions = reopen()
    sessions.create_new_session("two")
    sessions.copy_session("main", "three")
    sessions.delete_session("three")
    assert all((path / "meta.json").is_file() for path in tmp_path.iterdir() if path.is_dir())
    sessions.close()
    assert all((path / "meta.json").is_file() for path in tmp_path.iterdir() if path.is_dir())


def test_session_in_a_hidden_folder_is_found(reopen: Open, tmp_path: Path) -> None:
    """A folder that says which session it is, is one; any other hidden folder is not."""
    for name in (".plant", ".git"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / ".plant" / "meta.json").write_text('{"id": "hidden", "display_name": "Plant"}')
    assert [session["display_name"] for session in reopen().list_sessions()] == ["Plant"]
