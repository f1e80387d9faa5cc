"""Creating, queueing, cancelling, resetting and deleting scenarios, in memory and on disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from algomancy_scenario import Scenario, ScenarioManager
from algomancy_utils import NotFoundError, ParameterError, PreconditionError
from tests.algomancy_scenario.scenario_project import WAIT, Control, dataset_of


def test_scenario_object_before_a_run_has_exactly_the_documented_members(manager: ScenarioManager) -> None:
    """A new scenario is `created`, without result and KPI values, its parameters plain values."""
    scenario = manager.create_scenario("one", "data", "Labelled", {"label": 3})
    content = scenario.to_dict()
    created_at = content.pop("created_at")
    assert datetime.fromisoformat(created_at).tzinfo == UTC
    assert content == {
        "id": scenario.id,
        "tag": "one",
        "input_data_id": "id-1",
        "input_data_key": "data",
        "kpis": {
            "Answer": {
                "name": "The answer",
                "better_when": "AT_MOST",
                "unit": "",
                "value": None,
                "threshold": 50,
            }
        },
        "algorithm": {"name": "Labelled", "parameters": {"label": 3, "colour": "red"}},
        "data_parameters": {},
        "status": "created",
        "progress": 0,
        "started_at": None,
        "finished_at": None,
        "error": None,
        "result": None,
    }


def test_scenario_object_after_a_run_has_result_and_kpi_values(run_to_end: Callable[..., Scenario[Any]]) -> None:
    """A complete scenario has its result, its KPI values, progress 100 and both times."""
    scenario = run_to_end("Labelled", label=9)
    content = scenario.to_dict()
    assert (content["status"], content["progress"], content["error"]) == ("complete", 100, None)
    assert content["result"] == {"data_id": "id-1", "answer": 9}
    assert content["kpis"]["Answer"]["value"] == 9
    assert content["created_at"] <= content["started_at"] <= content["finished_at"]
    assert scenario.result.answer == 9
    assert scenario.kpis["Answer"].success is True


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("one", "nothing", "Instant"), NotFoundError, "'nothing'"),
        (("one", "data", "Nothing"), NotFoundError, "'Nothing'"),
        (("one", "data", "Labelled", {"label": 1001}), ParameterError, "'label'"),
        (("one", "data", "Labelled", {"size": 1}), ParameterError, "'size'"),
        (("one", "data", "Instant", None, {"size": 1}), ParameterError, "'size'"),
        (("taken", "data", "Instant"), PreconditionError, "'taken'"),
        (("", "data", "Instant"), ValueError, "blank"),
        (("  ", "data", "Instant"), ValueError, "blank"),
        (("half \ud800", "data", "Instant"), ValueError, "surrogate"),
    ],
    ids=[
        "dataset",
        "algorithm",
        "bounds",
        "name",
        "data parameter",
        "tag taken",
        "empty tag",
        "blank tag",
        "surrogate",
    ],
)
def test_scenario_refused_is_not_half_made(
    arguments: tuple[Any, ...], error: type[Exception], words: str, manager: ScenarioManager
) -> None:
    """A refused creation says why and leaves nothing behind."""
    manager.create_scenario("taken", "data", "Instant")
    with pytest.raises(error, match=words):
        manager.create_scenario(*arguments)
    assert manager.list_tags() == ["taken"]


def test_scenarios_are_listed_in_order_of_creation(manager: ScenarioManager) -> None:
    """Lists keep the order of creation, after deletions too, and can be searched by id and tag."""
    made = [manager.create_scenario(tag, "data", "Instant") for tag in ("b", "a", "c")]
    manager.delete_scenario(made[1].id)
    manager.create_scenario("a", "data", "Instant")
    assert manager.list_tags() == ["b", "c", "a"]
    assert manager.list_ids()[:2] == [made[0].id, made[2].id]
    assert manager.get_by_id(made[0].id) is made[0]
    assert manager.get_by_tag("b") is made[0]
    assert manager.get_by_id(made[1].id) is None
    assert manager.get_by_tag("nothing") is None


def test_scenarios_run_one_at_a_time_in_order(manager: ScenarioManager, control: Control) -> None:
    """The queue is first in, first out; only one scenario is processing."""
    blocking = manager.create_scenario("first", "data", "Blocking")
    manager.process_scenario_async(blocking)
    assert control.started.wait(WAIT)
    others = [manager.create_scenario(str(label), "data", "Labelled", {"label": label}) for label in (5, 3, 4)]
    for scenario in reversed(others):
        manager.process_scenario_async(scenario)
    assert manager.currently_processing is blocking
    assert {scenario.status for scenario in others} == {"queued"}
    control.release.set()
    assert manager.wait_for_processing(WAIT)
    assert control.labels == [4, 3, 5]
    assert manager.currently_processing is None


def test_scenario_queued_or_processing_cannot_be_run_or_reset(manager: ScenarioManager, control: Control) -> None:
    """While queued or processing, a run is refused, and so is a reset."""
    running, queued = (manager.create_scenario(tag, "data", "Blocking") for tag in ("running", "queued"))
    manager.process_scenario_async(running)
    manager.process_scenario_async(queued)
    assert control.started.wait(WAIT)
    for scenario, status in ((running, "processing"), (queued, "queued")):
        with pytest.raises(PreconditionError, match=f"is {status}"):
            manager.process_scenario_async(scenario)
        with pytest.raises(PreconditionError, match="cancel it first"):
            manager.reset_scenario(scenario.id)


def test_scenario_finished_runs_again_after_a_reset(
    run_to_end: Callable[..., Scenario[Any]], manager: ScenarioManager
) -> None:
    """A complete scenario must be reset, which takes away result, KPI values and progress, and then runs again."""
    scenario = run_to_end("Instant")
    with pytest.raises(PreconditionError, match="complete; reset it first"):
        manager.process_scenario_async(scenario)
    fresh = manager.reset_scenario(scenario.id).to_dict()
    assert (fresh["status"], fresh["progress"], fresh["result"]) == ("created", 0, None)
    assert fresh["kpis"]["Answer"]["value"] is None
    assert (fresh["started_at"], fresh["finished_at"], fresh["error"]) == (None, None, None)
    manager.process_scenario_async(scenario)
    assert manager.wait_for_processing(WAIT)
    assert scenario.status == "complete"


@pytest.mark.parametrize("operation", ["reset_scenario", "cancel_scenario"])
def test_unknown_scenario_is_not_found(operation: str, manager: ScenarioManager) -> None:
    """Operations on an unknown scenario say that it does not exist."""
    with pytest.raises(NotFoundError, match="'nothing'"):
        getattr(manager, operation)("nothing")
    assert manager.delete_scenario("nothing") is False


def test_deleted_scenario_cannot_be_run(manager: ScenarioManager) -> None:
    """A scenario that was deleted stays away; its tag is free."""
    scenario = manager.create_scenario("one", "data", "Instant")
    assert manager.delete_scenario(scenario.id) is True
    with pytest.raises(NotFoundError):
        manager.process_scenario_async(scenario)
    assert manager.delete_scenario(scenario.id) is False
    assert manager.create_scenario("one", "data", "Instant").id != scenario.id


def test_queued_scenario_is_cancelled_without_a_run(manager: ScenarioManager, control: Control) -> None:
    """A queued scenario that is cancelled fails with `Cancelled` and never starts."""
    running = manager.create_scenario("running", "data", "Blocking")
    queued = manager.create_scenario("queued", "data", "Labelled")
    manager.process_scenario_async(running)
    manager.process_scenario_async(queued)
    assert manager.cancel_scenario(queued.id) is queued
    control.release.set()
    assert manager.wait_for_processing(WAIT)
    assert control.labels == []
    content = queued.to_dict()
    assert (content["status"], content["error"], content["result"]) == ("failed", "Cancelled", {"error": "Cancelled"})
    assert content["started_at"] is None


@pytest.mark.parametrize("status", ["created", "complete"])
def test_scenario_without_a_run_cannot_be_cancelled(
    status: str, manager: ScenarioManager, run_to_end: Callable[..., Scenario[Any]]
) -> None:
    """Only what is queued or processing can be cancelled."""
    scenario = run_to_end("Instant") if status == "complete" else manager.create_scenario("one", "data", "Instant")
    with pytest.raises(PreconditionError, match=f"is {status}"):
        manager.cancel_scenario(scenario.id)


@pytest.mark.parametrize("how", ["cancel_scenario", "delete_scenario"])
def test_stubborn_run_is_abandoned_and_the_next_starts(how: str, manager: ScenarioManager, control: Control) -> None:
    """The next scenario runs at once although the old run goes on; the late result is discarded."""
    running = manager.create_scenario("running", "data", "Blocking")
    following = manager.create_scenario("following", "data", "Labelled")
    manager.process_scenario_async(running)
    manager.process_scenario_async(following)
    assert control.started.wait(WAIT)
    getattr(manager, how)(running.id)
    assert manager.wait_for_processing(WAIT)
    assert following.status == "complete"
    after = running.to_dict()
    worker = next(thread for thread in threading.enumerate() if thread.name.startswith("algomancy-run"))
    control.release.set()
    assert control.ended.wait(WAIT)
    worker.join(0.05)
    assert running.to_dict() == after
    assert running.status == ("failed" if how == "cancel_scenario" else "processing")


def test_polite_run_ends_at_its_next_progress_report(manager: ScenarioManager, control: Control) -> None:
    """In a cancelled run `set_progress` raises, so that the run ends."""
    scenario = manager.create_scenario("one", "data", "Polite")
    manager.process_scenario_async(scenario)
    assert control.started.wait(WAIT)
    manager.cancel_scenario(scenario.id)
    control.release.set()
    assert control.ended.wait(WAIT)
    assert (scenario.status, scenario.progress) == ("failed", 0)


def test_cancel_method_of_the_algorithm_is_called(
    manager: ScenarioManager, control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    """The user's `cancel()` is called once, from another thread; what it raises is logged."""
    scenario = manager.create_scenario("one", "data", "Cancellable")
    manager.process_scenario_async(scenario)
    assert control.started.wait(WAIT)
    manager.cancel_scenario(scenario.id)
    assert control.ended.wait(WAIT)
    for thread in threading.enumerate():
        if thread.name == "algomancy-cancel":
            thread.join(WAIT)
    assert "Cancelling has its problems." in caplog.text


def test_autorun_queues_what_is_created(manager: ScenarioManager) -> None:
    """With `autorun` switched on a scenario runs without being asked."""
    assert manager.toggle_autorun() is True
    scenario = manager.create_scenario("one", "data", "Instant")
    assert manager.wait_for_processing(WAIT)
    assert scenario.status == "complete"
    assert manager.toggle_autorun() is False
    assert manager.create_scenario("two", "data", "Instant").status == "created"


def test_shut_down_processing_starts_nothing(manager: ScenarioManager, control: Control) -> None:
    """After `shutdown_processing` runs are refused, and nothing is waited for."""
    manager.process_scenario_async(manager.create_scenario("one", "data", "Blocking"))
    assert control.started.wait(WAIT)
    manager.shutdown_processing()
    assert manager.wait_for_processing(WAIT)
    assert manager.currently_processing is None
    with pytest.raises(PreconditionError, match="shut down"):
        manager.process_scenario_async(manager.create_scenario("two", "data", "Instant"))
    manager.toggle_autorun()
    manager.create_scenario("three", "data", "Instant")
    assert manager.wait_for_processing(WAIT)


def test_waiting_has_a_limit(manager: ScenarioManager, control: Control) -> None:
    """`wait_for_processing` gives up when its time is up."""
    manager.process_scenario_async(manager.create_scenario("one", "data", "Blocking"))
    assert control.started.wait(WAIT)
    assert manager.wait_for_processing(0) is False


def test_run_that_alters_its_tables_alters_nobody_elses(
    run_to_end: Callable[..., Scenario[Any]], manager: ScenarioManager, control: Control
) -> None:
    """A run works on a view of its data: the stored dataset stays as it was."""
    before = manager.get_data_as_json("data")

    def spoil(algorithm: Any) -> Any:
        from tests.algomancy_scenario.scenario_project import Answer

        algorithm.data.tables["items"].loc[0, "id"] = 99
        algorithm.data.tables.clear()
        return Answer("x")

    control.action = spoil
    assert run_to_end("Acting").status == "complete"
    assert manager.get_data_as_json("data") == before
    assert dataset_of(manager, "data").tables["items"]["id"].tolist() == [1]
