"""The manager of one session: what is on offer, datasets and their protection, automatic scenarios, cached bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from algomancy_data import CSVFile, DataClassification, DataSource, StatelessDataManager
from algomancy_scenario import Scenario, ScenarioManager, SessionManager
from algomancy_utils import BaseParameterSet, IntegerParameter, NotFoundError, ParameterError, PreconditionError
from tests.algomancy_scenario.scenario_project import (
    SHOWN_AT_ONCE,
    WAIT,
    Control,
    ItemsFactory,
    LabelParameters,
    config,
    dataset_of,
    payload,
)


def items(*ids: int) -> dict[str, CSVFile]:
    """A csv file of items."""
    return {"items": CSVFile("items", content="id\n" + "\n".join(map(str, ids)))}


def test_manager_offers_the_names_of_the_configuration(manager: ScenarioManager) -> None:
    """Algorithms and KPIs are listed in the order of the configuration; look-ups are marked as nonblocking."""
    assert manager.available_algorithms == ["Instant", "Labelled", "Blocking", "Polite", "Cancellable", "Acting"]
    assert manager.available_kpis == ["Answer"]
    assert manager.nonblocking is True


def test_algorithm_parameters_are_independent_copies(manager: ScenarioManager) -> None:
    """Each call gives a set of its own; an unknown algorithm is not found."""
    first = manager.get_algorithm_parameters("Labelled")
    first.set_values({"label": 1})
    assert manager.get_algorithm_parameters("Labelled")["label"] == 7
    with pytest.raises(NotFoundError, match="'Nothing'"):
        manager.get_algorithm_parameters("Nothing")


def test_manager_from_config_is_a_working_session(tmp_path: Path) -> None:
    """`from_config` gives the default session; closing it frees the data folder."""
    for keys in ([], ["data"]):
        manager = ScenarioManager.from_config(config(has_persistent_state=True, data_path=tmp_path))
        assert manager.get_data_keys() == keys
        manager.add_datasource_from_json(payload("data"))
        manager.close()
        manager.close()


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


def test_list_bytes_are_those_of_the_scenarios_and_are_made_once(
    manager: ScenarioManager, run_to_end: Callable[..., Scenario[Any]]
) -> None:
    """The cached array always equals the scenarios as they are; unchanged, it is the same object."""

    def check() -> None:
        document = manager.scenarios_as_bytes()
        assert json.loads(document) == [scenario.to_dict() for scenario in manager.list_scenarios()]
        assert manager.scenarios_as_bytes() is document
        assert revisions[-1] < manager.revision or not revisions[1:]
        revisions.append(manager.revision)

    revisions = [0]
    check()
    scenario = manager.create_scenario("first", "data", "Instant")
    check()
    run_to_end("Instant", "second")
    check()
    manager.process_scenario_async(scenario)
    assert manager.wait_for_processing(WAIT)
    check()
    manager.reset_scenario(scenario.id)
    check()
    manager.delete_scenario(scenario.id)
    check()


@SHOWN_AT_ONCE
def test_progress_invalidates_every_cached_document(
    manager: ScenarioManager, run_to_end: Callable[..., Scenario[Any]], control: Control
) -> None:
    """After each progress report, scenario, status and list show it at once."""
    seen: list[tuple[float, float, float]] = []

    def report(algorithm: Any) -> Any:
        scenario = manager.get_by_tag("one")
        assert scenario is not None
        for value in (10, 20, 30):
            algorithm.set_progress(value)
            listed = json.loads(manager.scenarios_as_bytes())[0]["progress"]
            status = json.loads(scenario.status_json_bytes())["progress"]
            seen.append((listed, status, json.loads(scenario.to_json_bytes())["progress"]))

    control.action = report
    run_to_end("Acting")
    assert seen == [(10, 10, 10), (20, 20, 20), (30, 30, 30)]


def test_autocreate_makes_one_scenario_per_dataset(open_sessions: Callable[..., SessionManager]) -> None:
    """Every dataset gets `"<key> [auto]"` once, however it came; a tag that is taken is left alone."""
    sessions = open_sessions(autocreate=True, default_algo="Labelled", default_algo_params_values={"label": 4})
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    manager.create_scenario("copy [auto]", "data", "Instant")
    manager.derive_data("data", "copy")
    manager.etl_data(items(1), "made")
    manager.set_data("set", DataSource(DataClassification.MASTER_DATA, "set"))
    assert manager.list_tags() == ["data [auto]", "copy [auto]", "made [auto]", "set [auto]"]
    auto = manager.get_by_tag("data [auto]")
    assert auto is not None
    assert auto.algo_params["label"] == 4
    assert manager.toggle_autocreate() is False
    manager.derive_data("data", "quiet")
    assert manager.get_by_tag("quiet [auto]") is None


def test_autocreate_that_fails_does_not_fail_the_dataset(
    open_sessions: Callable[..., SessionManager], caplog: pytest.LogCaptureFixture
) -> None:
    """What a user's class raises on the way to the scenario is logged; the dataset is there all the same."""

    class Unsure(DataSource):
        def initialize_data_parameters(self) -> BaseParameterSet:
            raise RuntimeError("unsure")

    sessions = open_sessions(autocreate=True, default_algo="Labelled", data_object_type=Unsure)
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    assert manager.get_data_keys() == ["data"]
    assert manager.list_tags() == []
    assert "No scenario was created automatically" in caplog.text


def test_autocreate_needs_a_default_algorithm(manager: ScenarioManager) -> None:
    """Without a default algorithm it cannot be switched on."""
    with pytest.raises(ValueError, match="default algorithm"):
        manager.toggle_autocreate()


class _Sized(BaseParameterSet):
    def __init__(self) -> None:
        super().__init__("sized")
        self.add_parameters([IntegerParameter("size", minvalue=1, default=2)])

    def validate(self) -> None:
        """Every size is fine."""


class SizedSource(DataSource):
    """A data source with a parameter of its own."""

    def initialize_data_parameters(self) -> BaseParameterSet:
        return _Sized()


@pytest.mark.parametrize("owner", [_Sized, LabelParameters], ids=["dataset", "algorithm"])
@pytest.mark.parametrize("values", [None, {}], ids=["left out", "empty"])
def test_defaults_that_do_not_go_together_are_refused(
    values: dict[str, Any] | None,
    owner: type[BaseParameterSet],
    open_sessions: Callable[..., SessionManager],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A set of parameters may demand that something is chosen: then leaving it out is an error, in whichever way."""
    manager = open_sessions(data_object_type=SizedSource).get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))

    def demand(parameters: BaseParameterSet) -> None:
        raise ParameterError(f"Choose a {parameters.name}.")

    monkeypatch.setattr(owner, "validate", demand)
    with pytest.raises(ParameterError, match="Choose a"):
        manager.create_scenario("idle", "data", "Labelled", values, values)
    assert manager.list_tags() == []


@pytest.mark.parametrize("durable", [False, True], ids=["memory", "durable"])
def test_data_parameters_reach_the_algorithm(
    durable: bool, open_sessions: Callable[..., SessionManager], control: Control, tmp_path: Path
) -> None:
    """A scenario's data parameters are checked, shown, handed to the run, and survive a restart."""
    seen: list[Any] = []

    def note(algorithm: Any) -> None:
        seen.append(algorithm.data_params["size"])

    control.action = note
    state = {"has_persistent_state": durable, "data_path": tmp_path}
    sessions = open_sessions(data_object_type=SizedSource, **state)
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    assert manager.get_data_parameters("data")["size"] == 2
    with pytest.raises(ParameterError, match="'size'"):
        manager.create_scenario("bad", "data", "Acting", None, {"size": 0})
    scenario = manager.create_scenario("good", "data", "Acting", None, {"size": 6})
    assert scenario.to_dict()["data_parameters"] == {"size": 6}
    if durable:
        sessions.close()
        manager = open_sessions(data_object_type=SizedSource, **state).get_scenario_manager("main")
    manager.process_scenario_async(manager.list_scenarios()[0])
    assert manager.wait_for_processing(WAIT)
    assert seen == [6]


def test_closed_manager_refuses_every_change(manager: ScenarioManager) -> None:
    """Once closed, changes are refused as for a session that does not exist; look-ups still answer."""
    scenario = manager.create_scenario("one", "data", "Instant")
    manager.close()
    changes: list[Callable[[], Any]] = [
        lambda: manager.create_scenario("two", "data", "Instant"),
        lambda: manager.process_scenario_async(scenario),
        lambda: manager.cancel_scenario(scenario.id),
        lambda: manager.reset_scenario(scenario.id),
        lambda: manager.delete_scenario(scenario.id),
        lambda: manager.add_datasource_from_json(payload("new")),
        lambda: manager.derive_data("data", "new"),
        lambda: manager.etl_data(items(1), "new"),
        lambda: manager.delete_data("data"),
        manager.snapshot,
    ]
    for change in changes:
        with pytest.raises(NotFoundError, match="no longer exists"):
            change()
    manager.shutdown_processing()
    assert manager.list_tags() == ["one"]
    assert manager.get_data_keys() == ["data"]


def keywords(control: Control) -> dict[str, Any]:
    """What a manager is made of, by name."""
    made = config(control)
    names = ("etl_factory", "kpis", "algorithms", "schemas", "data_object_type")
    return {name: getattr(made, name) for name in names}


def test_manager_can_be_made_of_keywords(control: Control, tmp_path: Path) -> None:
    """A manager alone keeps its state in its own folder, where the next one finds it, and lets it go when closed."""
    (tmp_path / "Raw").mkdir()
    (tmp_path / "Raw" / "items.csv").write_text("id\n3\n")
    persistent: dict[str, Any] = {"data_folder": str(tmp_path), "has_persistent_state": True}
    manager = ScenarioManager(**keywords(control), **persistent)
    assert (manager.has_persistent_state, manager.save_type, manager.schemas) == (True, "json", [])
    manager.set_data("mine", DataSource.from_json(payload("mine")))
    assert manager.debug_create_and_run_scenario("one", "mine", "Labelled", {"label": 9}).result.answer == 9
    with pytest.raises(ValueError, match="in use"):
        ScenarioManager.from_config(config(control, data_path=tmp_path, has_persistent_state=True))
    manager.close()
    again = ScenarioManager.from_config(config(control, data_path=tmp_path, has_persistent_state=True))
    assert again.get_data_keys() == ["Raw", "mine"]
    found = again.get_by_tag("one")
    assert found is not None
    assert found.kpis["Answer"].value == 9
    again.close()


def test_manager_takes_the_data_manager_it_is_given(control: Control) -> None:
    """Datasets that are there already are the session's; there is no other repository of scenarios."""
    factory: Any = ItemsFactory
    data = StatelessDataManager(factory, [], "json", DataSource)
    data.set_data("mine", DataSource.from_json(payload("mine")))
    manager = ScenarioManager(**keywords(control), data_manager=data)
    assert manager.get_data_keys() == ["mine"]
    assert [len(each.get_values()) for each in manager.get_associated_parameters("Labelled", "mine")] == [2, 0]
    with pytest.raises(ValueError, match="scenario_repository"):
        ScenarioManager(**keywords(control), scenario_repository=object())


def test_scenario_of_a_session_can_be_told_what_to_do(manager: ScenarioManager, control: Control) -> None:
    """Its own methods are those of its manager: queue, run and wait, cancel, reset."""
    scenario = manager.create_scenario("one", "data", "Labelled", {"label": 4})
    assert scenario.data_source is manager.get_data("data")
    assert scenario.algorithm_description == scenario.algo_params.serialize()
    scenario.process()
    assert (scenario.status, scenario.result.answer) == ("complete", 4)
    scenario.refresh()
    assert scenario.status == "created"
    waiting = manager.create_scenario("two", "data", "Blocking")
    waiting.set_queued()
    assert control.started.wait(WAIT)
    waiting.cancel()
    assert (waiting.status, waiting.error) == ("failed", "Cancelled")
    with pytest.raises(PreconditionError, match="reset it first"):
        waiting.set_queued()


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


def test_scenarios_are_created_for_the_datasets_that_have_none(manager: ScenarioManager) -> None:
    """`auto_create_scenarios` works while `autocreate` is on, with the algorithm last named."""
    manager.auto_create_scenarios()
    assert manager.list_tags() == []
    with pytest.raises(NotFoundError, match="'Nothing'"):
        manager.toggle_autocreate(True, "Nothing")
    manager.toggle_autocreate(True, default_algo_name="Labelled")
    manager.auto_create_scenarios(["data"])
    manager.auto_create_scenarios()
    assert manager.list_tags() == ["data [auto]"]
    assert [each.algo_name for each in manager.list_scenarios()] == ["Labelled"]
    with pytest.raises(NotFoundError, match="'nothing'"):
        manager.auto_create_scenarios(["nothing"])


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
