"""`algomancy-api watch`: a session as it lives."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import Result

from algomancy_api.cli.watch import _events
from algomancy_api.client import AlgomancyClient, ConnectionFailed, NotFound
from algomancy_api.client.events import SessionEvent
from algomancy_api.schemas import SessionChanged, Snapshot


@pytest.fixture
def lived(client: AlgomancyClient) -> Iterator[str]:
    """A session with a scenario, which lives and ends as soon as somebody listens."""
    client.copy_session("main", "short")
    session = client.in_session("short")
    scenario = session.create_scenario("one", "Master data", "Greedy slotting")

    def live() -> None:
        events = session.get_events()
        next(events)
        session.run_and_wait("Greedy slotting", "Master data", tag="two")
        session.derive_dataset("Master data", "copy")
        session.delete_scenario(scenario)
        events.close()
        session.delete_session("short")

    thread = threading.Thread(target=live)
    watching = pytest.MonkeyPatch()
    asked = AlgomancyClient.get_events

    def and_live(self: AlgomancyClient, last: str | None = None) -> Iterator[SessionEvent]:
        for event in asked(self, last):
            if event.kind == "snapshot" and not thread.ident:
                thread.start()
            yield event

    watching.setattr("algomancy_api.client.AlgomancyClient.get_events", and_live)
    yield "short"
    watching.undo()
    thread.join(30)


def test_watch_tells_each_change_in_a_line(drive: Callable[..., Result], lived: str) -> None:
    """From what there is to the end of the session."""
    result = drive("watch", "--session", lived)
    told = [line[10:] for line in result.output.splitlines()]
    assert (result.exit_code, told[0], told[-1]) == (0, "one: created, 0 %", "Session 'short' is deleted.")
    assert "two: complete, 100 %" in told
    assert "The datasets are Master data, copy." in told


def test_watch_gives_the_events_as_json(drive: Callable[..., Result], lived: str) -> None:
    """One a line, as the server sent them."""
    result = drive("watch", "--session", lived, "--json")
    events = [json.loads(line) for line in result.output.splitlines()]
    assert [event["event"] for event in (events[0], events[-1])] == ["snapshot", "session"]
    assert events[0]["data"]["scenarios"][0]["tag"] == "one"
    assert all(event["id"] for event in events)


def test_watch_tells_what_is_not_there(drive: Callable[..., Result]) -> None:
    """In one line, as all commands do."""
    result = drive("watch", "--session", "none")
    assert (result.exit_code, result.output) == (2, "Error: Session 'none' does not exist.\n")


class Restarting:
    """A client of a server that is gone for a while, and then ends its session."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[str | None] = []

    def get_events(self, last: str | None = None) -> Iterator[SessionEvent]:
        self.asked.append(last)
        for answer in self.answers.pop(0):
            if isinstance(answer, Exception):
                raise answer
            yield answer


FIRST = SessionEvent("7", "snapshot", Snapshot(scenarios=[]))
GONE = SessionEvent("8", "session", SessionChanged(id="x", display_name="x", deleted=True))
DOWN = ConnectionFailed("Could not connect.")


def test_watch_goes_on_after_a_restart(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """From the event it saw last, and says once that it tries."""
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    client: Any = Restarting([FIRST], [DOWN], [DOWN], [GONE])
    assert list(_events(client)) == [FIRST, GONE]
    assert client.asked == [None, "7", "7", "7"]
    assert capsys.readouterr().err.count("Trying again") == 1
    assert naps == [0.2, 0.4, 0.8]


@pytest.mark.parametrize("error", [DOWN, NotFound(404, "No.")])
def test_watch_ends_where_there_is_nothing_to_watch(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that was never there, and one that does not offer it."""
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waited"))
    client: Any = Restarting([error])
    with pytest.raises(type(error)):
        list(_events(client))
