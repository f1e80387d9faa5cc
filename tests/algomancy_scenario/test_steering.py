"""A server that somebody else has in hand: its time, its ids and its runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

import orjson
import pytest

from algomancy_data import DataSource
from algomancy_scenario.steering import StateError, open_sessions, read_sessions, save_sessions, use_steering
from algomancy_utils.runtime import random_id, utc_now
from tests.algomancy_scenario.scenario_project import WAIT, Control, config, payload

MOMENT = datetime(2030, 1, 1, tzinfo=UTC)


class Ticket:
    """A run that nobody gives up."""

    def abandon(self) -> None:
        """Nothing waits for it."""


class Steering:
    """Lets runs end as told, once it is told to."""

    def __init__(self, ending: Mapping[str, Any] | None = None) -> None:
        self.ending = ending or {}
        self.go = threading.Event()
        self.played: list[tuple[str, str]] = []
        self._numbers = count(1)

    def now(self) -> datetime:
        return MOMENT

    def new_id(self) -> str:
        return f"id-{next(self._numbers)}"

    def submit(self, job: Callable[[], None]) -> Ticket:
        threading.Thread(target=job, daemon=True).start()
        return Ticket()

    def play(self, scenario_id: str, tag: str, work: Any) -> Mapping[str, Any]:
        self.played.append((scenario_id, tag))
        work.heard = False
        work.wake = self.go.set
        work.tell(25)
        self.go.wait(WAIT)
        return self.ending


def described(**scenario: Any) -> list[dict[str, Any]]:
    """A session with a dataset and a scenario."""
    each = {"tag": "one", "input_data_key": "data", "algorithm": {"name": "Instant"}, "status": "created", **scenario}
    return [{"display_name": "main", "datasets": [orjson.loads(payload("data"))], "scenarios": [each]}]


@pytest.mark.parametrize(
    ("ending", "status", "result"),
    [
        ({"error": "Told to."}, "failed", {"error": "Told to."}),
        ({"result": {"a": 1}, "kpis": {"Answer": 5}}, "complete", {"a": 1}),
    ],
    ids=["fails", "completes"],
)
def test_run_ends_as_it_is_steered(ending: dict[str, Any], status: str, result: Any) -> None:
    """It is dated and named by whoever steers, its progress and its end are theirs."""
    steering = Steering(ending)
    cfg = config()
    with use_steering(steering):
        sessions = open_sessions(cfg, steering, read_sessions(cfg, described()))
        manager = sessions.get_scenario_manager("main")
        (scenario,) = manager.list_scenarios()
        manager.process_scenario_async(scenario)
        while scenario.progress != 25:
            pass
        steering.go.set()
        assert manager.wait_for_processing(WAIT)
    assert (scenario.status, scenario.to_dict()["result"]) == (status, result)
    assert steering.played == [(scenario.id, "one")]
    assert scenario.id.startswith("id-")
    assert (scenario.started_at, scenario.finished_at) == (MOMENT, MOMENT)
    assert {kpi.value for kpi in scenario.kpis.values()} == ({5.0} if status == "complete" else {None})
    sessions.close()


def test_run_that_is_cancelled_is_played_no_more(control: Control) -> None:
    """Whoever plays it is woken, and what its algorithm does is told to stop."""
    steering = Steering()
    cfg = config(control)
    sessions = open_sessions(cfg, steering, read_sessions(cfg, described()))
    manager = sessions.get_scenario_manager("main")
    (scenario,) = manager.list_scenarios()
    manager.process_scenario_async(scenario)
    while scenario.progress != 25:
        pass
    manager.cancel_scenario(scenario.id)
    assert steering.go.wait(WAIT)
    assert manager.wait_for_processing(WAIT)
    assert (scenario.status, scenario.error) == ("failed", "Cancelled")
    sessions.close()


def test_algorithm_of_a_steered_run_works_unheard_and_is_told_to_stop(control: Control) -> None:
    """What it reports does not count; cancelled, its own `cancel` is called."""

    class Working(Steering):
        def play(self, scenario_id: str, tag: str, work: Any) -> Mapping[str, Any]:
            work.begin()
            return super().play(scenario_id, tag, work)

    steering = Working()
    cfg = config(control)
    sessions = open_sessions(cfg, steering, read_sessions(cfg, described(algorithm={"name": "Cancellable"})))
    manager = sessions.get_scenario_manager("main")
    (scenario,) = manager.list_scenarios()
    manager.process_scenario_async(scenario)
    assert control.started.wait(WAIT)
    while scenario.progress != 25:
        pass
    manager.cancel_scenario(scenario.id)
    assert control.cancelled.wait(WAIT)
    assert control.ended.wait(WAIT)
    assert scenario.progress == 25
    sessions.close()


class Orders(DataSource):
    """A class of datasets whose objects a run may change."""


def test_servers_share_datasets_only_where_no_run_can_change_them() -> None:
    """A plain dataset is the same object in both; one of a class of the user's is not."""
    for kind, shared in ((DataSource, True), (Orders, False)):
        cfg = config(data_object_type=kind)
        saved = read_sessions(cfg, described())
        opened = [open_sessions(cfg, Steering(), saved) for _ in range(2)]
        one, other = (each.get_scenario_manager("main").get_data("data") for each in opened)
        assert (one is other) is shared
        for each in opened:
            each.close()


def test_saved_sessions_open_as_they_were() -> None:
    """Ids, names, datasets and scenarios are the same; what waits is played in its order."""
    cfg = config()
    steering = Steering()
    start = [*described(status="queued"), {"display_name": "other"}]
    start[0]["scenarios"].append({**start[0]["scenarios"][0], "tag": "two", "status": "processing"})
    with use_steering(steering):
        first = open_sessions(cfg, steering, read_sessions(cfg, start))
        while not steering.played:
            pass
        saved = save_sessions(first)
        first.close()
        again = Steering({"error": "x"})
        again.go.set()
        second = open_sessions(cfg, again, saved)
        assert second.list_sessions() == first.list_sessions()
        assert second.get_scenario_manager("main").wait_for_processing(WAIT)
    assert [tag for _, tag in steering.played] == ["two"]
    assert [tag for _, tag in again.played] == ["two", "one"]
    second.close()


def test_steering_ends_with_its_context() -> None:
    """Outside of it time and ids are the system's."""
    with use_steering(Steering()):
        assert (utc_now(), random_id()) == (MOMENT, "id-1")
    assert utc_now() != MOMENT


@pytest.mark.parametrize(
    ("document", "location"),
    [
        (described(input_data_key="x"), (0, "scenarios", 0, "input_data_key")),
        (described(algorithm={"name": "x"}), (0, "scenarios", 0, "algorithm", "name")),
        (
            described(algorithm={"name": "Instant", "parameters": {"x": 1}}),
            (0, "scenarios", 0, "algorithm", "parameters"),
        ),
        (described(data_parameters={"x": 1}), (0, "scenarios", 0, "data_parameters")),
        ([{"display_name": "a"}, {"display_name": "a"}], (1, "display_name")),
        ([{"id": "1", "display_name": "a"}, {"id": "1", "display_name": "b"}], (1, "id")),
        ([{"display_name": "a", "datasets": [7]}], (0, "datasets", 0)),
        ([*described(id="1"), {**described(id="1")[0], "display_name": "b"}], (1, "scenarios", 0, "id")),
    ],
    ids=lambda value: str(value[-1]) if isinstance(value, tuple) else "",
)
def test_description_that_breaks_a_rule_tells_the_place(document: Any, location: tuple[str | int, ...]) -> None:
    """Nothing of it is taken."""
    with pytest.raises(StateError) as raised:
        read_sessions(config(), document)
    assert raised.value.location == location
