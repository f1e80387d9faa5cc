"""What listeners are told of a session."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from algomancy_scenario import ScenarioManager, SessionManager
from algomancy_scenario.sessions import events as events_module
from algomancy_scenario.sessions.events import Listener, SessionEvent
from tests.algomancy_scenario.scenario_project import SHOWN_AT_ONCE, WAIT, Control, payload


class Ear:
    """A listener, and what it has heard."""

    def __init__(
        self, manager: ScenarioManager, last_event_id: str | None = None, scenario_id: str | None = None
    ) -> None:
        self.woken = 0
        self.listener: Listener = manager.listen(self._wake, last_event_id, scenario_id)
        self.last_id = last_event_id

    def _wake(self) -> None:
        self.woken += 1

    def hear(self) -> list[tuple[str, Any]]:
        events, _, _ = self.listener.take()
        if events:
            self.last_id = events[-1].id
        return [(event.kind, json.loads(event.data)) for event in events]

    def told(self) -> list[str]:
        """The kinds of what is new, with the status of scenarios."""
        return [f"{kind} {data['status']}" if kind == "scenario" else kind for kind, data in self.hear()]


def test_listener_begins_with_a_snapshot_and_hears_every_change(manager: ScenarioManager) -> None:
    """Scenarios that come, run and go, and datasets; nothing twice."""
    first = manager.create_scenario("one", "data", "Instant")
    ear = Ear(manager)
    ((kind, snapshot),) = ear.hear()
    assert (kind, [each["tag"] for each in snapshot["scenarios"]]) == ("snapshot", ["one"])
    assert snapshot["scenarios"][0] == json.loads(first.status_json_bytes())
    second = manager.create_scenario("two", "data", "Instant")
    manager.process_scenario_async(first)
    assert manager.wait_for_processing(WAIT)
    manager.add_datasource_from_json(payload("more"))
    manager.delete_scenario(second.id)
    heard = ear.hear()
    assert heard == [
        ("scenario", {"id": first.id, "tag": "one", "status": "complete", "progress": 100.0}),
        ("datasets", {"keys": ["data", "more"]}),
        ("scenario-deleted", {"id": second.id}),
    ]
    assert ear.hear() == []


def test_listener_is_woken_once_until_it_takes(manager: ScenarioManager) -> None:
    """However much happens meanwhile: who does not listen costs nothing."""
    ear = Ear(manager)
    ear.hear()
    for tag in ("one", "two", "three"):
        manager.create_scenario(tag, "data", "Instant")
    assert ear.woken == 1
    assert len(ear.hear()) == 3
    ear.listener.close()
    manager.create_scenario("four", "data", "Instant")
    assert (ear.woken, ear.hear()) == (1, [])


def test_listener_resumes_where_it_was(manager: ScenarioManager) -> None:
    """With the id of the last event it hears what came after it, once."""
    ear = Ear(manager)
    ear.hear()
    kept = manager.create_scenario("kept", "data", "Instant")
    gone = manager.create_scenario("gone", "data", "Instant")
    ear.hear()
    ear.listener.close()
    manager.delete_scenario(gone.id)
    manager.create_scenario("new", "data", "Instant")
    again = Ear(manager, ear.last_id)
    assert [kind for kind, _ in again.hear()] == ["scenario-deleted", "scenario"]
    assert Ear(manager, again.last_id).hear() == []
    assert kept.status == "created"


def test_listener_that_took_part_of_the_events_loses_none(manager: ScenarioManager) -> None:
    """Each event's id tells what came before it, also among events that were taken together."""
    ear = Ear(manager)
    ear.hear()
    for tag in ("one", "two", "three"):
        manager.create_scenario(tag, "data", "Instant")
    events, _, _ = ear.listener.take()
    for number, event in enumerate(events):
        rest = [data["tag"] for _, data in Ear(manager, event.id).hear()]
        assert rest == ["one", "two", "three"][number + 1 :]


@pytest.mark.parametrize("last", ["", "nonsense", "00-1", "ffffffff-1", "1-²", "{life}-999"])
def test_listener_with_an_id_nobody_knows_begins_anew(manager: ScenarioManager, last: str) -> None:
    """Ids of another life of the server, and ones never given."""
    life = Ear(manager).listener.take()[0][0].id.partition("-")[0]
    assert [kind for kind, _ in Ear(manager, last.replace("{life}", life)).hear()] == ["snapshot"]


def test_listener_that_was_away_too_long_begins_anew(sessions: SessionManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many deletions are remembered."""
    monkeypatch.setattr(events_module, "_REMEMBERED", 20)
    manager = sessions.get_scenario_manager(sessions.create_new_session("new"))
    manager.add_datasource_from_json(payload("data"))
    ear = Ear(manager)
    ear.hear()
    for number in range(21):
        manager.delete_scenario(manager.create_scenario(f"{number}", "data", "Instant").id)
    assert [kind for kind, _ in Ear(manager, ear.last_id).hear()] == ["snapshot"]


@SHOWN_AT_ONCE
def test_progress_is_thinned_and_the_end_is_not(manager: ScenarioManager, control: Control) -> None:
    """Within a tenth of a second the first progress is told, the rest waits, and the end overtakes it."""
    ear = Ear(manager)
    scenario = manager.create_scenario("one", "data", "Acting")
    ear.hear()
    seen: list[Any] = []

    def act(algorithm: Any) -> Any:
        for progress in (10, 20, 30):
            algorithm.set_progress(progress)
            seen.append(ear.listener.take())
        raise ValueError("It stops here.")

    control.action = act
    manager.process_scenario_async(scenario)
    assert manager.wait_for_processing(WAIT)
    told = [json.loads(event.data)["progress"] for events, _, _ in seen for event in events]
    assert len(told) == 1
    assert all(0 < wait <= 0.1 for _, wait, _ in seen[1:])
    assert ear.told() == ["scenario failed"]


def test_end_wakes_a_listener_that_holds_progress_back(manager: ScenarioManager, control: Control) -> None:
    """Further progress does not: it is told when its time has come."""
    ear = Ear(manager)
    scenario = manager.create_scenario("one", "data", "Acting")
    ear.hear()
    woken: list[int] = []

    def act(algorithm: Any) -> Any:
        for progress in (10, 20, 30):
            algorithm.set_progress(progress)
            ear.hear()
            woken.append(ear.woken)
        algorithm.set_progress(40)
        woken.append(ear.woken)
        raise ValueError("It stops here.")

    control.action = act
    manager.process_scenario_async(scenario)
    assert manager.wait_for_processing(WAIT)
    assert woken[-1] == woken[-2]
    assert ear.woken == woken[-1] + 1
    assert ear.told() == ["scenario failed"]


@SHOWN_AT_ONCE
def test_progress_that_waited_is_told_to_who_resumes(manager: ScenarioManager, control: Control) -> None:
    """An event that overtook it does not make it forgotten."""
    ear = Ear(manager)
    scenario = manager.create_scenario("one", "data", "Acting")
    ear.hear()
    resumed: list[Any] = []

    def act(algorithm: Any) -> Any:
        algorithm.set_progress(10)
        ear.hear()
        algorithm.set_progress(55)
        manager.add_datasource_from_json(payload("more"))
        assert ear.told() == ["datasets"]
        resumed.extend(Ear(manager, ear.last_id).hear())
        raise ValueError("It stops here.")

    control.action = act
    manager.process_scenario_async(scenario)
    assert manager.wait_for_processing(WAIT)
    assert [(kind, data.get("progress")) for kind, data in resumed] == [("scenario", 55.0)]


def test_session_tells_its_new_name_and_its_end(open_sessions: Callable[..., SessionManager]) -> None:
    """After the end nothing follows."""
    sessions = open_sessions()
    session_id = sessions.create_new_session("plan")
    ear = Ear(sessions.get_scenario_manager(session_id))
    ear.hear()
    sessions.rename_session(session_id, "plans")
    assert ear.hear() == [("session", {"id": session_id, "display_name": "plans", "deleted": False})]
    sessions.delete_session(session_id)
    events, _, ended = ear.listener.take()
    assert [(event.kind, json.loads(event.data)["deleted"]) for event in events] == [("session", True)]
    assert ended


def test_event_shows_nothing_that_a_request_would_not(manager: ScenarioManager) -> None:
    """When somebody is woken, the change is there to be read."""
    read: list[tuple[SessionEvent, bytes]] = []
    ear = Ear(manager)
    ear.hear()
    manager.create_scenario("one", "data", "Instant")
    for event in ear.listener.take()[0]:
        found = manager.get_by_id(json.loads(event.data)["id"])
        assert found is not None
        read.append((event, found.status_json_bytes()))
    assert [event.data == now for event, now in read] == [True]


def test_runs_are_counted_over_all_sessions(open_sessions: Callable[..., SessionManager], control: Control) -> None:
    """Those that run, one in each session at most, and those that wait behind them."""
    sessions = open_sessions()
    sessions.create_new_session("second")
    for name in ("main", "second"):
        manager = sessions.get_scenario_manager(name)
        manager.add_datasource_from_json(payload("data"))
        for tag in ("one", "two"):
            manager.process_scenario_async(manager.create_scenario(tag, "data", "Blocking"))
    counted = sessions.count_runs()
    assert (counted["executor"], counted["running"], counted["queued"]) == ("threads", 2, 2)
    assert counted["workers"] >= 2


def test_listener_to_a_scenario_hears_of_that_alone(manager: ScenarioManager) -> None:
    """A snapshot of it, its changes and its end; it is woken for nothing else, and told nothing after it is deleted."""
    first, second = (manager.create_scenario(tag, "data", "Instant") for tag in ("one", "two"))
    ear = Ear(manager, scenario_id=second.id)
    assert ear.hear() == [("snapshot", {"scenarios": [json.loads(second.status_json_bytes())]})]
    manager.delete_scenario(first.id)
    manager.add_datasource_from_json(payload("more"))
    assert (ear.woken, ear.hear()) == (0, [])
    manager.process_scenario_async(second)
    assert manager.wait_for_processing(WAIT)
    assert ear.told() == ["scenario complete"]
    assert Ear(manager, ear.last_id, second.id).hear() == []
    manager.delete_scenario(second.id)
    events, _, ended = ear.listener.take()
    assert ([event.kind for event in events], ended) == (["scenario-deleted"], True)
    assert Ear(manager, scenario_id=second.id).hear() == [("snapshot", {"scenarios": []})]
