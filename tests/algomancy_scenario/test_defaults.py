"""Scenarios made by themselves for each dataset, and the default algorithm and parameters they need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from algomancy_data import DataClassification, DataSource
from algomancy_scenario import ScenarioManager, SessionManager
from algomancy_utils import BaseParameterSet, IntegerParameter, NotFoundError, ParameterError
from tests.algomancy_scenario.scenario_project import (
    WAIT,
    Control,
    LabelParameters,
    items,
    payload,
)


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


def test_scenarios_are_created_for_the_datasets_that_have_none(manager: ScenarioManager) -> None:
    """`auto_create_scenarios` takes the algorithm last named, whether or not `autocreate` is on."""
    manager.auto_create_scenarios()
    assert manager.list_tags() == []
    with pytest.raises(NotFoundError, match="'Nothing'"):
        manager.toggle_autocreate(True, "Nothing")
    manager.toggle_autocreate(True, default_algo_name="Labelled")
    manager.toggle_autocreate(False)
    manager.auto_create_scenarios(["data"])
    manager.auto_create_scenarios()
    assert manager.list_tags() == ["data [auto]"]
    assert [each.algo_name for each in manager.list_scenarios()] == ["Labelled"]
    with pytest.raises(NotFoundError, match="'nothing'"):
        manager.auto_create_scenarios(["nothing"])
