"""Waiting for a scenario, whatever happens to the server meanwhile."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from algomancy_api.client import (
    Conflict,
    ConnectionFailed,
    NotFound,
    RetryPolicy,
    ScenarioFailed,
    ServerError,
    Unavailable,
    UnexpectedReply,
    WaitTimeout,
)
from algomancy_api.schemas import CreateScenarioRequest, ScenarioStatus
from tests.algomancy_api.client.client_faces import Face, FakeTime
from tests.algomancy_api.client.operation_cases import scenario
from tests.algomancy_api.client.stand_in import ID, Server

REFUSED = httpx.ConnectError("refused")
RESET = httpx.ReadError("reset")


def test_wait_polls_until_complete(face: Face, server: Server, fake_time: FakeTime) -> None:
    """It asks often at first and less later, tells each change once, and gives the scenario with its result."""
    server.shows("queued", "queued", ("processing", 10.0), ("processing", 60.0), ("processing", 60.0), "complete")
    told: list[ScenarioStatus] = []
    done = face.wait(ID, on_progress=told.append)
    assert done.result == {"layout": []}
    assert [(one.status.value, one.progress) for one in told] == [
        ("queued", 0.0),
        ("processing", 10.0),
        ("processing", 60.0),
        ("complete", 100.0),
    ]
    assert fake_time.naps == pytest.approx([0.05, 0.075, 0.1125, 0.16875, 0.253125])


@pytest.mark.parametrize("form", ["id", "scenario", "status"])
def test_wait_takes_whatever_tells_an_id(form: str, face: Face, server: Server) -> None:
    """A scenario may be given as an object of any kind, or as its id."""
    server.shows("complete")
    forms = {"id": ID, "scenario": face.get_scenario(ID), "status": face.get_scenario_status(ID)}
    assert face.wait(forms[form]).id == ID


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({}, "It broke."),
        ({"error": None}, "It broke."),
        ({"error": None, "result": None}, "The server gave no reason."),
    ],
    ids=["error", "result", "neither"],
)
def test_wait_raises_for_a_failed_scenario(members: dict[str, Any], reason: str, face: Face, server: Server) -> None:
    """The exception carries the scenario and the reason, wherever a backend puts it."""
    server.shows("processing", "failed")
    server.get.respond(json=scenario("failed", **members))
    with pytest.raises(ScenarioFailed, match=f"Scenario 'tag' failed: {reason}") as caught:
        face.wait(ID)
    assert (caught.value.scenario.id, caught.value.reason) == (ID, reason)
    assert pickle.loads(pickle.dumps(caught.value)).scenario == caught.value.scenario


def test_wait_ends_at_its_timeout(face: Face, server: Server, fake_time: FakeTime) -> None:
    """It ends on the second, as a builtin TimeoutError that tells how far the scenario was."""
    server.shows(("processing", 40.0))
    with pytest.raises(TimeoutError, match=r"not ended within 10 seconds: it was processing at 40 %\.") as caught:
        face.wait(ID, timeout=10)
    assert sum(fake_time.naps) == pytest.approx(10)
    assert max(fake_time.naps) <= 2.0
    assert isinstance(caught.value, WaitTimeout)
    assert caught.value.last is not None
    assert (caught.value.scenario_id, caught.value.last.progress) == (ID, 40.0)
    assert pickle.loads(pickle.dumps(caught.value)).last == caught.value.last


@pytest.mark.parametrize(
    "failure",
    [
        REFUSED,
        RESET,
        httpx.ReadTimeout("timed out"),
        httpx.RemoteProtocolError("gone"),
        httpx.Response(503, headers={"Retry-After": "1"}),
        httpx.Response(502),
        httpx.Response(429),
    ],
    ids=["refused", "reset", "read timeout", "disconnected", "503", "502", "429"],
)
def test_wait_survives_an_outage(failure: Any, face: Face, server: Server) -> None:
    """Far more failures in a row than a request alone would bear do not end the waiting."""
    server.shows(("processing", 10.0), *[failure] * 25, ("processing", 20.0), "complete")
    assert face.wait(ID, timeout=600).status == "complete"


def test_wait_obeys_retry_after(face: Face, server: Server, fake_time: FakeTime) -> None:
    """It sleeps as long as the server asks, but not beyond its own timeout."""
    busy = httpx.Response(503, headers={"Retry-After": "7"})
    server.shows(busy, busy)
    with pytest.raises(WaitTimeout):
        face.wait(ID, timeout=10)
    assert fake_time.naps == [7.0, 3.0]


def test_wait_survives_an_outage_at_the_very_end(face: Face, server: Server) -> None:
    """The result is asked for as patiently as the status."""
    server.shows("complete")
    server.get.mock(side_effect=[REFUSED] * 9 + [httpx.Response(200, json=scenario("complete"))])
    assert face.wait(ID).status == "complete"


def test_wait_gives_up_on_a_server_that_is_gone(
    make_face: Callable[..., Face], server: Server, fake_time: FakeTime
) -> None:
    """Without a timeout it is the outage that may not last longer than the policy says."""
    server.shows(("processing", 10.0), REFUSED)
    with pytest.raises(ConnectionFailed):
        make_face(retry=RetryPolicy(max_outage=60)).wait(ID)
    assert 60 < sum(fake_time.naps) < 70


def test_wait_gives_up_on_a_pause_too_long(face: Face, server: Server, fake_time: FakeTime) -> None:
    """Without a timeout nobody sleeps for a day because a server asks for it."""
    server.shows(("processing", 10.0), httpx.Response(503, headers={"Retry-After": "86400"}))
    with pytest.raises(Unavailable):
        face.wait(ID)
    assert sum(fake_time.naps) < 1


def test_wait_times_out_on_a_server_that_is_gone(face: Face, server: Server) -> None:
    """With a timeout that is what ends it, and the message tells that nobody answered."""
    server.shows(("processing", 10.0), REFUSED)
    with pytest.raises(WaitTimeout, match=r"within 30 seconds: the server did not answer\.") as caught:
        face.wait(ID, timeout=30)
    assert isinstance(caught.value.__cause__, ConnectionFailed)


def test_wait_tells_a_forgotten_scenario_from_an_unknown_one(face: Face, server: Server) -> None:
    """After a restart without persistent state it is not found, and the message says why that may be."""
    missing = httpx.Response(404, json={"detail": "There is no such scenario."})
    server.shows(missing)
    with pytest.raises(NotFound, match=r"^There is no such scenario\.$"):
        face.wait(ID)
    server.shows(("processing", 10.0), REFUSED, missing)
    with pytest.raises(NotFound, match="restarted and keeps no state"):
        face.wait(ID)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(httpx.Response(500), ServerError), (httpx.Response(200, text="hello"), UnexpectedReply)],
    ids=["500", "nonsense"],
)
def test_wait_ends_at_what_does_not_pass(
    answer: httpx.Response, kind: type[Exception], face: Face, server: Server
) -> None:
    """A broken server is not asked on and on."""
    server.shows(answer)
    with pytest.raises(kind):
        face.wait(ID)
    assert server.status.call_count == 1


def test_wait_goes_on_when_the_scenario_was_reset(face: Face, server: Server) -> None:
    """A scenario that is no longer complete when it is fetched is waited for again."""
    server.shows("complete", "processing", "complete")
    again = [httpx.Response(200, json=scenario("created")), httpx.Response(200, json=scenario("complete"))]
    server.get.mock(side_effect=again)
    assert face.wait(ID).status == "complete"


def test_callback_may_stop_the_waiting(face: Face, server: Server) -> None:
    """What `on_progress` raises comes through unchanged."""
    server.shows(("processing", 10.0))

    def stop(_: ScenarioStatus) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        face.wait(ID, on_progress=stop)


def test_run_and_wait_creates_runs_and_waits(face: Face, server: Server) -> None:
    """One call makes the scenario, starts it once, and gives it when it is complete."""
    server.shows("queued", "complete")
    done = face.run_and_wait("Slow", "Master data", tag="mine", algo_params={"duration": 1}, data_params={"x": 2})
    assert done.status == "complete"
    sent = server.create.calls.last.request.content
    for part in (b'"mine"', b'"Master data"', b'"Slow"', b'{"duration": 1}', b'{"x": 2}'):
        assert part in sent
    assert server.run.call_count == 1


def test_run_and_wait_makes_up_tags(face: Face, server: Server) -> None:
    """Two runs without a tag have different ones: the algorithm's name and the moment, and nothing like an id."""
    server.shows("complete")
    for _ in range(2):
        face.run_and_wait("Slow", "Master data")
    tags = [call.request.content.split(b'"tag": "')[1].split(b'"')[0] for call in server.create.calls]
    assert tags[0] != tags[1]
    assert all(re.fullmatch(rb"Slow \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", tag) for tag in tags)


@pytest.mark.parametrize(
    ("name", "start"),
    [("x" * 999, "x" * 200 + " 20"), ("a\x1b\nb", "ab 20"), ("", "20")],
    ids=["long", "control characters", "nothing"],
)
def test_made_up_tags_are_valid_whatever_the_algorithm_is_called(
    name: str, start: str, face: Face, server: Server
) -> None:
    """An odd name is for the server to judge as an algorithm's, not as a tag's."""
    server.create.respond(404, json={"detail": "There is no such algorithm."})
    with pytest.raises(NotFound):
        face.run_and_wait(name, "Master data")
    tag = json.loads(server.create.calls.last.request.content)["tag"]
    assert CreateScenarioRequest(tag=tag, dataset_key="Master data", algo_name="Slow").tag.startswith(start)


def test_run_and_wait_leaves_a_running_scenario_alone(face: Face, server: Server) -> None:
    """Where the server runs scenarios by itself, none is started twice."""
    server.create.respond(201, json=scenario("queued"))
    server.shows("complete")
    face.run_and_wait("Slow", "Master data")
    assert not server.run.called
    server.create.respond(201, json=scenario("created"))
    server.run.respond(409)
    assert face.run_and_wait("Slow", "Master data").status == "complete"


@pytest.mark.parametrize("failure", [RESET, REFUSED, httpx.Response(503)], ids=["reset", "refused", "503"])
def test_run_and_wait_starts_again_when_it_did_not_start(failure: Any, face: Face, server: Server) -> None:
    """A start that failed is repeated when the status shows that it was not taken."""
    server.run.mock(side_effect=[failure, httpx.Response(202, json=scenario("queued"))])
    server.shows(REFUSED, "created", "processing", "complete")
    assert face.run_and_wait("Slow", "Master data").status == "complete"
    assert server.run.call_count == 2


def test_run_and_wait_does_not_start_twice(face: Face, server: Server) -> None:
    """A start whose answer was lost is not repeated when the status shows that it was taken."""
    server.run.mock(side_effect=RESET)
    server.shows("queued", "complete")
    assert face.run_and_wait("Slow", "Master data").status == "complete"
    assert server.run.call_count == 1


def test_run_and_wait_tells_that_a_start_is_refused(face: Face, server: Server) -> None:
    """A refusal that the status does not explain is raised."""
    server.run.respond(409, json={"detail": "Not now."})
    server.shows("created")
    with pytest.raises(Conflict, match=r"Not now\."):
        face.run_and_wait("Slow", "Master data")


def test_run_and_wait_gives_up_starting(make_face: Callable[..., Face], server: Server, fake_time: FakeTime) -> None:
    """A server that answers but never takes the start is not asked for ever; a timeout ends it sooner."""
    server.run.respond(503)
    server.shows("created")
    face = make_face(retry=RetryPolicy(max_outage=60))
    with pytest.raises(Unavailable):
        face.run_and_wait("Slow", "Master data")
    assert 60 < sum(fake_time.naps) < 70
    with pytest.raises(WaitTimeout, match=r"within 30 seconds: it was created at 0 %\."):
        face.run_and_wait("Slow", "Master data", timeout=30)


@pytest.mark.parametrize("request_", ["create", "run"])
def test_run_and_wait_does_not_keep_a_long_pause(
    request_: str, face: Face, server: Server, fake_time: FakeTime
) -> None:
    """A server that asks for a pause above the policy's is given up at once, like anywhere else."""
    getattr(server, request_).respond(503, headers={"Retry-After": "86400"})
    server.shows("created")
    with pytest.raises(Unavailable):
        face.run_and_wait("Slow", "Master data")
    assert not fake_time.naps


def own_scenario(server: Server) -> Callable[[httpx.Request], httpx.Response]:
    """Answers the list with a scenario that has the tag last asked for."""

    def answer(_: httpx.Request) -> httpx.Response:
        tag = server.create.calls.last.request.content.split(b'"tag": "')[1].split(b'"')[0].decode()
        return httpx.Response(200, json=[scenario(id="other", tag="other"), scenario(tag=tag)])

    return answer


@pytest.mark.parametrize("second", [None, httpx.Response(409)], ids=["seen at once", "seen after a conflict"])
def test_run_and_wait_finds_what_it_created(second: Any, face: Face, server: Server) -> None:
    """A creation whose answer was lost is found by its made-up tag, not repeated."""
    lists = [own_scenario(server)] if second is None else [lambda _: httpx.Response(200, json=[]), own_scenario(server)]
    server.create.mock(side_effect=[RESET, *([second] if second else [])])
    server.list.mock(side_effect=lambda request: lists.pop(0)(request))
    server.shows("created", "complete")
    assert face.run_and_wait("Slow", "Master data").status == "complete"
    assert not lists


def test_run_and_wait_creates_again_what_is_not_there(face: Face, server: Server) -> None:
    """A creation that did not arrive is repeated with the same made-up tag."""
    server.create.mock(side_effect=[RESET, httpx.Response(201, json=scenario())])
    server.list.respond(json=[])
    server.shows("complete")
    assert face.run_and_wait("Slow", "Master data").status == "complete"
    first, second = (call.request.content for call in server.create.calls)
    assert first == second


def test_run_and_wait_does_not_guess_about_a_given_tag(face: Face, server: Server) -> None:
    """A scenario of the person's own tag may be somebody else's: the lost creation is raised."""
    server.create.mock(side_effect=RESET)
    with pytest.raises(ConnectionFailed):
        face.run_and_wait("Slow", "Master data", tag="mine")
    assert not server.list.called
    server.create.respond(409, json={"detail": "Taken."})
    with pytest.raises(Conflict):
        face.run_and_wait("Slow", "Master data")


def test_run_and_wait_gives_up_creating(face: Face, server: Server, fake_time: FakeTime) -> None:
    """A server that never takes the scenario is not asked for ever."""
    server.create.mock(side_effect=RESET)
    server.list.respond(json=[])
    with pytest.raises(ConnectionFailed):
        face.run_and_wait("Slow", "Master data")
    assert server.create.call_count == 4
    assert sum(fake_time.naps) < 10
