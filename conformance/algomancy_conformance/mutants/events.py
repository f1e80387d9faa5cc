"""Mutants of the clauses on events and on long polling."""

from __future__ import annotations

from dataclasses import replace

from .runs import ONE, STATUS
from .wire import Call, EventsDeviation, Forward, Mutant, Reply, instead

LONG_POLLS = "GET /sessions/*/scenarios/**"


def kind_of(event: bytes) -> bytes:
    """The kind of an event as it is written."""
    return event.partition(b"event: ")[2].partition(b"\n")[0]


def untold(kind: bytes, *words: bytes) -> EventsDeviation:
    """Events of a kind that hold one of these words, or any, are kept back."""

    def change(event: bytes) -> bytes:
        kept_back = kind_of(event) == kind and (not words or any(word in event for word in words))
        return b": nothing" if kept_back else event

    return EventsDeviation(change)


def otherwise(kind: bytes, old: bytes, new: bytes) -> EventsDeviation:
    """Events of a kind say something else."""
    return EventsDeviation(lambda event: event.replace(old, new) if kind_of(event) == kind else event)


def snapshot_of_nothing(event: bytes) -> bytes:
    """The first event is a snapshot without scenarios."""
    return event.partition(b"data:")[0] + b'data: {"scenarios":[]}' if kind_of(event) == b"snapshot" else event


def unnumbered(event: bytes) -> bytes:
    """An event without its id."""
    return b"\n".join(line for line in event.split(b"\n") if not line.startswith(b"id:"))


class Repeated:
    """Whoever comes back is told the last event again."""

    def __init__(self) -> None:
        self.events: dict[bytes, bytes] = {}

    def change(self, event: bytes) -> bytes:
        """Remember it."""
        self.events[event.partition(b"id: ")[2].partition(b"\n")[0]] = event
        return event

    def first(self, last: bytes) -> bytes:
        """The event that was the last."""
        return self.events[last] + b"\n\n" if last in self.events else b""

    def deviation(self) -> EventsDeviation:
        """It as a deviation."""
        return EventsDeviation(self.change, self.first)


def datasets_while_derived(event: bytes) -> bytes:
    """The datasets are told of as long as the derived one is among them."""
    return b": nothing" if kind_of(event) == b"datasets" and b'"told"' not in event else event


class OnlyOnce:
    """A scenario that is created is told once, and not when it is created anew by a reset."""

    def __init__(self) -> None:
        self._told: set[bytes] = set()

    def deviation(self) -> EventsDeviation:
        """It as a deviation."""
        return EventsDeviation(self.change)

    def change(self, event: bytes) -> bytes:
        """Keep back what has been told of a scenario that is created."""
        if kind_of(event) != b"scenario" or b'"created"' not in event:
            return event
        scenario = event.partition(b'"id"')[2][:50]
        if scenario in self._told:
            return b": nothing"
        self._told.add(scenario)
        return event


async def impatient(call: Call, forward: Forward) -> Reply:
    """The answer comes at once and says that it waited."""
    headers = tuple((name, b"wait=0" if name == b"prefer" else value) for name, value in call.headers)
    asked = dict(call.headers).get(b"prefer", b"").decode("latin-1")
    reply = await forward(replace(call, headers=headers))
    applied = {"preference-applied": asked} if "preference-applied" in reply.headers else {}
    return replace(reply, headers={**reply.headers, **applied})


async def unmoved(call: Call, forward: Forward) -> Reply:
    """A change ends the waiting, and the answer says that there was none."""
    reply = await forward(call)
    return Reply(304, b"", reply.headers) if b"if-none-match" in dict(call.headers) and reply.good else reply


async def unchanged_is_sent(call: Call, forward: Forward) -> Reply:
    """What is unchanged is sent once more after the wait."""
    reply = await forward(call)
    return replace(await forward(call.to("GET", call.path)), headers=reply.headers) if reply.status == 304 else reply


MUTANTS = [
    Mutant("a snapshot of nothing", "EVT-1", EventsDeviation(snapshot_of_nothing)),
    Mutant("no snapshot", "EVT-1", untold(b"snapshot")),
    Mutant("a lost end", "EVT-2", untold(b"scenario", b'"complete"', b'"failed"')),
    Mutant("an end at 99", "EVT-2", otherwise(b"scenario", b"100", b"99")),
    Mutant("deletions are not told", "EVT-2", untold(b"scenario-deleted")),
    Mutant("datasets are not told", "EVT-2", untold(b"datasets")),
    Mutant("deleted datasets are not told", "EVT-2", EventsDeviation(datasets_while_derived)),
    Mutant("new names are not told", "EVT-2", untold(b"session", b"told-")),
    Mutant("resets are not told", "EVT-2", OnlyOnce().deviation()),
    Mutant("events without ids", "EVT-3", EventsDeviation(unnumbered)),
    Mutant("told twice on return", "EVT-3", Repeated().deviation()),
    Mutant("the stream ends without a word", "EVT-4", untold(b"session")),
    Mutant("told before it is", "EVT-5", otherwise(b"scenario", b'"created"', b'"queued"')),
    Mutant("long polls that do not wait", "SCN-22", instead(STATUS, impatient)),
    Mutant("long polls that are not answered on change", "SCN-22", instead(STATUS, unmoved)),
    Mutant("long polls of a scenario that do not wait", "SCN-22", instead(ONE, impatient)),
    Mutant("long polls that send what is unchanged", "SCN-22", instead(LONG_POLLS, unchanged_is_sent)),
]
