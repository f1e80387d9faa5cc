"""The datasets of a session: how they come, what protects them, and how they go."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from algomancy_data import CSVFile, DataClassification, DataSource
from algomancy_scenario import ScenarioManager, SessionManager
from algomancy_utils import NotFoundError, PreconditionError
from tests.algomancy_scenario.scenario_project import (
    dataset_of,
    items,
    payload,
)


def test_dataset_from_json_reads_back_as_it_was_sent(manager: ScenarioManager) -> None:
    """A dataset is keyed by its name and gives the same content as text, as bytes and as tables."""
    assert manager.add_datasource_from_json(payload("second", 5)) == "second"
    assert manager.get_data_keys() == ["data", "second"]
    assert manager.has_data("second")
    assert json.loads(manager.get_data_as_json("second")) == json.loads(payload("second", 5))
    assert manager.get_data_as_bytes("second").decode() == manager.get_data_as_json("second")
    assert dataset_of(manager, "second").tables["items"]["id"].tolist() == [5]


def test_derived_dataset_is_a_copy_with_a_new_id(manager: ScenarioManager) -> None:
    """Deriving copies the tables under a new id as derived data; a key that exists is refused."""
    manager.derive_data("data", "copy")
    original, copy = (json.loads(manager.get_data_as_json(key)) for key in ("data", "copy"))
    assert copy["tables"] == original["tables"]
    assert copy["metadata"]["type"] == "derived_data"
    assert copy["metadata"]["id"] != original["metadata"]["id"]
    for key in ("copy", "data"):
        with pytest.raises(PreconditionError, match=f"'{key}' exists already"):
            manager.derive_data("data", key)
    with pytest.raises(NotFoundError, match="'nothing'"):
        manager.derive_data("nothing", "new")


@pytest.mark.parametrize("key", ["", "a/b", ".", "..", "from-json", "x" * 256, "bell\a"])
def test_dataset_key_that_is_not_allowed_is_refused(key: str, manager: ScenarioManager) -> None:
    """No way to add a dataset takes a key that could not be addressed."""
    source = DataSource(DataClassification.MASTER_DATA, "x")
    with pytest.raises(ValueError, match=r"key|named|JSON|text"):
        manager.add_datasource_from_json(payload(key))
    with pytest.raises(ValueError, match=r"key|named"):
        manager.derive_data("data", key)
    with pytest.raises(ValueError, match=r"key|named"):
        manager.set_data(key, source)
    with pytest.raises(ValueError, match=r"key|named"):
        manager.etl_data(items(1), key)
    assert manager.get_data_keys() == ["data"]


def test_dataset_of_a_scenario_is_protected(manager: ScenarioManager) -> None:
    """While a scenario references a dataset it can be neither deleted nor replaced; afterwards it can."""
    scenarios = [manager.create_scenario(tag, "data", "Instant") for tag in ("one", "two")]
    replacements: list[Callable[[], Any]] = [
        lambda: manager.delete_data("data"),
        lambda: manager.add_datasource_from_json(payload("data", 2)),
        lambda: manager.etl_data(items(2), "data"),
        lambda: manager.set_data("data", DataSource(DataClassification.MASTER_DATA, "data")),
    ]
    for count, words in ((2, "2 scenarios reference it"), (1, "a scenario references it")):
        for replace in replacements:
            with pytest.raises(PreconditionError, match=words):
                replace()
        manager.delete_scenario(scenarios[count - 1].id)
    assert json.loads(manager.get_data_as_json("data")) == json.loads(payload("data", 1))
    manager.add_datasource_from_json(payload("data", 2))
    assert dataset_of(manager, "data").id == "id-2"
    manager.delete_data("data")
    assert manager.get_data_keys() == []


def test_unknown_dataset_is_not_found(manager: ScenarioManager) -> None:
    """Look-ups and changes of an unknown dataset say so."""
    lookups: list[Callable[[str], Any]] = [
        manager.get_data_as_json,
        manager.get_data_as_bytes,
        manager.get_data_parameters,
        manager.delete_data,
        manager.store_data_as_json,
    ]
    for lookup in lookups:
        with pytest.raises(NotFoundError, match="'nothing'"):
            lookup("nothing")
    assert manager.get_data("nothing") is None


def test_etl_makes_or_replaces_a_dataset_only_when_it_passes(manager: ScenarioManager) -> None:
    """A successful ETL stores the dataset; a failed one, or one that raises, changes nothing."""
    assert manager.etl_data(items(1, 2), "made").is_success
    assert dataset_of(manager, "made").tables["items"]["id"].tolist() == [1, 2]
    bad = {"items": CSVFile("items", content="bad")}
    assert not manager.etl_data(bad, "made").is_success
    assert not manager.etl_data(bad, "new").is_success
    with pytest.raises(ValueError, match=r"items\.csv"):
        manager.etl_data({"other": CSVFile("other", content="id")}, "new")
    assert manager.get_data_keys() == ["data", "made"]
    assert dataset_of(manager, "made").tables["items"]["id"].tolist() == [1, 2]


def test_raw_folder_can_be_loaded(open_sessions: Callable[..., SessionManager], tmp_path: Path) -> None:
    """`debug_load_data` runs the ETL over a folder of the session's own; its name becomes the key."""
    folder = tmp_path / "plant"
    (folder / "Plant 2").mkdir(parents=True)
    sessions = open_sessions(has_persistent_state=True, data_path=tmp_path)
    manager = sessions.get_scenario_manager("plant")
    (folder / "Plant 2" / "items.CSV").write_text("id\n3\n")
    (folder / "Plant 2" / "notes.txt").write_text("not for the ETL")
    manager.debug_load_data("Plant 2")
    assert dataset_of(manager, "Plant 2").tables["items"]["id"].tolist() == [3]
    with pytest.raises(ValueError, match="no folder 'absent'"):
        manager.debug_load_data("absent")
    with pytest.raises(ValueError, match="no name within"):
        manager.debug_load_data("../plant")
    with pytest.raises(ValueError, match="has no folder"):
        open_sessions().get_scenario_manager("main").debug_load_data("Plant 2")


def test_store_data_as_json_is_harmless(manager: ScenarioManager) -> None:
    """A dataset can be written to the store again; it stays what it is."""
    before = manager.get_data_as_json("data")
    manager.store_data_as_json("data")
    assert manager.get_data_as_json("data") == before


def test_tables_can_be_stored_as_a_dataset(manager: ScenarioManager) -> None:
    """`store_data` takes tables by name, or a data source."""
    import pandas as pd

    manager.store_data("tables", {"items": pd.DataFrame({"id": [5]})})
    manager.store_data("source", DataSource.from_json(payload("source")))
    assert dataset_of(manager, "tables").get_table("items")["id"].tolist() == [5]
    assert manager.get_data_keys() == ["data", "tables", "source"]


def test_master_data_can_be_kept_from_deletion(manager: ScenarioManager) -> None:
    """Who asks for it is refused; derived data go all the same."""
    manager.derive_data("data", "derived")
    with pytest.raises(PreconditionError, match="master data"):
        manager.delete_data("data", prevent_masterdata_removal=True)
    manager.delete_data("derived", prevent_masterdata_removal=True)
    manager.delete_data("data")
    assert manager.get_data_keys() == []


def test_serialized_dataset_can_be_loaded_from_the_sessions_folder(
    open_sessions: Callable[..., SessionManager], tmp_path: Path
) -> None:
    """`debug_load_serialized_data` reads a file of the session's folder."""
    (tmp_path / "plant").mkdir()
    manager = open_sessions(has_persistent_state=True, data_path=tmp_path).get_scenario_manager("plant")
    (tmp_path / "plant" / "brought.txt").write_text(payload("brought"))
    manager.debug_load_serialized_data("brought.txt")
    assert manager.get_data_keys() == ["brought"]
    with pytest.raises(ValueError, match="no file 'absent'"):
        manager.debug_load_serialized_data("absent")
