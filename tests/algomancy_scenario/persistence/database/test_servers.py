"""Several servers on one database are one server, whichever is asked."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest

from algomancy_scenario import Scenario, ScenarioManager, SessionManager
from algomancy_scenario.persistence.database import database
from algomancy_scenario.persistence.database import store as store_module
from algomancy_scenario.sessions import replica as replica_module
from algomancy_utils import NotFoundError, PreconditionError, TakenError
from algomancy_utils.errors import UnavailableError
from tests.algomancy_scenario.scenario_project import WAIT, Answer, Control, config, payload, until

Servers = Callable[..., SessionManager]


@pytest.fixture
def server(open_sessions: Callable[..., SessionManager], database_url: str) -> Servers:
    """A function that starts another server on the test's database."""
    return lambda **overrides: open_sessions(persistence_backend="database", database_url=database_url, **overrides)


@pytest.fixture
def pair(server: Servers) -> tuple[SessionManager, SessionManager]:
    """Two servers; the first has a dataset `data`."""
    first, second = server(), server()
    first.get_scenario_manager("main").add_datasource_from_json(payload("data"))
    return first, second


def now(sessions: SessionManager) -> SessionManager:
    """A server as a request finds it."""
    assert sessions.catch_up is not None
    sessions.catch_up()
    return sessions


def main(sessions: SessionManager) -> ScenarioManager:
    """Its first session, as a request finds it."""
    return now(sessions).get_scenario_manager("main")


def shown(sessions: SessionManager, scenario_id: str) -> Scenario[Any]:
    """A scenario of that session, as a request finds it."""
    scenario = main(sessions).get_by_id(scenario_id)
    assert scenario is not None
    return scenario


def until_complete(sessions: SessionManager, scenario_id: str) -> None:
    """Wait until requests find the scenario complete."""
    until(lambda: shown(sessions, scenario_id).status == "complete")


def until_idle(sessions: SessionManager) -> None:
    """Wait until requests find nothing queued or running in that session."""
    until(lambda: main(sessions).wait_for_processing(0))


def test_session_of_one_server_is_one_of_all(pair: tuple[SessionManager, SessionManager]) -> None:
    """Sessions are made, copied, renamed and deleted on any server; all list them in the same order."""
    first, second = pair
    assert first.session_ids == second.session_ids
    made = now(second).create_new_session("north")
    assert now(first).get_display_name(made) == "north"
    copied = first.copy_session("main", "copy")
    assert now(second).get_scenario_manager(copied).get_data_keys() == ["data"]
    second.rename_session(made, "south")
    assert now(first).list_sessions() == second.list_sessions()
    with pytest.raises(TakenError):
        first.create_new_session("south")
    first.delete_session("main")
    assert not now(second).has_session("main")
    assert now(first).start_session_id == second.start_session_id == made
    second.delete_session(copied)
    second.delete_session(made)
    (last,) = now(first).list_sessions()
    assert (last["display_name"], last) == ("main", second.list_sessions()[0])


def test_dataset_of_one_server_is_one_of_all(pair: tuple[SessionManager, SessionManager]) -> None:
    """A dataset is read, replaced, derived from and deleted on any server, and protected by the scenarios of all."""
    first, second = pair
    document = main(second).get_data_as_bytes("data")
    assert json.loads(document) == json.loads(payload("data"))
    main(second).add_datasource_from_json(payload("data", 2))
    assert json.loads(main(first).get_data_as_bytes("data"))["tables"]["items"]["data"] == [{"id": 2}]
    main(first).derive_data("data", "more")
    scenario = main(second).create_scenario("one", "more", "Instant")
    with pytest.raises(PreconditionError, match="a scenario references it"):
        first.get_scenario_manager("main").delete_data("more")
    assert main(first).delete_scenario(scenario.id)
    first.get_scenario_manager("main").delete_data("more")
    assert main(second).get_data_keys() == ["data"]
    with pytest.raises(NotFoundError):
        second.get_scenario_manager("main").create_scenario("two", "more", "Instant")


def test_scenario_of_one_server_is_one_of_all(pair: tuple[SessionManager, SessionManager]) -> None:
    """A scenario and its result are the same bytes everywhere; what one server deletes is gone from all."""
    first, second = pair
    scenario = main(first).create_scenario("one", "data", "Instant")
    main(second).process_scenario_async(shown(second, scenario.id))
    until_complete(first, scenario.id)
    assert main(first).scenarios_as_bytes() == main(second).scenarios_as_bytes()
    assert scenario.to_dict()["result"] == {"data_id": "id-1", "answer": 42}
    main(second).reset_scenario(scenario.id)
    assert shown(first, scenario.id).status == "created"
    main(second).delete_scenario(scenario.id)
    assert main(first).list_scenarios() == []


@pytest.mark.parametrize("what", ["scenario", "session", "dataset"])
def test_one_of_many_equal_creations_succeeds(pair: tuple[SessionManager, SessionManager], what: str) -> None:
    """Over all servers, of simultaneous creations with one name exactly one is accepted."""
    changes: dict[str, Callable[[SessionManager], Any]] = {
        "scenario": lambda each: each.get_scenario_manager("main").create_scenario("same", "data", "Instant"),
        "session": lambda each: each.create_new_session("same"),
        "dataset": lambda each: each.get_scenario_manager("main").derive_data("data", "same"),
    }
    now(pair[1])
    barrier = threading.Barrier(8)

    def create(number: int) -> str:
        barrier.wait(WAIT)
        try:
            changes[what](pair[number % 2])
        except TakenError:
            return "taken"
        return "made"

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(create, range(8))) == {"made": 1, "taken": 7}


def test_run_is_done_once_by_one_of_the_servers(pair: tuple[SessionManager, SessionManager], control: Control) -> None:
    """Queued anywhere, each scenario runs once, those of a session one after the other and in order."""
    order: list[str] = []
    running: list[int] = []

    def act(algorithm: Any) -> Answer:
        running.append(1)
        assert len(running) == 1
        order.append(algorithm.data.id)
        threading.Event().wait(0.01)
        running.pop()
        return Answer("x")

    control.action = act
    tags = []
    for number in range(12):
        manager = main(pair[number % 2])
        manager.add_datasource_from_json(payload(f"data {number}", number))
        scenario = manager.create_scenario(f"{number}", f"data {number}", "Acting")
        tags.append(scenario.tag)
        manager.process_scenario_async(scenario)
    for sessions in pair:
        until_idle(sessions)
    assert {each.status for each in main(pair[0]).list_scenarios()} == {"complete"}
    assert order == [f"id-{number}" for number in range(12)]


@pytest.mark.parametrize("how", ["cancel_scenario", "delete_scenario"])
def test_run_of_another_server_can_be_stopped(
    pair: tuple[SessionManager, SessionManager], control: Control, how: str
) -> None:
    """Cancelling or deleting reaches the server that runs the scenario; the next in the queue starts at once."""
    first, _ = pair
    scenario = main(first).create_scenario("one", "data", "Cancellable")
    following = main(first).create_scenario("two", "data", "Instant")
    main(first).process_scenario_async(scenario)
    assert control.started.wait(WAIT)
    main(first).process_scenario_async(following)
    runs_it = pair[0] if main(pair[0]).processor.elsewhere is None else pair[1]
    asked = pair[1] if runs_it is pair[0] else pair[0]
    assert main(asked).currently_processing is not None
    assert main(asked).run_counts == (1, 1)
    getattr(main(asked), how)(scenario.id)
    assert control.ended.wait(WAIT)
    for sessions in pair:
        until_complete(sessions, following.id)
        stopped = main(sessions).get_by_id(scenario.id)
        assert stopped is None if how == "delete_scenario" else stopped is not None and stopped.error == "Cancelled"


def test_progress_is_seen_by_all_and_never_falls(pair: tuple[SessionManager, SessionManager], control: Control) -> None:
    """Whoever asks in turn sees progress that grows."""

    def act(algorithm: Any) -> Answer:
        algorithm.set_progress(40)
        control.started.set()
        control.release.wait(WAIT)
        return Answer("x")

    control.action = act
    scenario = main(pair[0]).create_scenario("one", "data", "Acting")
    main(pair[0]).process_scenario_async(scenario)
    assert control.started.wait(WAIT)
    seen: list[float] = []

    def reaches_40() -> bool:
        seen.extend(shown(each, scenario.id).progress for each in pair)
        return seen[-1] == 40

    until(reaches_40)
    assert seen == sorted(seen)


def test_listener_hears_what_other_servers_change(pair: tuple[SessionManager, SessionManager]) -> None:
    """Events come from all servers, without anybody asking this one."""
    first, second = pair
    woken = threading.Event()
    listener = main(second).listen(woken.set)
    listener.take()
    scenario = first.get_scenario_manager("main").create_scenario("one", "data", "Instant")
    assert woken.wait(WAIT)
    (event,), _, _ = listener.take()
    assert (event.kind, json.loads(event.data)["id"]) == ("scenario", scenario.id)
    woken.clear()
    first.create_new_session("other")
    first.delete_session("main")
    assert woken.wait(WAIT)
    events, _, ended = listener.take()
    assert ended
    assert json.loads(events[-1].data)["deleted"] is True


def test_run_of_a_server_that_died_is_queued_again(
    server: Servers, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When nothing is heard of a run, another server does it; what the first one still reports is not believed."""
    monkeypatch.setattr(replica_module, "TELL_SECONDS", 0.05)
    monkeypatch.setattr(replica_module, "LOST_SECONDS", 0.4)
    dead = server()
    manager = dead.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    scenario = manager.create_scenario("one", "data", "Blocking")
    manager.process_scenario_async(scenario)
    assert control.started.wait(WAIT)
    control.started.clear()
    other = server()
    assert main(other).currently_processing is not None
    assert dead._replica is not None
    dead._replica._closed.set()  # It tells nothing any more, as after kill -9.
    assert control.started.wait(WAIT)
    control.release.set()
    until_complete(other, scenario.id)
    assert main(other).wait_for_processing(WAIT)
    assert dead._replica is not None
    dead.close()


def test_server_that_cannot_tell_stops_its_runs(
    server: Servers, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the database does not answer for too long, a run is stopped: others will do it."""
    sessions = server()
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    scenario = manager.create_scenario("one", "data", "Cancellable")
    manager.process_scenario_async(scenario)
    assert control.started.wait(WAIT)
    monkeypatch.setattr(replica_module, "STOP_SECONDS", 0.2)
    monkeypatch.setattr(replica_module, "LOST_SECONDS", 0.4)

    def fail(*_: Any) -> None:
        raise OSError("The network is down.")

    with monkeypatch.context() as broken:
        broken.setattr(store_module.DatabaseStore, "catch_up", fail)
        assert control.ended.wait(WAIT)
        control.cancelled.set()
    until_complete(sessions, scenario.id)


def test_server_that_was_away_too_long_reads_everything(server: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was removed is remembered for so many changes; a server that has missed more compares all there is."""
    monkeypatch.setattr(store_module, "_REMEMBERED", 10)
    away = server()
    manager = away.get_scenario_manager("main")
    for key in ("data", "old"):
        manager.add_datasource_from_json(payload(key))
    manager.create_scenario("gone", "data", "Instant")
    away.create_new_session("gone")
    assert away._replica is not None
    away._replica._closed.set()
    away._replica._thread.join(WAIT)
    other = server()
    other.delete_session("gone")
    main(other).delete_data("old")
    gone = main(other).get_by_tag("gone")
    assert gone is not None
    main(other).delete_scenario(gone.id)
    for number in range(25):
        main(other).create_scenario(f"{number}", "data", "Instant")
    assert main(away).scenarios_as_bytes() == main(other).scenarios_as_bytes()
    assert main(away).get_data_keys() == main(other).get_data_keys() == ["data"]
    assert away.list_sessions() == other.list_sessions()


def test_everything_is_there_after_a_restart(server: Servers, control: Control) -> None:
    """Whatever was acknowledged is found again as it was; what was queued runs."""
    sessions = server()
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    control.action = lambda _: (_ for _ in ()).throw(ValueError("a nul: \0"))
    for tag, algorithm in (("one", "Instant"), ("failing", "Acting")):
        manager.process_scenario_async(manager.create_scenario(tag, "data", algorithm))
        assert manager.wait_for_processing(WAIT)
    before = manager.scenarios_as_bytes()
    document = manager.get_data_as_bytes("data")
    sessions.close()
    sessions = server()
    assert main(sessions).scenarios_as_bytes() == before
    assert main(sessions).get_data_as_bytes("data") == document


def test_database_that_is_away_is_told_and_nothing_is_changed(
    server: Servers, database_away: Callable[[], AbstractContextManager[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that cannot be kept is refused in a sentence; when the database is back all goes on."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    sessions = server()
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    changes: list[Callable[[], object]] = [
        lambda: sessions.create_new_session("lost"),
        lambda: manager.create_scenario("lost", "data", "Instant"),
        lambda: manager.delete_data("data"),
    ]
    with database_away():
        for change in changes:
            with pytest.raises(UnavailableError, match="does not answer at the moment"):
                change()
    assert (now(sessions).session_ids, main(sessions).list_ids()) == ([sessions.start_session_id], [])
    scenario = main(sessions).create_scenario("one", "data", "Instant")
    main(sessions).process_scenario_async(scenario)
    until_complete(server(), scenario.id)


def test_two_servers_that_start_at_once_make_one_session(server: Servers) -> None:
    """The schema is made once, and so is the first session."""
    with ThreadPoolExecutor(4) as pool:
        servers = list(pool.map(lambda _: server(), range(4)))
    assert {tuple(now(each).session_ids) for each in servers} == {tuple(servers[0].session_ids)}
    assert len(servers[0].session_ids) == 1


def test_configuration_of_one_server_may_differ(server: Servers) -> None:
    """A scenario whose algorithm another server does not have fails there with a sentence."""
    first = server()
    main(first).add_datasource_from_json(payload("data"))
    scenario = main(first).create_scenario("one", "data", "Instant")
    first.close()
    poor = server(algorithms={"Labelled": config().algorithms["Labelled"]})
    main(poor).process_scenario_async(shown(poor, scenario.id))
    assert main(poor).wait_for_processing(WAIT)
    failed = shown(poor, scenario.id)
    assert failed is not None
    assert failed.error is not None
    assert "Instant" in failed.error
