"""The worlds of a sandbox: sessions, a clock, runs, faults and a log each; the backend of the current one."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from algomancy_api.backend_calls import WorkerPool
from algomancy_api.errors import ConflictError, NotFoundError
from algomancy_api.http.bodies import decode_json
from algomancy_api.http.names import shown
from algomancy_api.sandbox.clock import WorldClock
from algomancy_api.sandbox.faults import Faults
from algomancy_api.sandbox.fixtures import SEEDED_START, Fixtures, State, SteerableBackend, steerable_backend
from algomancy_api.sandbox.models import ClockMode, ClockSetting, LoggedRequest, NewWorld, RequestQuery
from algomancy_api.sandbox.runs import WorldRuns

if TYPE_CHECKING:
    from algomancy_api.api_configuration import ApiConfiguration


DEFAULT = "default"
"""The name of the world that is always there."""

MAX_WORLDS = 1_000

_KEPT = 10_000
_SHOWN_BYTES = 4_096


class Body:
    """A body that comes in pieces; no more of it is kept than is shown."""

    __slots__ = ("kept", "length")

    def __init__(self) -> None:
        self.kept = b""
        self.length = 0

    def add(self, piece: bytes) -> None:
        """Take in a piece."""
        self.length += len(piece)
        self.kept = b"" if self.length > _SHOWN_BYTES else self.kept + piece

    def shown(self) -> Any:  # noqa: ANN401 - any JSON value
        """Return it as JSON, or as text; of a long one its length."""
        if not self.length:
            return None
        if self.length > _SHOWN_BYTES:
            return {"bytes": self.length}
        try:
            return decode_json(self.kept)
        except ValueError:
            return self.kept.decode("utf-8", "replace")


@dataclass(slots=True)
class Entry:
    """A request, while it is answered and afterwards; see `LoggedRequest`."""

    id: int
    at: datetime
    method: str
    path: str
    query: str
    operation: str | None = None
    status: int | None = None
    fault: str | None = None
    duration_ms: float = 0.0
    request_body: Body = field(default_factory=Body)
    response_body: Body = field(default_factory=Body)

    def model(self) -> LoggedRequest:
        """Return it as the control API shows it."""
        members = {name: getattr(self, name) for name in LoggedRequest.model_fields}
        shown = {name: value.shown() for name, value in members.items() if isinstance(value, Body)}
        return LoggedRequest(**members | shown)


class RequestLog:
    """The last 10,000 requests; called in the event loop."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        return len(self._entries)

    def begin(self, at: datetime, method: str, path: str, query: str) -> Entry:
        """Note a request that has come."""
        entry = Entry(next(self._numbers), at, method, path, query)
        self._entries.append(entry)
        return entry

    def find(self, query: RequestQuery) -> list[LoggedRequest]:
        """Return the requests asked for, oldest first."""
        return [
            each.model()
            for each in list(self._entries)
            if each.id > query.after
            and (query.operation is None or each.operation == query.operation)
            and (query.status is None or each.status == query.status)
        ]

    def clear(self) -> None:
        """Forget all; numbers begin anew."""
        self._entries.clear()
        self._numbers = itertools.count(1)


class World:
    """A server of its own. All methods may be called from any thread.

    Args:
        config: The configuration of all worlds.
        backend: What steers its sessions.
        name: What it is called.
        initial: What it begins with.
        wanted: What was asked for.

    Attributes:
        sessions: What the routes call.
        idle_ttl: After how many seconds without a request it may be dropped; `None` for never.
    """

    def __init__(
        self, config: ApiConfiguration, backend: SteerableBackend, name: str, initial: State, wanted: NewWorld
    ) -> None:
        self.name = name
        self.fixture = wanted.fixture if isinstance(wanted.fixture, str) else "custom"
        self.seed = seed = wanted.seed
        self.idle_ttl = None if name == DEFAULT else wanted.idle_ttl
        self.snapshots: dict[str, State] = {}
        self.log = RequestLog()
        self.faults = Faults(seed)
        self.used = time.monotonic()
        self._config = config
        self._backend = backend
        self._initial = initial
        self._mode = wanted.clock or ClockSetting(mode=ClockMode.REAL if seed is None else ClockMode.MANUAL)
        self._start = wanted.start or (SEEDED_START if seed is not None else None)
        self._changing = threading.Lock()
        self._open(initial, self._mode.rate)

    @property
    def expired(self) -> bool:
        """Whether it had no request for longer than `idle_ttl`."""
        return self.idle_ttl is not None and time.monotonic() - self.used > self.idle_ttl

    def reset(self) -> None:
        """Go back to the fixture: its sessions and scripts, the clock as it was at first, no faults, an empty log."""
        with self._changing:
            self._close()
            self.faults.clear()
            self.log.clear()
            self._open(self._initial, self._mode.rate)

    def take_snapshot(self, name: str) -> None:
        """Keep everything as it is now, under a name."""
        with self._changing:
            state = None if self.runs.random is None else self.runs.random.getstate()
            saved = self._backend.save_sessions(self.sessions)
            self.snapshots[name] = State(saved, self.runs.scripts_from_here(), self.clock.now(), state)

    def restore(self, name: str) -> None:
        """Go back to a snapshot; faults and log stay as they are.

        Raises:
            NotFoundError: There is none of this name.
        """
        with self._changing:
            if name not in self.snapshots:
                raise NotFoundError(f"The world has no snapshot {shown(name)}.")
            state = self.snapshots[name]
            self._close()
            self._open(replace(state, now=self.clock.now()) if self.clock.rate else state, self.clock.rate)

    def close(self) -> None:
        """Stop all runs, and wake whatever waits."""
        with self._changing:
            self._close()

    def _open(self, state: State, rate: float) -> None:
        self.clock = WorldClock(state.now or self._start or datetime.now(UTC), rate)
        self.runs = WorldRuns(self.clock, self.seed)
        if self.runs.random is not None and state.random is not None:
            self.runs.random.setstate(state.random)
        self.runs.scripts.update(state.scripts)
        self.sessions = self._backend.open_sessions(self._config, self.runs, state.saved)

    def _close(self) -> None:
        for each in self.sessions.list_sessions():
            # Whoever listens is to listen anew: to what has taken the session's place.
            self.sessions.get_scenario_manager(each["id"]).tell_listeners({**each, "deleted": False}, ended=True)
        self.sessions.close()
        self.clock.close()


current_world: ContextVar[World] = ContextVar("algomancy_sandbox_world")
"""The world that a request is for."""


class Worlds:
    """The worlds by name; all methods may be called from any thread.

    Args:
        config: The configuration of them all.

    Attributes:
        calls: Where what steers is called: not among the threads of the routes, which an advance waits for.
    """

    def __init__(self, config: ApiConfiguration) -> None:
        self.calls = WorkerPool("algomancy-sandbox", 64)
        self.backend = steerable_backend()
        self.fixtures = Fixtures(config, self.backend)
        self._config = config
        self._changing = threading.Lock()
        self._worlds: dict[str, World] = {}

    def find(self, name: str) -> World | None:
        """Return a world that a request is for, if there is one of this name."""
        world = self._worlds.get(name)
        if world is not None:
            world.used = time.monotonic()
        return world

    def known(self, name: str) -> World:
        """Return a world.

        Raises:
            NotFoundError: There is none of this name.
        """
        world = self.find(name)
        if world is None:
            raise NotFoundError(f"There is no world {shown(name)}.")
        return world

    def all(self) -> list[World]:
        """Return the worlds, oldest first."""
        self._drop_expired()
        return list(self._worlds.values())

    def create(self, wanted: NewWorld) -> World:
        """Make a world.

        Raises:
            NotFoundError: There is no such fixture.
            ConflictError: The name is taken, or there are too many worlds.
            InvalidRequestError: The fixture breaks a rule.
        """
        self._drop_expired()
        name = wanted.name or f"w-{secrets.token_hex(4)}"
        given = wanted.fixture
        initial = self.fixtures.get(given) if isinstance(given, str) else self.fixtures.of(given)
        self._refuse(name)
        world = World(self._config, self.backend, name, initial, wanted)
        try:
            with self._changing:
                self._refuse(name)
                self._worlds[name] = world
        except ConflictError:
            world.close()
            raise
        return world

    def drop(self, name: str) -> None:
        """Drop a world.

        Raises:
            NotFoundError: There is none of this name.
            ConflictError: It is the default one, which can be reset only.
        """
        if name == DEFAULT:
            raise ConflictError("The default world cannot be dropped; reset it.")
        with self._changing:
            world = self._worlds.pop(name, None)
        if world is None:
            raise NotFoundError(f"There is no world {shown(name)}.")
        world.close()

    def close(self) -> None:
        """Drop all worlds."""
        with self._changing:
            worlds = list(self._worlds.values())
        for world in worlds:
            world.close()

    def _refuse(self, name: str) -> None:
        if name in self._worlds:
            raise ConflictError(f"Another world is named {shown(name)}.")
        if len(self._worlds) >= MAX_WORLDS:
            raise ConflictError(f"There are {MAX_WORLDS:,} worlds already; drop some.")

    def _drop_expired(self) -> None:
        with self._changing:
            expired = [self._worlds.pop(each.name) for each in list(self._worlds.values()) if each.expired]
        for world in expired:
            world.close()


class CurrentWorld:
    """The backend of all worlds' routes: the sessions of the world that a request is for.

    So the worlds share one application, with its routes and its document.

    Args:
        worlds: The worlds.
    """

    nonblocking = True

    def __init__(self, worlds: Worlds) -> None:
        self._worlds = worlds

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a member of a `SessionManager`
        return getattr(current_world.get(self._worlds.known(DEFAULT)).sessions, name)

    def close(self) -> None:
        """Drop all worlds."""
        self._worlds.close()
