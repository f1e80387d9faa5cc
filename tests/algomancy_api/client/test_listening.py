"""Waiting by events and by long polls, where the server has them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from algomancy_api import ApiLauncher
from algomancy_api.client import NotFound, ServerError, WaitTimeout
from algomancy_api.example import build_example_config
from algomancy_api.schemas import ScenarioStatus
from tests.algomancy_api.client.client_faces import URL, Face, FakeTime
from tests.algomancy_api.client.operation_cases import scenario_status
from tests.algomancy_api.client.stand_in import ID, Server, Stream

SESSION = f"{URL}/api/v1/sessions/main"
BROKEN = httpx.ReadError("reset")


def event(number: int, kind: str, data: Any) -> bytes:
    """An event as a server writes it."""
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def snapshot(number: int, *statuses: Any) -> bytes:
    """The event that a stream begins with."""
    return event(number, "snapshot", {"scenarios": list(statuses)})


def test_events_are_waited_for(face: Face, server: Server, fake_time: FakeTime) -> None:
    """The status is never asked for; each change is told once, and others' do not count."""
    server.streams(
        Stream(
            b"retry: 1000\n\n",
            snapshot(1, scenario_status("queued", 0.0)),
            b": still here\n\n",
            event(2, "scenario", scenario_status("processing", 50.0)),
            event(3, "scenario", scenario_status("processing", 50.0)),
            event(4, "scenario", scenario_status("failed", 0.0) | {"id": "another"}),
            event(5, "datasets", {"keys": []}),
            event(6, "scenario", scenario_status("complete", 100.0)),
        )
    )
    told: list[ScenarioStatus] = []
    assert face.wait(ID, on_progress=told.append).status == "complete"
    assert [one.status.value for one in told] == ["queued", "processing", "complete"]
    assert (server.events.call_count, server.status.call_count, fake_time.naps) == (1, 0, [])
    assert server.events.calls[0].request.url.params["scenario"] == ID


def test_run_of_any_length_takes_four_requests(make_face: Callable[..., Face], serve: Callable[[Any], str]) -> None:
    """Create, run, events, result, however often the progress changes."""
    app = ApiLauncher.build(build_example_config(executor="threads"))
    asked: list[str] = []

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            asked.append(f"{scope['method']} {scope['path'].rpartition('/')[2]}")
        await app(scope, receive, send)

    told: list[ScenarioStatus] = []
    face = make_face(serve(counting), real_time=True)
    done = face.run_and_wait("Slow", "Master data", algo_params={"duration": 1}, on_progress=told.append)
    assert len(told) > 4
    assert asked == ["POST scenarios", "POST run", "GET events", f"GET {done.id}"]


def test_events_go_on_where_they_broke_off(face: Face, server: Server) -> None:
    """Looked at once meanwhile, then heard of from the last event on."""
    server.status.respond(json=scenario_status("processing", 20.0))
    server.streams(
        Stream(snapshot(7, scenario_status("processing", 10.0)), BROKEN),
        Stream(event(8, "scenario", scenario_status("complete", 100.0))),
    )
    assert face.wait(ID).status == "complete"
    assert "Last-Event-ID" not in server.events.calls[0].request.headers
    assert server.events.calls[1].request.headers["Last-Event-ID"] == "7"
    assert server.status.call_count == 1


def test_streams_that_tell_nothing_are_let_be(face: Face, server: Server) -> None:
    """A proxy may keep back all that is sent: then the status is asked for."""
    server.status.mock(
        side_effect=[httpx.Response(200, json=scenario_status("processing", 10.0))] * 5
        + [httpx.Response(200, json=scenario_status("complete", 100.0))]
    )
    server.streams(*[httpx.ReadTimeout("silent")] * 9)
    assert face.wait(ID).status == "complete"
    assert (server.events.call_count, server.status.call_count) == (2, 6)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<p>hello"),
        httpx.Response(405, json={"detail": "No."}),
        httpx.Response(500, json={"detail": "No."}),
        httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=b"event: snapshot\ndata: 1\n\n"),
    ],
    ids=["a page", "405", "500", "no snapshot"],
)
def test_what_are_no_events_is_not_asked_for_again(answer: httpx.Response, face: Face, server: Server) -> None:
    """The status is."""
    server.events.mock(side_effect=[answer])
    assert face.wait(ID).status == "complete"
    assert server.status.call_count == 1


def test_waits_leave_connections_to_others(face: Face, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where as many wait as may have streams, the others ask now and then, until a stream is free."""
    streams = threading.Semaphore(0)
    monkeypatch.setattr(face.client, "_streams", streams)
    answers = [httpx.Response(200, json=scenario_status("processing", float(percent))) for percent in (10, 20)]

    def ask(request: httpx.Request) -> httpx.Response:
        assert "Prefer" not in request.headers
        if len(answers) == 1:
            streams.release()
        return answers.pop(0)

    server.status.mock(side_effect=ask)
    server.streams(Stream(snapshot(1, scenario_status("complete", 100.0))))
    assert face.wait(ID).status == "complete"
    assert (server.status.call_count, server.events.call_count) == (2, 1)
    assert streams.acquire(blocking=False)


def test_scenario_that_goes_is_not_found(face: Face, server: Server) -> None:
    """Whether it was never there, is deleted, or its session is."""
    missing = httpx.Response(404, json={"detail": "There is no such scenario."})
    server.status.mock(return_value=missing)
    there = snapshot(1, scenario_status("processing", 10.0))
    for pieces in ([snapshot(1)], [there, event(2, "scenario-deleted", {"id": ID})], [there]):
        server.streams(Stream(*pieces))
        with pytest.raises(NotFound, match="There is no such scenario"):
            face.wait(ID)


def test_wait_ends_in_time_though_events_come(face: Face, server: Server, fake_time: FakeTime) -> None:
    """The last seconds are for looking, which can be given up in time."""
    server.status.respond(json=scenario_status("processing", 30.0))

    def later() -> bytes:
        fake_time.now += 15
        return b": still here\n\n"

    server.streams(Stream(snapshot(1, scenario_status("processing", 10.0)), *[later] * 9))
    began = fake_time.now
    with pytest.raises(WaitTimeout, match=r"within 60 seconds: it was processing at 30 %\."):
        face.wait(ID, timeout=60)
    assert fake_time.now - began == pytest.approx(60)
    with pytest.raises(WaitTimeout):
        face.wait(ID, timeout=3)
    assert server.events.call_count == 1


def test_callback_that_fails_ends_the_waiting(face: Face, server: Server) -> None:
    """Its exception is no word of the server's, whatever its kind."""
    server.streams(Stream(snapshot(1, scenario_status("processing", 10.0)), BROKEN))

    def fail(_: ScenarioStatus) -> None:
        raise ServerError(500, "mine")

    with pytest.raises(ServerError, match="mine"):
        face.wait(ID, on_progress=fail)
    assert server.status.call_count == 0


def test_changes_are_waited_for_without_events(face: Face, server: Server, fake_time: FakeTime) -> None:
    """By requests that the server answers when something has changed."""
    server.events.respond(404)
    applied = {"Preference-Applied": "wait=20"}

    def unchanged(_: httpx.Request) -> httpx.Response:
        fake_time.now += 20
        return httpx.Response(304, headers={"ETag": 'W/"1"', **applied})

    answers: list[Callable[[httpx.Request], httpx.Response]] = [
        lambda _: httpx.Response(200, json=scenario_status("processing", 10.0), headers={"ETag": 'W/"1"', **applied}),
        unchanged,
        unchanged,
        lambda _: httpx.Response(200, json=scenario_status("complete", 100.0), headers={"ETag": 'W/"2"', **applied}),
    ]
    server.status.mock(side_effect=lambda request: answers.pop(0)(request))
    told: list[ScenarioStatus] = []
    assert face.wait(ID, on_progress=told.append).status == "complete"
    asked = [dict(call.request.headers) for call in server.status.calls]
    assert {each["prefer"] for each in asked} == {"wait=20"}
    assert [each.get("if-none-match") for each in asked] == [None, 'W/"1"', 'W/"1"', 'W/"1"']
    assert len(told) == 2
    assert sum(fake_time.naps) < 0.2
