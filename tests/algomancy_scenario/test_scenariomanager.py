"""The manager of one session: what is on offer, how it is made, its cached bytes and its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from algomancy_data import DataSource, StatelessDataManager
from algomancy_scenario import Scenario, ScenarioManager
from algomancy_utils import NotFoundError, PreconditionError
from tests.algomancy_scenario.scenario_project import (
    SHOWN_AT_ONCE,
    WAIT,
    Control,
    ItemsFactory,
    config,
    items,
    payload,
)


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
