"""The clock of a world: it runs as time does, faster or slower, or moves only when told."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from algomancy_api.errors import ConflictError

_PATIENCE_SECONDS = 60.0
_SETTLE_SECONDS = 10.0
_TICK_SECONDS = 0.1
"""How often, in real seconds, who sleeps by a running clock is woken to report progress."""


class WorldClock:
    """A clock, and all that wait for it.

    All methods may be called from any thread. Whatever waits is an `Actor`: it either sleeps until some moment, or
    works. Under a manual clock `advance` wakes the sleepers one after the other, each at its moment, and moves on when
    the one that was woken sleeps again or is done: what happens is the same every time.

    Args:
        start: What time it is.
        rate: Seconds of the world per real second; 0 for a manual clock.
    """

    def __init__(self, start: datetime, rate: float = 1.0) -> None:
        self._start = start
        self.changed = threading.Condition()
        self._advancing = threading.Lock()
        self._sleepers: list[Actor] = []
        self._numbers = itertools.count()
        self.busy = 0
        self.closed = False
        self._set(rate, 0.0)

    def _set(self, rate: float, seconds: float) -> None:
        self.rate = rate
        self._base, self._wall = seconds, time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the world has been there, by its own clock."""
        return self._base + self.rate * (time.monotonic() - self._wall) if self.rate else self._base

    def now(self) -> datetime:
        """Return the time in the world, in UTC."""
        return (self._start + timedelta(seconds=self.seconds)).astimezone(UTC)

    def set_rate(self, rate: float) -> None:
        """Let the clock run at another rate from now on, or stand still with 0."""
        with self.changed:
            self._set(rate, self.seconds)
            self._wake_all()

    def poke(self) -> None:
        """Wake all sleepers, to check whether they still have to wait."""
        with self.changed:
            self._wake_all()

    def close(self) -> None:
        """Wake all sleepers for good."""
        with self.changed:
            self.closed = True
            self._wake_all()

    def advance(self, seconds: float) -> None:
        """Move a manual clock, and return when everything that was due has happened.

        Raises:
            ConflictError: The clock runs by itself; or something is still at work after a minute.
        """
        with self._advancing, self.changed:
            if self.rate:
                raise ConflictError("The clock runs by itself: set its mode to 'manual' before advancing it.")
            target = round(self._base + seconds, 6)  # else ten tenths would be less than one
            while self._settle() and self._sleepers:
                first = min(self._sleepers, key=lambda each: (each.due, each.number))
                if first.due > target:
                    break
                self._base = max(self._base, first.due)
                first.wake()
            self._base = target
            for each in sorted(self._sleepers, key=lambda each: each.number):
                if each.shows and each in self._sleepers:
                    each.wake()
                    self._settle()

    def _settle(self) -> bool:
        if not self.changed.wait_for(lambda: self.busy <= 0 or self.closed, _PATIENCE_SECONDS):
            raise ConflictError(
                f"Something is still at work after {_PATIENCE_SECONDS:g} seconds; script the runs that take long."
            )
        return not self.closed

    def _wake_all(self) -> None:
        for each in self._sleepers:
            each.on_wake()
        self.changed.notify_all()


class Actor:
    """A thread or a task that works, or sleeps by a world's clock. End it with `leave`.

    Args:
        clock: The clock.
        on_wake: Called when it should look at the clock again; for those that do not wait in a thread.

    Attributes:
        due: Until when it sleeps, in seconds of the world.
        shows: Whether it also wants to be woken when the clock has been advanced, to show how far it is.
    """

    def __init__(self, clock: WorldClock, on_wake: Callable[[], None] = lambda: None) -> None:
        self.clock = clock
        self.on_wake = on_wake
        self.number = next(clock._numbers)
        self.due = 0.0
        self.shows = False
        self.asleep = False
        self._counts = True
        self._woken = asyncio.Event()
        with clock.changed:
            clock.busy += 1

    def leave(self) -> None:
        """End: the clock does not wait for it any more."""
        with self.clock.changed:
            if self._counts and not self.asleep:
                self.clock.busy -= 1
            self._counts = False
            if self.asleep:
                self.clock._sleepers.remove(self)
                self.asleep = False
                self.on_wake()
            self.clock.changed.notify_all()

    abandon = leave
    """So that it can be the ticket of a run."""

    def settled(self) -> None:
        """Wait, under a manual clock, until it sleeps or has left."""
        clock = self.clock
        with clock.changed:
            clock.changed.wait_for(
                lambda: clock.rate or self.asleep or not self._counts or clock.closed, _SETTLE_SECONDS
            )

    def wake(self) -> None:
        """Go back to work; called with the clock's lock held."""
        self.clock._sleepers.remove(self)
        self.asleep = False
        self.clock.busy += self._counts
        self.on_wake()
        self.clock.changed.notify_all()

    def fall_asleep(self, due: float, *, shows: bool = False) -> None:
        """Begin to sleep; called with the clock's lock held."""
        self.due, self.shows, self.asleep = round(due, 6), shows, True
        self.clock._sleepers.append(self)
        self.clock.busy -= self._counts
        self.clock.changed.notify_all()

    def left(self) -> float | None:
        """How many real seconds to sleep on at most; `None` for until it is woken."""
        clock = self.clock
        if not self.asleep or clock.closed:
            return 0.0
        return max(0.0, self.due - clock.seconds) / clock.rate if clock.rate else None

    def sleep_until(self, due: float, *, shows: bool = False, until: Callable[[], bool] = lambda: False) -> None:
        """Sleep in this thread until some moment, or something else.

        Args:
            due: The moment, in seconds of the world.
            shows: Whether to return before, too, every now and then while the clock runs, and when it was advanced.
            until: What else ends it; asked when the clock is poked.
        """
        clock = self.clock
        with clock.changed:
            self.fall_asleep(due, shows=shows)
            tick = time.monotonic() + _TICK_SECONDS if shows and clock.rate else None
            while not until() and (left := self.left()) != 0:
                if tick is not None:
                    to_tick = tick - time.monotonic()
                    if to_tick <= 0:
                        break
                    left = to_tick if left is None else min(left, to_tick)
                clock.changed.wait(left)
            if self.asleep:
                self.wake()

    def work_until(self, done: Callable[[], bool]) -> None:
        """Wait in this thread, at work, until something is so; it is asked when the clock is poked."""
        with self.clock.changed:
            self.clock.changed.wait_for(lambda: done() or self.clock.closed)

    @classmethod
    def in_task(cls, clock: WorldClock) -> Actor:
        """Return an actor for the running task, which works now and sleeps with `sleep`."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
                loop.call_soon_threadsafe(woken.set)

        actor = cls(clock, wake)
        actor._woken = woken
        return actor

    async def sleep(self, seconds: float) -> None:
        """Sleep in this task for some seconds of the world."""
        with self.clock.changed:
            self.fall_asleep(self.clock.seconds + seconds)
        while True:
            with self.clock.changed:
                if (left := self.left()) == 0:
                    if self.asleep:
                        self.wake()
                    return
                self._woken.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), left)
