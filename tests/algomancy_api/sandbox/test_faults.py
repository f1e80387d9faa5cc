"""Faults happen to the requests they are for, as often as told, and to no others."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config

STATUS = "/sessions/main/scenarios"


def answers(world: Any, count: int, path: str = "/sessions") -> list[int]:
    """The statuses of some GETs, one after the other."""
    return [world.api("GET", path).status_code for _ in range(count)]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"status": 503}, [503] * 6),
        ({"status": 503, "times": 2}, [503, 503, 200, 200, 200, 200]),
        ({"status": 503, "nth": 3}, [200, 200, 503, 200, 200, 200]),
        ({"status": 503, "nth": 2, "times": 3}, [200, 503, 503, 503, 200, 200]),
        ({"status": 503, "operation": "get_health"}, [200] * 6),
        ({"status": 503, "operation": "list_sessions", "session": "main"}, [200] * 6),
    ],
    ids=["always", "twice", "third", "from the second on", "another operation", "another session"],
)
def test_fault_happens_to_the_requests_it_is_for(world: Any, told: dict[str, Any], expected: list[int]) -> None:
    """`operation` and `session` say which, `nth` from where on, `times` how often."""
    fault = world.steer("POST", "/faults", **told)
    assert answers(world, 6) == expected
    (listed,) = world.steer("GET", "/faults")["faults"]
    assert (listed["id"], listed["happened"]) == (fault["id"], expected.count(503))
    world.steer("DELETE", f"/faults/{fault['id']}")
    assert answers(world, 1) == [200]


def test_fault_of_a_session_is_for_its_id_and_its_name(world: Any) -> None:
    """It is the same session, whichever the fault and the request name."""
    session = world.api("GET", "/sessions").json()["default"]
    world.api("POST", "/sessions", {"display_name": "other"})
    for named, asked in itertools.product((session, "main"), repeat=2):
        world.steer("POST", "/faults", session=named, status=503, times=1)
        assert answers(world, 1, "/sessions/other/data") == [200]
        assert answers(world, 2, f"/sessions/{asked}/data") == [503, 200]
        world.steer("DELETE", "/faults")


def test_chance_is_the_same_for_the_same_seed(make_world: Callable[..., Any]) -> None:
    """About as many requests fail as told, and the very same ones in a world of the same seed."""
    told = []
    for seed in (1, 1, 2):
        world = make_world(seed=seed)
        world.steer("POST", "/faults", status=503, probability=0.3)
        told.append(answers(world, 100))
    assert told[0] == told[1] != told[2]
    assert 15 < told[0].count(503) < 45


def test_answer_of_a_fault_says_what_it_was_told(make_world: Callable[..., Any]) -> None:
    """Status, sentence and `Retry-After`, and nothing was done; what the contract forbids when it is wanted."""
    world = make_world()
    told = {"operation": "create_session", "status": 409, "detail": "Taken by the test."}
    world.steer("POST", "/faults", **told, times=1)
    answer = world.api("POST", "/sessions", {"display_name": "new"})
    assert (answer.status_code, answer.json()) == (409, {"detail": "Taken by the test."})
    world.steer("POST", "/faults", status=503, retry_after=7, times=1)
    assert world.api("GET", "/sessions").headers["retry-after"] == "7"
    assert len(world.api("GET", "/sessions").json()["sessions"]) == 1
    world.steer("POST", "/faults", operation="list_sessions", status=418, allow_contract_breach=True)
    assert answers(world, 1) == [418]


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"status": 503, "operation": "nap"}, "Operation 'nap' is unknown; known are: list_sessions, create_session"),
        ({"status": 404}, "Operation 'list_sessions' does not answer 404; allowed are 400, 401, 503."),
        ({"operation": "get_scenario", "status": 409}, "allowed are 400, 401, 404, 503. Or 'allow_contract_breach'"),
        ({"stale": True}, "A stale read is something that the contract forbids"),
        ({"drop_events": True}, "A lost event is something that the contract forbids"),
        ({}, "A fault needs one of the fields 'latency_ms'"),
        ({"status": 503, "cut": "before"}, "A fault has one of 'status', 'cut'"),
        ({"latency_ms": 1, "retry_after": 1}, "Field 'retry_after' is for a 'status'."),
        ({"status": 200}, "Field 'status' must be at least 400."),
        ({"cut": "between"}, "Field 'cut' must be 'before' or 'within'."),
        ({"latency": 5}, "Field 'latency' is unknown."),
        ({"status": 503, "probability": 0}, "Field 'probability' must be greater than 0"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_fault_that_cannot_be_is_refused(world: Any, told: dict[str, Any], sentence: str) -> None:
    """With a sentence that says what may be."""
    answer = world.http.post(f"{world.path}/faults", json=told)
    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]
    assert world.steer("GET", "/faults") == {"faults": []}


@pytest.mark.parametrize("told", [{"latency_ms": 3_000}, {"slow_body_ms": 3_000}], ids=["latency", "slow body"])
def test_delay_is_one_of_the_worlds_clock(world: Any, told: dict[str, Any]) -> None:
    """Under a manual clock the answer comes when that is advanced, and the advance returns when it has come."""
    world.steer("POST", "/faults", operation="list_sessions", times=1, **told)
    answered = threading.Event()

    def ask() -> None:
        assert world.api("GET", "/sessions").json()["sessions"]
        answered.set()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    while not world.steer("GET", "/faults")["faults"][0]["happened"]:
        pass
    world.advance(2.9)
    assert not answered.is_set()
    world.advance(0.1)
    assert answered.wait(10)
    (logged,) = world.steer("GET", "/requests")["requests"]
    assert (logged["status"], logged["fault"], logged["at"]) == (200, "1", "2026-01-05T08:00:00Z")


def test_stale_read_is_answered_as_the_first_was(world: Any) -> None:
    """Of each URL; what was done in between shows when the fault is gone."""
    world.steer("POST", "/faults", operation="get_scenario_status", stale=True, allow_contract_breach=True)
    one, other = world.scenario("one"), world.scenario("other")
    assert world.status(one) == ("created", 0)
    for each in (one, other):
        world.run(each)
    world.advance(0)
    assert (world.status(one), world.status(other)) == (("created", 0), ("complete", 100))
    assert world.api("GET", one).json()["status"] == "complete"
    assert world.steer("GET", "/faults")["faults"][0]["happened"] == 1
    world.steer("DELETE", "/faults")
    assert world.status(one) == ("complete", 100)


@pytest.fixture(scope="module")
def address(serve_alone: Callable[..., list[str]]) -> str:
    """A sandbox as it is served, on a port of its own."""
    return serve_alone(ApiLauncher.build_sandbox(build_example_config(), "empty"))[0]


@pytest.mark.parametrize(
    ("cut", "error"),
    [("before", httpx.ReadError | httpx.RemoteProtocolError), ("within", httpx.RemoteProtocolError | httpx.ReadError)],
)
def test_cut_connection_ends_without_an_answer(address: str, cut: str, error: Any, caplog: Any) -> None:
    """Before anything, or in the middle of the body; what was asked for is done, and the server logs no error."""
    with httpx.Client(base_url=address) as http:
        base = http.post("/sandbox/worlds", json={"fixture": "empty"}).json()
        steer = f"/sandbox/worlds/{base['name']}"
        http.post(f"{steer}/faults", json={"operation": "create_session", "cut": cut, "times": 1})
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)) as raised:
            http.post(f"{base['base_url']}/sessions", json={"display_name": "made all the same"})
        assert isinstance(raised.value, error)
        names = [each["display_name"] for each in http.get(f"{base['base_url']}/sessions").json()["sessions"]]
        assert names == ["main", "made all the same"]
        logged = http.get(f"{steer}/requests?operation=create_session").json()["requests"]
        assert [each["status"] for each in logged] == [None if cut == "before" else 201]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_dropped_events_never_come(address: str) -> None:
    """As many as told are lost, and the next one comes; the snapshot is never lost."""

    async def listen() -> list[str]:
        async with httpx.AsyncClient(base_url=address, timeout=20) as http:
            made = (await http.post("/sandbox/worlds", json={"fixture": "empty"})).json()
            told = {"drop_events": True, "times": 1, "allow_contract_breach": True}
            await http.post(f"/sandbox/worlds/{made['name']}/faults", json=told)
            seen: list[str] = []
            async with http.stream("GET", f"{made['base_url']}/sessions/main/events") as stream:
                async for line in stream.aiter_lines():
                    if line.startswith(("event: ", "data: ")):
                        seen.append(line)
                    if seen[-1:] and seen[-1].startswith("data: "):
                        number = len(seen) // 2
                        if number == 3:
                            return seen
                        for name in ("lost", "told") if number == 1 else ("end",):
                            await http.patch(f"{made['base_url']}/sessions/main", json={"display_name": name})
                            await http.patch(f"{made['base_url']}/sessions/{name}", json={"display_name": "main"})
            return seen

    seen = asyncio.run(listen())
    assert seen[0] == "event: snapshot"
    assert seen[2::2] == ["event: session", "event: session"]
