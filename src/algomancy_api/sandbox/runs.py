"""The runs of a world, by its clock: as a script says where there is one, else as the algorithm does."""

from __future__ import annotations

import logging
import random
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Protocol

from algomancy_api.sandbox.clock import Actor, WorldClock
from algomancy_api.sandbox.fixture import RunOutcome, RunScript

logger = logging.getLogger("algomancy_api")

_SLACK_SECONDS = 1e-6


class Work(Protocol):
    """A run, and what its algorithm does when it is wanted. See `algomancy_scenario.steering`."""

    heard: bool
    """Whether the progress that the algorithm reports counts."""
    done: bool
    """Whether the algorithm has ended."""
    wake: Callable[[], None]
    """Called when that is so, or when the run is to stop."""

    @property
    def begun(self) -> bool:
        """Whether the algorithm has been started."""

    @property
    def stopped(self) -> bool:
        """Whether the run is to stop."""

    def begin(self) -> None:
        """Start the algorithm, if it has not been started."""

    def tell(self, progress: float) -> None:
        """Say how far the run is."""


class WorldRuns:
    """Controls time, ids and runs of a world.

    Args:
        clock: The world's clock.
        seed: Where ids come from; without one they are random.

    Attributes:
        scripts: The scripts by scenario id, tag or pattern of tags.
    """

    def __init__(self, clock: WorldClock, seed: int | str | None) -> None:
        self.clock = clock
        self.random = None if seed is None else random.Random(seed)
        self.scripts: dict[str, RunScript] = {}
        self._begun: dict[str, tuple[float, str]] = {}
        self._here = threading.local()

    def now(self) -> datetime:
        """Return the time in the world."""
        return self.clock.now()

    def new_id(self) -> str:
        """Return an identifier: random, or the next one that follows from the seed."""
        if self.random is None:
            return str(uuid.uuid4())
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def script_of(self, scenario_id: str, tag: str) -> RunScript | None:
        """Return the script of a run: that of its id, of its tag, or of the last pattern that fits."""
        for name in (scenario_id, tag):
            if name in self.scripts:
                return self.scripts[name]
        fitting = (script for name, script in reversed(list(self.scripts.items())) if fnmatchcase(tag, name))
        return next(fitting, None)

    def put_script(self, name: str, script: RunScript | None) -> None:
        """Set the script of runs, or remove it; runs under way follow from now on."""
        self.scripts.pop(name, None)
        if script is not None:
            self.scripts[name] = script
        self.clock.poke()

    def scripts_from_here(self) -> dict[str, RunScript]:
        """Return the scripts, with those of the runs under way as they are to go on."""
        under_way = {}
        for scenario_id, (begun, tag) in list(self._begun.items()):
            if script := self.script_of(scenario_id, tag):
                elapsed = script.elapsed + self.clock.seconds - begun
                under_way[scenario_id] = script.model_copy(update={"elapsed": elapsed})
        return {**self.scripts, **under_way}

    def submit(self, job: Callable[[], None]) -> Actor:
        """Have a run done in a thread; under a manual clock it has begun when this returns."""
        actor = Actor(self.clock)

        def do() -> None:
            self._here.actor = actor
            try:
                job()
            except BaseException:
                logger.exception("A run ended in an error of the sandbox's own.")
            finally:
                actor.leave()

        threading.Thread(target=do, name="algomancy-sandbox-run", daemon=True).start()
        if not hasattr(self._here, "actor"):  # The end of one run may start the next.
            actor.settled()
        return actor

    def play(self, scenario_id: str, tag: str, work: Work) -> Mapping[str, Any]:
        """Carry a run out by its script; called in its thread.

        Returns:
            How it ends: with `error`; or with `result` and `kpis`, `None` for what the algorithm gives.
        """
        clock, actor = self.clock, self._here.actor
        begun = clock.seconds
        work.wake = clock.poke
        self._begun[scenario_id] = (begun, tag)
        try:
            while not work.stopped and not clock.closed:
                script = self.script_of(scenario_id, tag)
                work.heard = script is None
                if script is None:
                    if self._let_work(actor, work, scenario_id, tag):
                        return {}
                    continue
                # Begun now, so that it is ready in time. A manual clock waits for it at its end, the same every time.
                if clock.rate and script.wants_algorithm:
                    work.begin()
                length, passed = script.length(), clock.seconds - begun + script.elapsed
                work.tell(script.progress_at(min(passed, length)))
                if passed >= length - _SLACK_SECONDS:
                    failed = script.outcome is RunOutcome.FAIL
                    return {"error": script.error} if failed else {"result": script.result, "kpis": script.kpis}
                actor.sleep_until(
                    begun + length - script.elapsed,
                    shows=True,
                    until=partial(self._interrupted, work, scenario_id, tag, script),
                )
        finally:
            self._begun.pop(scenario_id, None)
        return {"error": "The world was dropped."}

    def _interrupted(self, work: Work, scenario_id: str, tag: str, script: RunScript | None) -> bool:
        """Tell whether a run is to stop, or to go on otherwise than by a script."""
        return work.stopped or self.script_of(scenario_id, tag) is not script

    def _let_work(self, actor: Actor, work: Work, scenario_id: str, tag: str) -> bool:
        """Let the algorithm work, under a manual clock from when it is advanced; tell whether it has ended."""
        clock = self.clock
        interrupted = partial(self._interrupted, work, scenario_id, tag, None)
        if not work.begun:
            actor.sleep_until(clock.seconds, until=lambda: interrupted() or clock.rate > 0)
        if interrupted():
            return False
        work.begin()
        actor.work_until(lambda: work.done or interrupted())
        return work.done
