"""The data folder: what is written, what is found again, and whose it is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from algomancy_data import DataClassification, DataSource
from algomancy_scenario.persistence.cache import Cache
from algomancy_scenario.persistence.session_folder import SessionFolder
from tests.algomancy_scenario.persistence.stored_folder import Open, files, main
from tests.algomancy_scenario.scenario_project import WAIT, Answer, Control, dataset_of, payload


def test_everything_is_found_again(reopen: Open, control: Control) -> None:
    """Sessions in order, names, datasets, scenarios in order, parameters, results and times survive a restart."""
    sessions = reopen()
    for name in ("zebra", "ant", "cow"):
        sessions.create_new_session(name)
    sessions.rename_session("ant", "bee")
    manager = main(sessions)
    manager.derive_data("data", "derived")
    for tag, algorithm in (("z", "Labelled"), ("a", "Instant"), ("m", "Acting")):
        manager.process_scenario_async(manager.create_scenario(tag, "data", algorithm))
    manager.create_scenario("b", "derived", "Labelled", {"label": 11})
    assert manager.wait_for_processing(WAIT)
    listed, document = sessions.list_sessions(), json.loads(manager.scenarios_as_bytes())
    derived = manager.get_data_as_bytes("derived")

    again = reopen()
    restored = again.get_scenario_manager("main")
    assert again.list_sessions() == listed
    assert json.loads(restored.scenarios_as_bytes()) == document
    assert [entry["status"] for entry in document] == ["complete", "complete", "failed", "created"]
    assert restored.get_data_as_bytes("derived") == derived
    scenario = restored.get_by_tag("a")
    assert scenario is not None
    assert scenario.result.answer == 42
    assert scenario.kpis["Answer"].success is True
    labelled = restored.get_by_tag("z")
    assert labelled is not None
    assert labelled.result == {"data_id": "id-1", "answer": 7}
    restored.create_scenario("last", "data", "Instant")
    assert restored.list_tags() == ["z", "a", "m", "b", "last"]


def test_unfinished_scenarios_run_again_in_the_old_order(reopen: Open, control: Control) -> None:
    """What was processing or queued at the stop is queued again, first in, first out."""
    manager = main(reopen())
    labelled = [manager.create_scenario(str(n), "data", "Labelled", {"label": n}) for n in range(4)]
    blocking = manager.create_scenario("blocking", "data", "Blocking")
    manager.process_scenario_async(blocking)
    for n in (2, 0, 3, 1):
        manager.process_scenario_async(labelled[n])
    assert control.started.wait(WAIT)
    control.started.clear()

    restored = main(reopen())
    assert control.started.wait(WAIT)
    running = restored.currently_processing
    assert running is not None
    assert running.id == blocking.id
    assert [s.status for s in restored.list_scenarios()] == ["queued"] * 4 + ["processing"]
    control.release.set()
    assert restored.wait_for_processing(WAIT)
    assert control.labels == [2, 0, 3, 1]


def test_every_change_is_on_disk_when_it_returns(reopen: Open, tmp_path: Path, control: Control) -> None:
    """After each call a second reader of the same files sees what was acknowledged."""
    manager = main(reopen())
    (folder,) = (path.parent for path in tmp_path.glob("*/meta.json"))

    def stored(scenario_id: str) -> tuple[str, Any, Any]:
        stored = SessionFolder(folder, manager.data_manager.data_object_type, Cache(0))
        record = next(record for record in stored.load_scenarios() if record.id == scenario_id)
        return record.status, record.error, stored.read_result(scenario_id) if record.kpis else None

    scenario = manager.create_scenario("one", "data", "Instant")
    assert stored(scenario.id) == ("created", None, None)
    blocking = manager.create_scenario("two", "data", "Blocking")
    manager.process_scenario_async(blocking)
    manager.process_scenario_async(scenario)
    assert stored(scenario.id) == ("queued", None, None)
    assert control.started.wait(WAIT)
    assert stored(blocking.id) == ("queued", None, None)
    manager.cancel_scenario(blocking.id)
    assert stored(blocking.id) == ("failed", "Cancelled", None)
    assert manager.wait_for_processing(WAIT)
    assert stored(scenario.id) == ("complete", None, b'{"data_id":"id-1","answer":42}')
    manager.reset_scenario(scenario.id)
    assert stored(scenario.id) == ("created", None, None)
    manager.delete_scenario(scenario.id)
    manager.delete_scenario(blocking.id)
    assert files(folder) == ["data.json", "meta.json"]
    manager.delete_data("data")
    assert files(folder) == ["meta.json"]


def test_result_is_stored_before_it_shows(reopen: Open, monkeypatch: pytest.MonkeyPatch, control: Control) -> None:
    """At the moment a result is written nobody sees the scenario complete; when writing fails it never is."""
    manager = main(reopen())
    seen: list[str] = []
    save = SessionFolder.save_scenario

    def spy(folder: SessionFolder, record: Any) -> None:
        known = manager.get_by_tag(record.tag)
        seen.append(f"{record.status} while {known.status if known else 'unknown'}")
        if record.tag == "full" and record.status == "complete":
            raise OSError("No space left on device: /secret/path")
        save(folder, record)

    monkeypatch.setattr(SessionFolder, "save_scenario", spy)
    for tag in ("one", "full"):
        manager.process_scenario_async(manager.create_scenario(tag, "data", "Instant"))
        assert manager.wait_for_processing(WAIT)
    assert seen == ["created while unknown", "queued while created", "complete while processing"] * 2
    full = manager.get_by_tag("full")
    assert full is not None
    assert (full.status, full.error) == ("failed", "The result could not be stored.")


def test_cancelled_scenario_is_stored_as_it_shows(
    reopen: Open, monkeypatch: pytest.MonkeyPatch, control: Control
) -> None:
    """Progress reported while a cancellation is being written counts neither on disk nor in memory."""
    manager = main(reopen())
    save = SessionFolder.save_scenario
    running: list[Any] = []

    def wait(algorithm: Any) -> None:
        algorithm.set_progress(30)
        running.append(algorithm)
        control.started.set()
        control.release.wait(WAIT)

    def report_and_save(folder: SessionFolder, record: Any) -> None:
        if record.status == "failed":
            running[0].set_progress(90)
        save(folder, record)

    control.action = wait
    monkeypatch.setattr(SessionFolder, "save_scenario", report_and_save)
    scenario = manager.create_scenario("one", "data", "Acting")
    manager.process_scenario_async(scenario)
    assert control.started.wait(WAIT)
    manager.cancel_scenario(scenario.id)
    assert scenario.progress == 30
    restored = main(reopen()).get_by_tag("one")
    assert restored is not None
    assert restored.to_dict() == scenario.to_dict()


def test_change_that_cannot_be_stored_is_refused_whole(reopen: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk refuses, nothing has changed, in memory or on disk."""
    manager = main(reopen())
    scenario = manager.create_scenario("one", "data", "Instant")
    before = manager.scenarios_as_bytes()

    def refuse(*args: Any) -> None:
        raise OSError("No space left on device")

    for method in ("save_scenario", "delete_scenario", "save_dataset", "delete_dataset"):
        monkeypatch.setattr(SessionFolder, method, refuse)
    changes: list[Callable[[], Any]] = [
        lambda: manager.create_scenario("two", "data", "Instant"),
        lambda: manager.process_scenario_async(scenario),
        lambda: manager.delete_scenario(scenario.id),
        lambda: manager.add_datasource_from_json(payload("new")),
        lambda: manager.derive_data("data", "new"),
    ]
    for change in changes:
        with pytest.raises(OSError, match="No space"):
            change()
    assert manager.scenarios_as_bytes() == before
    assert manager.get_data_keys() == ["data"]
    monkeypatch.undo()
    assert main(reopen()).scenarios_as_bytes() == before


@pytest.mark.parametrize(
    "key",
    ["meta", "META", "scenarios", ".algomancy", "Größe 🚚", "a\\b:c*?", "CON", "x" * 255, "🚚" * 255, "100%", " x "],
    ids=lambda key: key[:20],
)
def test_dataset_of_any_legal_key_survives(key: str, reopen: Open) -> None:
    """Whatever a key looks like, its dataset is found again under it, and can be deleted for good."""
    manager = main(reopen())
    manager.derive_data("data", key)
    document = manager.get_data_as_bytes(key)
    restored = main(reopen())
    assert sorted(restored.get_data_keys()) == sorted(["data", key])
    assert restored.get_data_as_bytes(key) == document
    restored.delete_data(key)
    assert main(reopen()).get_data_keys() == ["data"]


def test_keys_that_differ_in_case_alone_have_files_of_their_own(reopen: Open, tmp_path: Path) -> None:
    """On a disk that does not tell `A` from `a`, neither dataset replaces the other."""
    manager = main(reopen())
    for number, key in enumerate(("item", "ITEM", "Item"), 1):
        manager.add_datasource_from_json(payload(key, number))
    names = [name.name.casefold() for name in tmp_path.glob("*/*.json")]
    assert len(names) == len(set(names))
    restored = main(reopen())
    assert [dataset_of(restored, key).id for key in ("item", "ITEM", "Item")] == ["id-1", "id-2", "id-3"]


def test_raw_folders_become_datasets(reopen: Open, plant: Path) -> None:
    """A folder without `meta.json` is a session of its name; its sub-folders are datasets, the same at each start."""
    sessions = reopen()
    assert [session["display_name"] for session in sessions.list_sessions()] == ["Plant"]
    manager = sessions.get_scenario_manager("Plant")
    assert manager.get_data_keys() == ["Raw", "scenarios"]
    scenario = manager.create_scenario("one", "scenarios", "Instant")
    manager.process_scenario_async(scenario)
    assert manager.wait_for_processing(WAIT)
    assert scenario.status == "complete"
    first = manager.get_data_as_bytes("Raw")
    assert json.loads(first)["tables"]["items"]["data"] == [{"id": 4}]
    again = reopen()
    assert again.list_sessions() == sessions.list_sessions()
    assert again.get_scenario_manager("Plant").get_data_as_bytes("Raw") == first


def test_raw_dataset_deleted_stays_deleted_and_its_files_stay(reopen: Open, plant: Path) -> None:
    """A deleted raw dataset is remembered; one stored in its place later takes its key."""
    reopen().get_scenario_manager("Plant").delete_data("Raw")
    manager = reopen().get_scenario_manager("Plant")
    assert manager.get_data_keys() == ["scenarios"]
    assert (plant / "Raw" / "items.csv").read_text() == "id\n4\n"
    manager.add_datasource_from_json(payload("Raw", 9))
    manager.add_datasource_from_json(payload("scenarios", 8))
    manager = reopen().get_scenario_manager("Plant")
    assert [dataset_of(manager, key).id for key in ("Raw", "scenarios")] == ["id-9", "id-8"]
    manager.delete_data("Raw")
    manager.delete_data("scenarios")
    assert reopen().get_scenario_manager("Plant").get_data_keys() == []
    assert (plant / "scenarios" / "items.csv").read_text() == "id\n3\n"


def test_session_with_the_users_files_is_forgotten_but_not_removed(reopen: Open, plant: Path) -> None:
    """Of a deleted session with raw files only these are left; without, nothing is."""
    sessions = reopen()
    sessions.create_new_session("other")
    main(sessions)
    sessions.get_scenario_manager("Plant").create_scenario("one", "Raw", "Instant")
    other = sessions.open_session("other")[0]
    sessions.delete_session("Plant")
    sessions.delete_session("other")
    assert not (plant.parent / other).exists()
    assert files(plant) == [".algomancy/removed.json", "Raw/items.csv", "scenarios/items.csv"]
    assert [session["display_name"] for session in reopen().list_sessions()] == ["main"]


def test_folder_of_the_upstream_server_opens_unchanged(reopen: Open, tmp_path: Path) -> None:
    """`meta.json`, raw files and `to_json()` files in any layout load; starting changes none of them."""
    folder = tmp_path / "main"
    (folder / "Raw").mkdir(parents=True)
    (folder / "Raw" / "items.csv").write_text("id\n4\n")
    (folder / "Stored.json").write_text(json.dumps(json.loads(payload("Stored", 5)), indent=2))
    (folder / "100%.json").write_text(payload("100%", 6))
    (folder / "meta.json").write_text(json.dumps({"id": "my-id", "display_name": "Plant 1", "more": [1]}))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    sessions = reopen()
    assert sessions.list_sessions() == [{"id": "my-id", "display_name": "Plant 1"}]
    manager = sessions.get_scenario_manager("my-id")
    assert manager.get_data_keys() == ["100%", "Raw", "Stored"]
    assert [dataset_of(manager, key).tables["items"]["id"].tolist() for key in manager.get_data_keys()] == [
        [6],
        [4],
        [5],
    ]
    assert {path: path.read_bytes() for path in before} == before
    manager.add_datasource_from_json(payload("100%", 7))
    sessions.rename_session("my-id", "Plant 2")
    assert json.loads((folder / "meta.json").read_text()) == {"id": "my-id", "display_name": "Plant 2", "more": [1]}
    assert dataset_of(reopen().get_scenario_manager("Plant 2"), "100%").id == "id-7"


def test_folders_that_claim_one_identity_get_two(
    reopen: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A copied session folder becomes a session of its own instead of hiding the other; nothing is silent."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "meta.json").write_text('{"id": "same", "display_name": "Plant"}')
    (tmp_path / "Plant").mkdir()
    first = reopen().list_sessions()
    assert [session["display_name"] for session in first] == ["Plant (3)", "Plant", "Plant (2)"]
    assert len({session["id"] for session in first}) == 3
    assert "claims what another one has" in caplog.text
    assert reopen().list_sessions() == first


def test_second_server_on_the_folder_is_refused(reopen: Open, open_sessions: Any, tmp_path: Path) -> None:
    """While one server uses the folder another one does not start; the first one goes on."""
    sessions = reopen()
    with pytest.raises(ValueError, match=f"in use by another server, process {os.getpid()}"):
        open_sessions(has_persistent_state=True, data_path=tmp_path)
    assert sessions.create_new_session("still here")


def test_start_that_fails_lets_the_folder_go(
    reopen: Open, open_sessions: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that cannot load does not keep the next one out."""
    reopen().close()

    def refuse(*args: Any) -> Any:
        raise PermissionError("no entry")

    monkeypatch.setattr(SessionFolder, "load_scenarios", refuse)
    with pytest.raises(PermissionError):
        open_sessions(has_persistent_state=True, data_path=tmp_path)
    monkeypatch.undo()
    assert len(open_sessions(has_persistent_state=True, data_path=tmp_path).list_sessions()) == 1


def test_copied_session_is_stored_whole(reopen: Open, control: Control) -> None:
    """A copy survives a restart with datasets, raw ones included, and scenarios."""
    sessions = reopen()
    manager = main(sessions)
    manager.create_scenario("one", "data", "Instant")
    sessions.copy_session("main", "copy")
    restored = reopen().get_scenario_manager("copy")
    assert (restored.get_data_keys(), restored.list_tags()) == (["data"], ["one"])


def test_copied_session_goes_without_raw_files_that_cannot_be_read(
    reopen: Open, plant: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken raw dataset does not keep its session from being copied; it is left out and logged."""
    (plant / "Raw" / "items.csv").write_text("bad")
    sessions = reopen()
    copy = sessions.get_scenario_manager(sessions.copy_session("Plant", "copy"))
    assert copy.get_data_keys() == ["scenarios"]
    assert "'Raw' could not be loaded" in caplog.text


def test_dataset_set_by_hand_gives_the_same_run_after_a_restart(reopen: Open, control: Control) -> None:
    """What is set in Python may hold more than is stored: a run sees what is stored, before the restart already."""
    seen: list[Any] = []

    def act(algorithm: Any) -> Answer:
        table = algorithm.data.get_table("items")
        seen.append((table.dtypes.astype(str).to_dict(), table.to_dict("list"), table.index.tolist()))
        return Answer("data", 1)

    control.action = act
    source = DataSource(DataClassification.MASTER_DATA, "mine")
    source.add_table("items", pd.DataFrame({"pair": [(1, 2), (3, 4)], "day": [date(2026, 1, 1)] * 2}, index=[5, 3]))
    manager = main(reopen())
    manager.set_data("mine", source)
    manager.create_scenario("before", "mine", "Acting").process()
    manager = reopen().get_scenario_manager("main")
    manager.create_scenario("after", "mine", "Acting").process()
    assert seen[0] == seen[1]
