"""A world: sessions, a clock, runs, faults and a log of their own, and what they go back to."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from algomancy_api.errors import NotFoundError
from algomancy_api.http.names import shown
from algomancy_api.sandbox.backend import Saved, SteerableBackend
from algomancy_api.sandbox.clock import WorldClock
from algomancy_api.sandbox.faults import Faults
from algomancy_api.sandbox.models import ClockMode, ClockSetting
from algomancy_api.sandbox.request_log import RequestLog
from algomancy_api.sandbox.run_script import RunScript
from algomancy_api.sandbox.runs import WorldRuns

if TYPE_CHECKING:
    from algomancy_api.api_configuration import ApiConfiguration

DEFAULT = "default"
"""The name of the world that is always there."""

SEEDED_START = datetime(2026, 1, 5, 8, tzinfo=UTC)
"""What time it is at first in a world with a seed: a Monday morning."""


@dataclass(frozen=True)
class State:
    """What a world can be put back to.

    Attributes:
        saved: Its sessions.
        scripts: The scripts of its runs.
        now: What time it was; only a manual clock goes back. `None` for the time at which the world begins.
        random: Where its ids come from next; `None` for from the seed.
    """

    saved: Saved
    scripts: Mapping[str, RunScript]
    now: datetime | None = None
    random: Any = None


class World:
    """A server of its own. All methods may be called from any thread.

    Args:
        config: The configuration of all worlds.
        backend: What steers its sessions.
        name: What it is called.
        fixture: Name of what it begins with.
        initial: What that is.
        seed: Where its ids come from; random without one.
        clock: How its clock moves; left out, as time does, or with a seed only when told.
        start: What time it is at first; left out, it is now, or with a seed `SEEDED_START`.
        idle_ttl: After how many seconds without a request it may be dropped; `None` for never.

    Attributes:
        sessions: What the routes call.
    """

    def __init__(
        self,
        config: ApiConfiguration,
        backend: SteerableBackend,
        name: str,
        fixture: str,
        initial: State,
        seed: int | None = None,
        clock: ClockSetting | None = None,
        start: datetime | None = None,
        idle_ttl: float | None = None,
    ) -> None:
        self.name = name
        self.fixture = fixture
        self.seed = seed
        self.idle_ttl = idle_ttl
        self.snapshots: dict[str, State] = {}
        self.log = RequestLog()
        self.faults = Faults(seed)
        self.used = time.monotonic()
        self._config = config
        self._backend = backend
        self._initial = initial
        self._mode = clock or ClockSetting(mode=ClockMode.REAL if seed is None else ClockMode.MANUAL)
        self._start = start or (SEEDED_START if seed is not None else None)
        self._changing = threading.Lock()
        self._open(initial, self._mode.rate)

    @property
    def expired(self) -> bool:
        """Whether nobody has asked it anything for longer than it is kept."""
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
        """Stop all runs and let nobody wait any more."""
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
