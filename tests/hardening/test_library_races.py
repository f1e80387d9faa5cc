"""Check and act are one: of many threads that want the same, one gets it; interleaved operations keep every promise."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from algomancy_scenario import ScenarioManager, SessionManager
from algomancy_utils import NotFoundError, PreconditionError
from tests.hardening.crash import payload
from tests.hardening.hardened_project import build_config

THREADS = 50
ROUNDS = 10
WAIT = 60


@pytest.fixture(autouse=True)
def frequent_switches() -> Iterator[None]:
    """Let threads take turns a hundred times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(before / 100)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(params=["memory", "durable"])
def sessions(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SessionManager]:
    """A fresh server's sessions, with a dataset `data` in the first."""
    overrides: dict[str, Any] = (
        {"has_persistent_state": True, "data_path": tmp_path} if request.param == "durable" else {}
    )
    sessions = SessionManager.from_config(build_config(**overrides))
    sessions.get_scenario_manager("main").add_datasource_from_json(json.dumps(payload("data", 1)))
    yield sessions
    sessions.close()


def at_once(calls: list[Callable[[], Any]]) -> Counter[str]:
    """Make all calls at the same time, each in a thread of its own; count how they end."""
    barrier = threading.Barrier(len(calls))
    endings: list[str] = []

    def play(call: Callable[[], Any]) -> None:
        barrier.wait(WAIT)
        try:
            call()
        except NotFoundError:
            endings.append("not found")
        except PreconditionError:
            endings.append("refused")
        except BaseException as error:
            endings.append(repr(error))
        else:
            endings.append("done")

    threads = [threading.Thread(target=play, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    return Counter(endings)


def note(answers: list[Any], call: Callable[..., Any], *args: Any) -> None:
    """Make a call and keep what it returns."""
    answers.append(call(*args))


ONE_WINS = Counter({"refused": THREADS - 1, "done": 1})


def test_equal_names_are_given_once(sessions: SessionManager) -> None:
    """Of 50 threads that create one tag, key, session or copy at once, one succeeds, in every round."""
    main = sessions.get_scenario_manager("main")
    sessions.create_new_session("source")
    for number in range(ROUNDS):
        name = f"name {number}"
        wishes: list[Callable[[], Any]] = [
            partial(main.create_scenario, name, "data", "Instant"),
            partial(main.derive_data, "data", name),
            partial(sessions.create_new_session, name),
            partial(sessions.copy_session, "source", f"copy of {name}"),
        ]
        for wish in wishes:
            assert at_once([wish] * THREADS) == ONE_WINS
    assert len(main.list_tags()) == len(set(main.list_tags())) == ROUNDS


def test_scenario_is_started_cancelled_and_deleted_once(sessions: SessionManager) -> None:
    """Of 50 threads that run one scenario one succeeds; likewise for cancelling and deleting it."""
    main = sessions.get_scenario_manager("main")
    for number in range(ROUNDS):
        scenario = main.create_scenario(f"run {number}", "data", "Nap", {"seconds": 30})
        assert at_once([partial(main.process_scenario_async, scenario)] * THREADS) == ONE_WINS
        assert at_once([partial(main.cancel_scenario, scenario.id)] * THREADS) == ONE_WINS
        removed: list[bool] = []
        at_once([partial(note, removed, main.delete_scenario, scenario.id)] * THREADS)
        assert Counter(removed) == {False: THREADS - 1, True: 1}


def test_dataset_is_deleted_or_used_but_not_both(sessions: SessionManager) -> None:
    """When a deletion and a replacement race with creations, no scenario is left without the data it was made for."""
    main = sessions.get_scenario_manager("main")
    for number in range(ROUNDS):
        key = f"contested {number}"
        main.add_datasource_from_json(json.dumps(payload(key, 1)))
        calls: list[Callable[[], Any]] = [
            partial(main.create_scenario, f"{number}-{i}", key, "Instant") for i in range(20)
        ]
        calls[10:10] = [partial(main.delete_data, key)] * 5
        calls[5:5] = [partial(main.add_datasource_from_json, json.dumps(payload(key, 2)))] * 2
        assert set(at_once(calls)) <= {"done", "not found", "refused"}
        users = [scenario for scenario in main.list_scenarios() if scenario.input_data_key == key]
        if users:
            assert {scenario.input_data_id for scenario in users} == {getattr(main.get_data(key), "id", None)}


def test_session_that_goes_takes_everything_with_it(sessions: SessionManager) -> None:
    """Whatever races with the deletion of its session is done before or refused; nothing of it is left anywhere."""
    for number in range(ROUNDS):
        name = f"doomed {number}"
        manager = sessions.get_scenario_manager(sessions.create_new_session(name))
        manager.add_datasource_from_json(json.dumps(payload("data", 1)))
        scenario = manager.create_scenario("running", "data", "Nap", {"seconds": 30})
        manager.process_scenario_async(scenario)
        calls: list[Callable[[], Any]] = []
        for i in range(6):
            calls += [
                partial(manager.create_scenario, f"tag {i}", "data", "Instant"),
                partial(manager.derive_data, "data", f"key {i}"),
                partial(sessions.copy_session, name, f"copy {name} {i}"),
                partial(manager.cancel_scenario, scenario.id),
                partial(sessions.rename_session, name, name),
            ]
        calls[15:15] = [partial(sessions.delete_session, name)] * 2
        endings = at_once(calls)
        assert set(endings) <= {"done", "not found", "refused"}
        assert not sessions.has_session(name)
        assert manager.currently_processing is None
        with pytest.raises(NotFoundError):
            manager.derive_data("data", "late")


def test_there_is_always_a_session(sessions: SessionManager) -> None:
    """While threads delete whatever is there, nobody ever sees a server without sessions or with a dead default."""
    stop = threading.Event()
    seen: list[str] = []

    def watch() -> None:
        while not stop.wait(0.001):
            listed = sessions.list_sessions()
            if not listed:
                seen.append("no session")
            if len({session["display_name"] for session in listed}) < len(listed):
                seen.append("two of one name")
            if not sessions.has_session(sessions.start_session_id) and sessions.list_sessions() == listed:
                seen.append("dead default")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    for _ in range(ROUNDS):
        victims = [session["id"] for session in sessions.list_sessions()]
        endings = at_once([partial(sessions.delete_session, victim) for victim in victims * 3])
        assert endings["done"] == len(victims)
        assert set(endings) <= {"done", "not found"}
        sessions.create_new_session("second")
    stop.set()
    watcher.join(WAIT)
    assert seen == []


Operation = tuple[str, int, int]
OPERATIONS = (
    "create session",
    "copy session",
    "rename session",
    "delete session",
    "add dataset",
    "derive dataset",
    "delete dataset",
    "create scenario",
    "create scenario",
    "run",
    "run",
    "cancel",
    "reset",
    "delete scenario",
)
operations = st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 2), st.integers(0, 3))
programs = st.lists(st.lists(operations, min_size=4, max_size=15), min_size=8, max_size=8)


class Player:
    """A thread's operations on a few sessions, datasets and tags, and what it saw go wrong."""

    def __init__(self, sessions: SessionManager, program: list[Operation], wrong: list[str]) -> None:
        self.sessions = sessions
        self.program = program
        self.wrong = wrong

    def __call__(self) -> None:
        for operation in self.program:
            try:
                self._play(*operation)
            except (NotFoundError, PreconditionError):
                continue
            except BaseException as error:
                self.wrong.append(f"{operation}: {error!r}")

    def _manager(self, number: int) -> ScenarioManager:
        listed = self.sessions.list_sessions()
        return self.sessions.get_scenario_manager(listed[number % len(listed)]["id"])

    def _play(self, kind: str, first: int, second: int) -> None:
        match kind:
            case "create session":
                self.sessions.create_new_session(f"session {second}")
            case "copy session":
                self.sessions.copy_session(self.sessions.start_session_id, f"session {second}")
            case "rename session":
                self.sessions.rename_session(f"session {first}", f"session {second}")
            case "delete session":
                self.sessions.delete_session(f"session {first}" if second else self.sessions.start_session_id)
            case "add dataset":
                self._manager(first).add_datasource_from_json(json.dumps(payload(f"data {second}", second)))
            case "derive dataset":
                self._manager(first).derive_data(f"data {second}", f"data {(second + 1) % 4}")
            case "delete dataset":
                self._manager(first).delete_data(f"data {second}")
            case "create scenario":
                algorithm = ("Instant", "Nap", "Exits", "Nap")[second]
                params = {"seconds": 0.002} if algorithm == "Nap" else {}
                self._manager(first).create_scenario(f"tag {second}", f"data {first}", algorithm, params)
            case _:
                self._change(kind, self._manager(first), f"tag {second}")

    def _change(self, kind: str, manager: ScenarioManager, tag: str) -> None:
        scenario = manager.get_by_tag(tag)
        if scenario is None:
            return
        match kind:
            case "run":
                manager.process_scenario_async(scenario)
            case "cancel":
                manager.cancel_scenario(scenario.id)
            case "reset":
                manager.reset_scenario(scenario.id)
            case "delete scenario":
                manager.delete_scenario(scenario.id)


class Watcher:
    """Looks at everything again and again, and notes what must never be seen."""

    def __init__(self, sessions: SessionManager, wrong: list[str]) -> None:
        self.sessions = sessions
        self.wrong = wrong
        self.stop = threading.Event()

    def __call__(self) -> None:
        try:
            while not self.stop.wait(
                0.001
            ):  # Else the processes of runs, which step back, would hardly have their turn.
                self._look()
        except BaseException as error:
            self.wrong.append(f"watcher: {error!r}")

    def _look(self) -> None:
        listed = self.sessions.list_sessions()
        if not listed:
            self.wrong.append("no session")
        for session in listed:
            try:
                manager = self.sessions.get_scenario_manager(session["id"])
            except NotFoundError:
                continue
            self.wrong += inconsistencies(json.loads(manager.scenarios_as_bytes()))


def inconsistencies(scenarios: list[dict[str, Any]]) -> list[str]:
    """What cannot be, whatever is going on."""
    wrong = []
    if sum(scenario["status"] == "processing" for scenario in scenarios) > 1:
        wrong.append("two scenarios processing")
    tags = [scenario["tag"] for scenario in scenarios]
    if len(set(tags)) < len(tags):
        wrong.append("two scenarios of one tag")
    for scenario in scenarios:
        value = scenario["kpis"]["Answer"]["value"]
        status, result, progress = scenario["status"], scenario["result"], scenario["progress"]
        fits = {
            "created": result is None and value is None and progress == 0 and scenario["error"] is None,
            "queued": result is None and value is None and progress == 0 and scenario["started_at"] is None,
            "processing": result is None and value is None and scenario["started_at"] is not None,
            "complete": result is not None and value == 42 and progress == 100,
            "failed": result == {"error": scenario["error"]} and value is None and bool(scenario["error"]),
        }
        if not fits[status]:
            wrong.append(f"a scenario that is {status} and yet {scenario}")
    return wrong


def everything(sessions: SessionManager) -> list[Any]:
    """All that a client can see."""
    managers = [(session, sessions.get_scenario_manager(session["id"])) for session in sessions.list_sessions()]
    return [
        (
            session,
            {key: manager.get_data_as_json(key) for key in sorted(manager.get_data_keys())},
            json.loads(manager.scenarios_as_bytes()),
        )
        for session, manager in managers
    ]


@pytest.mark.parametrize("durable", [False, True], ids=["memory", "durable"])
@given(program=programs)
# No shrinking: the same program hardly ever meets the same interleaving again.
@settings(
    max_examples=10,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_interleaved_operations_keep_every_promise(
    durable: bool, program: list[list[Operation]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Eight threads do anything to a few sessions, datasets and tags; no promise is broken then or afterwards."""
    folder = tmp_path_factory.mktemp("state")
    stored: dict[str, Any] = {"has_persistent_state": True, "data_path": folder}
    config = build_config(**stored if durable else {})
    sessions = SessionManager.from_config(config)
    for number in range(3):
        sessions.get_scenario_manager("main").add_datasource_from_json(json.dumps(payload(f"data {number}", number)))
    wrong: list[str] = []
    watcher = Watcher(sessions, wrong)
    watching = threading.Thread(target=watcher, daemon=True)
    watching.start()
    assert at_once([Player(sessions, steps, wrong) for steps in program]) == Counter(done=len(program))
    for session in sessions.list_sessions():
        manager = sessions.get_scenario_manager(session["id"])
        assert manager.wait_for_processing(WAIT)
        keys = set(manager.get_data_keys())
        for scenario in manager.list_scenarios():
            assert scenario.input_data_key in keys
            source = manager.get_data(scenario.input_data_key)
            assert source is not None
            assert scenario.input_data_id == source.id
            assert scenario.status in ("created", "complete", "failed")
            assert manager.get_by_id(scenario.id) is manager.get_by_tag(scenario.tag) is scenario
        for key in keys - {scenario.input_data_key for scenario in manager.list_scenarios()}:
            manager.delete_data(key)
        assert manager.currently_processing is None
    watcher.stop.set()
    watching.join(WAIT)
    assert wrong == []
    assert sessions.has_session(sessions.start_session_id)
    seen = everything(sessions)
    sessions.close()
    if durable:
        again = SessionManager.from_config(config)
        assert everything(again) == seen
        again.close()
