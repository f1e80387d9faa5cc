"""Events of a session over HTTP, and the client that reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from algomancy_api import ApiLauncher
from algomancy_api.client import AlgomancyClient, AsyncAlgomancyClient, NotFound
from algomancy_api.example import build_example_config
from algomancy_api.http.waiting import EventStream, Waiters
from algomancy_api.schemas import ScenarioDeleted, ScenarioStatus, Snapshot

ORIGIN = "https://planner.example"


@pytest.fixture
def url(serve: Callable[[Any], str]) -> str:
    """A live server."""
    return serve(ApiLauncher.build(build_example_config(cors_origins=[ORIGIN], executor="threads")))


def test_events_follow_a_run_to_its_end(client: AlgomancyClient) -> None:
    """First a snapshot; then each status, of which the last is the one that a request gives."""
    events = client.get_events()
    snapshot = next(events)
    assert isinstance(snapshot.data, Snapshot)
    assert (snapshot.kind, snapshot.data.scenarios) == ("snapshot", [])
    scenario = client.create_scenario("one", "Master data", "Greedy slotting")
    client.run_scenario(scenario)
    seen = []
    for event in events:
        assert isinstance(event.data, ScenarioStatus)
        seen.append(event.data.status)
        if event.data.status == "complete":
            break
    assert seen[0] in ("created", "queued", "processing", "complete")
    assert event.data == client.get_scenario_status(scenario)


def test_events_go_on_where_the_reader_left(client: AlgomancyClient) -> None:
    """With the id of the last one seen nothing is lost and nothing told twice."""
    first = next(client.get_events())
    client.create_session("another")
    scenario = client.create_scenario("one", "Master data", "Slow")
    resumed = client.get_events(first.id)
    told = next(resumed)
    assert isinstance(told.data, ScenarioStatus)
    assert (told.kind, told.data.id) == ("scenario", scenario.id)
    client.delete_scenario(scenario)
    assert next(resumed).kind == "scenario-deleted"


def test_events_of_one_scenario_end_with_it(client: AlgomancyClient) -> None:
    """Others are not told of; an unknown one is not found."""
    client.create_scenario("another", "Master data", "Slow")
    scenario = client.create_scenario("one", "Master data", "Slow")
    events = client.get_events(scenario=scenario)
    assert next(events).data == Snapshot(scenarios=[client.get_scenario_status(scenario)])
    client.create_scenario("a third", "Master data", "Slow")
    client.delete_scenario(scenario)
    assert [event.data for event in events] == [ScenarioDeleted(id=scenario.id)]
    with pytest.raises(NotFound, match="Scenario"):
        next(client.get_events(scenario=scenario))


def test_events_end_with_the_session(client: AlgomancyClient) -> None:
    """The last event says that it is gone."""
    session = client.create_session("short").sessions[-1]
    events = client.in_session(session.id).get_events()
    assert next(events).kind == "snapshot"
    client.delete_session(session.id)
    rest = list(events)
    assert [(event.kind, getattr(event.data, "deleted", None)) for event in rest] == [("session", True)]
    with pytest.raises(NotFound):
        next(client.in_session("short").get_events())


def test_events_reach_an_asyncio_client(url: str) -> None:
    """Both faces read the same."""

    async def first_kind() -> str:
        async with AsyncAlgomancyClient(url) as client:
            async for event in client.get_events():
                return event.kind
        return "none"

    assert asyncio.run(first_kind()) == "snapshot"


def test_stream_passes_proxies_and_other_origins(url: str) -> None:
    """No cache and no buffer on the way; a page of an allowed origin may read it. HEAD has the headers alone."""
    session = f"{url}/api/v1/sessions/main/events"
    with httpx.stream("GET", session, headers={"Origin": ORIGIN, "Accept-Encoding": "gzip"}) as response:
        headers = response.headers
        assert next(response.iter_lines()) == "retry: 1000"
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
    assert headers["access-control-allow-origin"] == ORIGIN
    assert "content-encoding" not in headers
    assert httpx.head(session).status_code == 200


class Source:
    """A listener whose events a test provides."""

    def __init__(self) -> None:
        self.batches: list[Any] = []
        self.closed = False

    def take(self) -> Any:
        return self.batches.pop(0) if self.batches else ([], None, False)

    def close(self) -> None:
        self.closed = True


def sent_by(stream: EventStream, until: Callable[[bytes], bool], leave: bool = False) -> Callable[[], Any]:
    """A coroutine that runs a stream until what was sent says so, and gives it."""

    async def run() -> bytes:
        sent = b""
        done, gone = asyncio.Event(), asyncio.Event()

        async def send(message: Any) -> None:
            nonlocal sent
            sent += message.get("body", b"")
            if until(sent):
                done.set()

        async def receive() -> Any:
            await gone.wait()
            return {"type": "http.disconnect"}

        task = asyncio.create_task(stream({"type": "http", "method": "GET"}, receive, send))
        await asyncio.wait_for(done.wait(), 20)
        gone.set()
        await asyncio.wait_for(task, 20)
        return sent

    return run


def test_stream_shows_that_it_lives() -> None:
    """When nothing happens a comment is sent; when the reader leaves, the listener is let go."""

    async def run() -> tuple[bytes, bool]:
        stream = EventStream(Waiters(), heartbeat_seconds=0.01)
        stream.listener = source = Source()
        return await sent_by(stream, lambda sent: sent.count(b": still here\n\n") > 1)(), source.closed

    sent, closed = asyncio.run(run())
    assert sent.startswith(b"retry: 1000\n\n: still here\n\n")
    assert closed


def test_streams_end_when_the_server_stops() -> None:
    """At once, not after a grace period."""

    async def run() -> bool:
        waiters = Waiters()
        stream = EventStream(waiters)
        stream.listener = source = Source()
        ended = asyncio.create_task(sent_by(stream, lambda sent: bool(sent))())
        await asyncio.sleep(0)
        waiters.close()
        await ended
        return source.closed

    assert asyncio.run(run())
