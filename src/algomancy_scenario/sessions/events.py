"""What changes in a session, for whoever wants to hear of it as it happens."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from algomancy_scenario.scenario import Scenario, ScenarioStatus

_REMEMBERED = 1_000
_THINNED_SECONDS = 0.1
_DATASETS, _SESSION, _EVERYTHING = "datasets", "session", ""
_EVENT_ID = re.compile(r"(?P<life>[0-9a-f]+)-(?P<seen>\d{1,18})(-(?P<held_back>\d{1,18}))?", re.ASCII)


@dataclass(frozen=True)
class SessionEvent:
    """One thing that changed.

    Attributes:
        id: The session's revision, with a mark that tells this life of the session from others.
        kind: `snapshot`, `scenario`, `scenario-deleted`, `datasets` or `session`.
        data: What there is to know, as JSON.
    """

    id: str
    kind: str
    data: bytes


class SessionEvents:
    """Tells listeners what has changed in a session, as it is when they are told.

    It keeps no past states. A listener is told *that* a scenario changed, and is sent the state at the time it takes
    its events: it misses no end, sees nothing that a request after it would not show, and costs no more memory than
    there are things that change.

    Args:
        lock: The session's state lock, which guards what is told of.
        scenarios: The scenarios by id, in order of creation; read with the lock held.

    Attributes:
        keys: Gives the keys of the datasets.
    """

    def __init__(self, lock: threading.Lock, scenarios: Mapping[str, Scenario[Any]]) -> None:
        self._lock = lock
        self._scenarios = scenarios
        self.keys: Callable[[], list[str]] = list
        self._life = secrets.token_hex(4)
        self._revision = 0
        self._changed: OrderedDict[str, int] = OrderedDict()
        self._deleted: deque[tuple[int, str]] = deque(maxlen=_REMEMBERED)
        self._others: dict[str, int] = {}
        self._session: dict[str, Any] = {}
        self._ended = False
        self._listeners: set[Listener] = set()

    # ------------------------------------------------------------------ called with the state lock held

    def scenario_changed(self, scenario_id: str) -> None:
        """Say that a scenario came into being or is in another state."""
        self._revision += 1
        self._changed[scenario_id] = self._revision
        self._changed.move_to_end(scenario_id)
        self._tell(scenario_id)

    def scenario_deleted(self, scenario_id: str) -> None:
        """Say that a scenario is gone."""
        self._revision += 1
        self._changed.pop(scenario_id, None)
        self._deleted.append((self._revision, scenario_id))
        self._tell(scenario_id)

    def datasets_changed(self) -> None:
        """Say that there are other datasets than before."""
        self._revision += 1
        self._others[_DATASETS] = self._revision
        self._tell(_DATASETS)

    def session_changed(self, session: dict[str, Any], *, ended: bool = False) -> None:
        """Say that the session has another name, or is gone.

        Args:
            session: What is told of it.
            ended: Whether there is nothing more to come.
        """
        self._revision += 1
        self._others[_SESSION] = self._revision
        self._session = session
        self._ended = self._ended or ended
        self._tell(_SESSION)

    # ------------------------------------------------------------------ called with no lock held

    def listen(
        self, wake: Callable[[], None], last_event_id: str | None = None, scenario_id: str | None = None
    ) -> Listener:
        """Return somebody who is told of every change from now on.

        Args:
            wake: Called, from any thread, when there may be something to take after there was nothing.
            last_event_id: The id of the last event somebody has seen: what changed since then comes first. Without one,
                or where that is too long ago, it begins with a snapshot.
            scenario_id: The id of a scenario: only what happens to it or to the session is told, until it is deleted.
        """
        with self._lock:
            listener = Listener(self, wake, self._missed(last_event_id), scenario_id)
            listener.dirty = {name: at for name, at in listener.dirty.items() if listener.hears_of(name)}
            self._listeners.add(listener)
            return listener

    # ------------------------------------------------------------------ for listeners

    def forget(self, listener: Listener) -> None:
        """Tell a listener nothing more."""
        with self._lock:
            self._listeners.discard(listener)

    def take(self, listener: Listener) -> tuple[list[SessionEvent], float | None, bool]:
        """Return what a listener has not heard, when to ask again if some of it can wait, and whether that was all.

        The progress of a run can wait: it is told ten times a second at most. Ends cannot.
        """
        now = time.monotonic()
        with self._lock:
            dirty, listener.dirty, listener.woken = listener.dirty, {}, False
            ended = self._ended or not (listener.scenario_id is None or listener.scenario_id in self._scenarios)
            if _EVERYTHING in dirty:
                snapshot = SessionEvent(self._id(self._revision), "snapshot", self._snapshot(listener.scenario_id))
                return [snapshot], None, ended
            waits = {name: wait for name in dirty if (wait := self._wait(listener, name, now)) > 0}
            listener.dirty = {name: dirty[name] for name in waits}
            held_back = min((listener.told[name][1] for name in waits), default=None)
            events = []
            # In the order of the changes: whoever has seen one has seen all before it, but for what was held back.
            for name, revision in sorted(dirty.items(), key=lambda item: item[1]):
                if name not in waits:
                    events.append(self._event(self._id(revision, held_back), name))
            return events, min(waits.values(), default=None), ended

    def _wait(self, listener: Listener, name: str, now: float) -> float:
        """Return for how many seconds a change may wait to be told."""
        if not self._is_processing(name):
            listener.told.pop(name, None)
            return 0
        told_at, _ = listener.told.get(name, (0.0, 0))
        wait = told_at + _THINNED_SECONDS - now
        if wait <= 0:
            listener.told[name] = (now, self._changed[name])
        return wait

    def _id(self, revision: int, held_back: int | None = None) -> str:
        """Return the id of an event: up to where its reader has seen all, but for progress since `held_back`."""
        return f"{self._life}-{revision}" if held_back is None else f"{self._life}-{revision}-{held_back}"

    def _event(self, event_id: str, name: str) -> SessionEvent:
        if name == _DATASETS:
            return SessionEvent(event_id, _DATASETS, orjson.dumps({"keys": self.keys()}))
        if name == _SESSION:
            return SessionEvent(event_id, _SESSION, orjson.dumps(self._session))
        scenario = self._scenarios.get(name)
        if scenario is None:
            return SessionEvent(event_id, "scenario-deleted", orjson.dumps({"id": name}))
        return SessionEvent(event_id, "scenario", scenario.status_json_bytes())

    def _snapshot(self, scenario_id: str | None) -> bytes:
        everything = self._scenarios.values()
        chosen = everything if scenario_id is None else filter(None, [self._scenarios.get(scenario_id)])
        return b'{"scenarios":[%s]}' % b",".join([each.status_json_bytes() for each in chosen])

    def _missed(self, last_event_id: str | None) -> dict[str, int]:
        known = _EVENT_ID.fullmatch(last_event_id or "")
        if known is None or known["life"] != self._life or int(known["seen"]) > self._revision:
            return {_EVERYTHING: 0}
        seen = int(known["seen"])
        if len(self._deleted) == _REMEMBERED and self._deleted[0][0] > seen:
            return {_EVERYTHING: 0}
        missed = {name: revision for revision, name in self._deleted if revision > seen}
        missed |= {name: revision for name, revision in self._others.items() if revision > seen}
        held_back = int(known["held_back"] or seen)
        for name, revision in reversed(self._changed.items()):
            if revision <= held_back:
                break
            if revision > seen or self._is_processing(name):
                missed[name] = revision
        return missed

    def _tell(self, name: str) -> None:
        for listener in self._listeners:
            if not listener.hears_of(name):
                continue
            # What is held back has its time already, for as long as it is progress: an end does not wait for that.
            waits = name in listener.dirty and self._is_processing(name)
            listener.dirty[name] = self._revision
            if not waits and not listener.woken:
                listener.woken = True
                listener.wake()

    def _is_processing(self, name: str) -> bool:
        scenario = self._scenarios.get(name)
        return scenario is not None and scenario.status is ScenarioStatus.PROCESSING


class Listener:
    """Somebody who hears of a session's changes; made by [`listen`][algomancy_scenario.sessions.events.SessionEvents].

    Args:
        events: The session's.
        wake: Called when there may be something to take after there was nothing.
        dirty: What there is to tell from the start.
        scenario_id: The only scenario that it hears of, `None` for all there is.

    Attributes:
        dirty: What changed since the last time events were taken: names, with the revision of the change.
        told: When the progress of each run was told last, and of which revision.
        woken: Whether it has been woken since the last time.
    """

    def __init__(
        self, events: SessionEvents, wake: Callable[[], None], dirty: dict[str, int], scenario_id: str | None
    ) -> None:
        self._events = events
        self.wake = wake
        self.scenario_id = scenario_id
        self.dirty = dirty
        self.told: dict[str, tuple[float, int]] = {}
        self.woken = False

    def hears_of(self, name: str) -> bool:
        """Tell whether a change is any of its business."""
        return self.scenario_id is None or name in (self.scenario_id, _SESSION, _EVERYTHING)

    def take(self) -> tuple[list[SessionEvent], float | None, bool]:
        """Return the events that are due, in how many seconds to ask again if others wait, and whether all is over."""
        return self._events.take(self)

    def close(self) -> None:
        """Hear nothing more."""
        self._events.forget(self)
