"""EVT, SCN-22: what changes is told to whoever listens or waits. Optional as a whole."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse

import pytest

from algomancy_conformance.messages import Json
from algomancy_conformance.outcomes import NotOffered
from algomancy_conformance.running.plugin import clause
from algomancy_conformance.shapes import check_error, check_members, demand
from algomancy_conformance.target.client import Session
from algomancy_conformance.target.wire import Answer, Connection, Reply
from algomancy_conformance.target.world import ENDED, UNKNOWN_ID, World

HEARTBEAT = 20
ORDER = ("created", "queued", "processing", "complete", "failed")
SOON = 5.0


@dataclass
class Listener:
    """Reads one stream of events in a thread.

    Attributes:
        events: Id, name and data of each so far.
        beats: When something came, comments included.
        ended: Whether the stream has ended.
        begun: Set when the first event has come.
        content_type: What the stream says it is.
    """

    events: list[tuple[str, str, Json]] = field(default_factory=list)
    beats: list[float] = field(default_factory=list)
    ended: bool = False
    begun: threading.Event = field(default_factory=threading.Event)
    content_type: str = ""

    def read(self, response: HTTPResponse) -> None:
        """Take in lines until the stream ends or is closed."""
        now: dict[str, str] = {}
        self.content_type = response.getheader("content-type", "")
        self.beats.append(time.monotonic())
        try:
            for line in map(str.rstrip, io.TextIOWrapper(response, "utf-8")):
                self.beats.append(time.monotonic())
                name, _, value = line.partition(":")
                if line and name:
                    now[name] = f"{now[name]}\n{value.lstrip()}" if name == "data" and "data" in now else value.lstrip()
                elif not line and "data" in now:
                    self.events.append((now.get("id", ""), now.get("event", "message"), json.loads(now["data"])))
                    self.begun.set()
                    now = {}
        except (OSError, HTTPException, ValueError):
            pass
        self.ended = True

    def of(self, kind: str) -> list[Json]:
        """The data of the events of one kind."""
        return [data for _, name, data in list(self.events) if name == kind]


@contextmanager
def asking(session: Session, last: str = "", url: str = "", query: str = "") -> Iterator[HTTPResponse]:
    """Ask for the events of a session, at `url` or wherever the next request would go; the answer is not read.

    Raises:
        NotOffered: There are none.
    """
    api = session.api
    lines = ["Accept: text/event-stream", *([f"Last-Event-ID: {last}"] if last else [])]
    lines += [f"Authorization: Bearer {api.token}"] if api.token else []
    with closing(Connection(url or api.next_url(), timeout=3 * HEARTBEAT)) as connection:
        response = connection.ask("GET", f"{api.prefix}{session.path}/events{query}", lines)
        if response.status in (404, 405):
            raise NotOffered("GET …/events is not there")
        yield response


@contextmanager
def listening(session: Session, last: str = "", url: str = "") -> Iterator[Listener]:
    """Listen to the events of a session; who does not resume waits for the snapshot, or it might hold what comes next.

    Raises:
        NotOffered: There are none.
    """
    listener = Listener()
    with asking(session, last, url) as response:
        told = Reply.head(response)
        session.api.record("GET", f"{session.api.url}{session.api.prefix}{session.path}/events", (), b"", told)
        demand(response.status == 200, f"GET …/events is answered {response.status}")
        thread = threading.Thread(target=listener.read, args=(response,), daemon=True)
        thread.start()
        if not last:
            listener.begun.wait(SOON)
        yield listener


@pytest.fixture
def heard(stocked: Session) -> Iterator[Listener]:
    """A listener to the events of the session the check works in."""
    with listening(stocked) as listener:
        yield listener


@clause("EVT-1")
def test_events_begin_with_a_snapshot(stocked: Session, world: World) -> None:
    """The stream is text/event-stream and begins with a snapshot of every scenario's status; unknown is 404."""
    scenario = world.scenario(stocked)
    with listening(stocked) as listener:
        demand(world.wait(lambda: bool(listener.events), SOON), "no event has come")
        demand(listener.content_type.startswith("text/event-stream"), f"the stream is {listener.content_type!r}")
        _, name, data = listener.events[0]
        demand(name == "snapshot", f"the first event is {name!r}")
        demand(world.status(stocked, scenario) in statuses_in(data), f"the snapshot lacks the scenario: {data}")
    check_error(stocked.api.get(f"/sessions/{UNKNOWN_ID}/events").expect(404))


@clause("EVT-1")
def test_events_of_what_can_be_no_scenario_are_refused(stocked: Session) -> None:
    """Asked for those of a scenario by what can be no id, it refuses in the one shape, or tells of everything."""
    query = f"?scenario={'x' * 256}"
    with asking(stocked, query=query) as response:
        if response.status != 200:
            asked = f"{stocked.api.url}{stocked.api.prefix}{stocked.path}/events{query}"
            check_error(stocked.api.record("GET", asked, (), b"", Reply.whole(response)).expect(422))


def statuses_in(data: Json) -> list[Json]:
    """The status objects of a snapshot, wherever it keeps them."""
    if isinstance(data, dict):
        return data["scenarios"] if isinstance(data.get("scenarios"), list) else [data]
    return data if isinstance(data, list) else []


@clause("EVT-2")
def test_every_change_is_told(stocked: Session, world: World) -> None:
    """What becomes of a scenario and of the datasets is told; the last status told is the one GET gives."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(listening(stocked, url=url)) for url in stocked.api.urls]
        scenario = world.scenario(stocked)
        world.end_of(stocked, scenario)
        final = world.status(stocked, scenario)

        def last_told() -> list[Json]:
            of_scenario = [[s for s in each.of("scenario") if s.get("id") == scenario] for each in listeners]
            return [told[-1] if told else {} for told in of_scenario]

        told = world.wait(lambda: all(status.get("status") in ENDED for status in last_told()), SOON)
        demand(told, "the end of a run is not told")
        demand(last_told() == [final] * len(listeners), f"the last status told is {last_told()}, GET gives {final}")
        if stocked.post("scenarios", scenario, "reset").status == 200:
            told = world.wait(lambda: all(status.get("status") == "created" for status in last_told()), SOON)
            demand(told, "a reset is not told")

        world.ledger.names.add(name := world.fresh_name("told-"))
        changes: list[tuple[str, str, Callable[[], Answer]]] = [
            (
                "a new dataset",
                "datasets",
                lambda: stocked.post("data", stocked.key, "derive", json={"new_key": "told"}),
            ),
            ("the deletion of a dataset", "datasets", lambda: stocked.delete("data", "told")),
            ("a new name", "session", lambda: stocked.api.patch(stocked.path, {"display_name": name})),
            ("a deletion", "scenario-deleted", lambda: stocked.delete("scenarios", scenario)),
        ]
        for what, kind, change in changes:
            before = [len(each.of(kind)) for each in listeners]
            change().expect(200, 201, 204)
            told = world.wait(lambda: all(len(e.of(kind)) > n for e, n in zip(listeners, before, strict=True)), SOON)  # noqa: B023
            demand(told, f"{what} is not told")


@clause("EVT-3")
def test_listener_resumes_where_it_was(stocked: Session, world: World) -> None:
    """Each event has an id; who resumes after one is told what came since, once, or gets a new snapshot."""
    with listening(stocked) as first:
        scenario = world.scenario(stocked)
        demand(world.wait(lambda: bool(first.of("scenario")), SOON), "a new scenario is not told")
        demand(all(i for i, _, _ in first.events), "an event has no id")
        last = first.events[-1][0]
    world.end_of(stocked, scenario)
    with listening(stocked, last) as second:
        demand(world.wait(lambda: bool(second.events), SOON), "nothing is told after the return")
        if second.events[0][1] != "snapshot":
            ended = world.wait(lambda: any(s.get("status") in ENDED for s in second.of("scenario")), SOON)
            demand(ended, "what happened meanwhile is lost")
            ids = [i for i, _, _ in second.events]
            demand(last not in ids and len(set(ids)) == len(ids), "an event is told twice")


@clause("EVT-4")
def test_stream_beats_and_ends_with_its_session(stocked: Session, world: World, heard: Listener) -> None:
    """Something comes at least every 20 seconds; when the session is deleted the stream says so and ends."""
    demand(world.wait(lambda: bool(heard.events), SOON), "no event has come")
    before = len(heard.beats)
    demand(world.wait(lambda: len(heard.beats) > before, HEARTBEAT + 2), "nothing has come for 20 seconds")
    stocked.delete().expect(200)
    demand(world.wait(lambda: heard.ended, SOON), "the stream of a deleted session goes on")
    demand(heard.of("session"), "the stream ends without a word")


@clause("EVT-5")
def test_events_run_not_ahead(stocked: Session, world: World, heard: Listener) -> None:
    """Whoever asks after an event is shown what it told, or what came after it."""
    scenario = world.scenario(stocked)

    def far(status: Json) -> tuple[int, float]:
        return ORDER.index(status["status"]), status["progress"]

    def compare() -> bool:
        told = [s for s in heard.of("scenario") if s.get("id") == scenario]
        shown = world.status(stocked, scenario)
        ahead = [s for s in told if far(s) > far(shown)]
        demand(not ahead, f"an event says {ahead[:1]}, GET after it {shown}")
        return bool(told) and told[-1]["status"] in ("created", *ENDED)

    demand(world.wait(compare, SOON), "a new scenario is not told")
    stocked.run(scenario)
    demand(world.wait(lambda: compare() and heard.of("scenario")[-1]["status"] in ENDED), "the end is not told")


@clause("SCN-22", operation="get_scenario_status")
@pytest.mark.parametrize("part", [("status",), ()], ids=["status", "scenario"])
def test_scenario_can_be_waited_for(stocked: Session, world: World, part: tuple[str, ...]) -> None:
    """`If-None-Match` with `Prefer: wait=N` is answered on change, 404 when it goes, else 304 in time."""
    scenario = world.scenario(stocked)

    def ask(seconds: int, tag: str | None) -> tuple[Answer, float]:
        headers = {"Prefer": f"wait={seconds}", **({} if tag is None else {"If-None-Match": tag})}
        began = time.monotonic()
        return stocked.get("scenarios", scenario, *part, headers=headers), time.monotonic() - began

    tag = ask(1, None)[0].headers.get("etag")
    unchanged, waited = ask(1, tag)
    if tag is None or unchanged.headers.get("preference-applied", "") != "wait=1":
        raise NotOffered("Prefer: wait=N is not applied")
    demand(unchanged.status == 304, f"what is unchanged is answered {unchanged.status}")
    demand(0.5 < waited < SOON, f"it is answered after {waited:.1f} s")
    threading.Timer(0.3, lambda: stocked.post("scenarios", scenario, "run")).start()
    changed = ask(20, tag)[0].expect(200).json()
    check_members(changed, ("id", "status"), "the answer")
    demand(changed["status"] != "created", f"it is answered with {changed}")
    world.becomes(stocked, scenario, *ENDED)
    tag = ask(0, None)[0].headers.get("etag")
    threading.Timer(0.3, lambda: stocked.delete("scenarios", scenario)).start()
    gone, waited = ask(20, tag)
    check_error(gone.expect(404))
    demand(waited < SOON, f"a scenario that is deleted is answered after {waited:.1f} s")
