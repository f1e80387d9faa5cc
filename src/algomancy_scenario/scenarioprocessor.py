"""Runs the scenarios of one session: first in, first out, one at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from algomancy_scenario.basealgorithm import RunCancelled
from algomancy_scenario.persistence.port import MemorySessionStore, SessionStore
from algomancy_scenario.persistence.scenario_record import UNFINISHED, ScenarioStatus
from algomancy_scenario.running.control import RunFailure, RunKilled
from algomancy_scenario.running.executor import RunExecutor, ThreadExecutor
from algomancy_scenario.running.outcome import Outcome, ScenarioState
from algomancy_scenario.running.telemetry import run_telemetry
from algomancy_scenario.running.turn import Run, RunQueue, time_limit
from algomancy_scenario.scenario import Scenario
from algomancy_scenario.scenarioregistry import ScenarioRegistry
from algomancy_scenario.sessions.owners import SessionGoneError
from algomancy_utils import Logger
from algomancy_utils.runtime import utc_now

_log = logging.getLogger(__name__)


class ScenarioProcessor:
    """The queue of a session and its current run.

    A run's reports count only while it is the current one: stopping it means to put another in its place. A scenario's
    status and its place here change under one hold of the state lock, so that nobody sees the one without the other.

    Args:
        logger: Where it reports what it runs.
        on_processed: Called with each scenario whose run has ended.
        registry: The session's scenarios; without a session, none.
        store: Where results are stored; nowhere when left out.
        executor: Where runs happen; threads of its own when left out.
    """

    def __init__(
        self,
        logger: Logger | None = None,
        on_processed: Callable[[Scenario[Any]], None] | None = None,
        *,
        registry: ScenarioRegistry | None = None,
        store: SessionStore | None = None,
        executor: RunExecutor | None = None,
    ) -> None:
        self.logger = logger
        self.auto_run_scenarios = False
        """Whether a scenario is queued as soon as it is created."""
        self._on_processed = on_processed
        self._registry = registry or ScenarioRegistry(logger)
        self._locks = self._registry.locks
        self._store = store or MemorySessionStore()
        self._executor = executor or ThreadExecutor()
        self._owns_executor = executor is None
        self._telemetry = run_telemetry()
        self._queue = RunQueue()
        self._current: Run | None = None
        # Of several servers on one state: whose run another one has, and the run that this one has lost.
        self._elsewhere: Scenario[Any] | None = None
        self._lost: Run | None = None
        self._closed = False
        self._change = threading.Condition(self._locks.state)

    # ------------------------------------------------------------------ called with both locks held

    @property
    def closed(self) -> bool:
        """Whether nothing is started any more."""
        return self._closed

    def admit(self, scenario: Scenario[Any]) -> Run | None:
        """Put a scenario that is `queued` at the end of the queue.

        Returns:
            The run to `start` once the locks are free, if it is its turn already.
        """
        if not self._closed:
            self._queue.add(scenario)
        return self._next()

    def withdraw(self, scenario: Scenario[Any]) -> tuple[Run | None, Run | None]:
        """Take a scenario out of the queue, or its run out of the place of the current one.

        Returns:
            The run to stop and the run to `start` once the locks are free, each if there is one.
        """
        if self._queue.remove(scenario):
            self._change.notify_all()
            return None, None
        if self._elsewhere is scenario:
            self._elsewhere = None
            return None, self._next()
        if self._current is None or self._current.scenario is not scenario:
            return None, None
        stopped, self._current = self._current, None
        return stopped, self._next()

    def take_in(self, scenario: Scenario[Any], *, elsewhere: bool = False, gone: bool = False) -> None:
        """Take note that another server has changed a scenario; call `settle` after all of them.

        Args:
            scenario: The scenario, as it is now.
            elsewhere: Whether another server runs it.
            gone: Whether it was deleted.
        """
        self._queue.remove(scenario)
        if self._elsewhere is scenario:
            self._elsewhere = None
        if elsewhere:
            self._elsewhere = scenario
        run = self._current
        if run is not None and run.scenario is scenario:
            expected = ScenarioStatus.PROCESSING if run.begun else ScenarioStatus.QUEUED
            if scenario.status is expected and not elsewhere and not gone:
                return
            self._lost, self._current = run, None
        if scenario.status is ScenarioStatus.QUEUED and not gone and not self._closed:
            self._queue.add(scenario)

    def settle(self) -> tuple[Run | None, Run | None]:
        """Go on with what has its turn after what other servers have done.

        Returns:
            The run to stop and the run to `start` once the locks are free, each if there is one.
        """
        self._queue.sort()
        stopped, self._lost = self._lost, None
        run = self._current
        if run is not None and not run.begun and (self._elsewhere is not None or self._queue.overtakes(run)):
            stopped, self._current = run, None
            self._queue.put_back(run)
        return stopped, self._next()

    def close(self) -> Run | None:
        """Start nothing any more.

        Returns:
            The run to stop once the locks are free, if there is one.
        """
        self._closed = True
        self._queue.clear()
        stopped, self._current = self._current, None
        self._change.notify_all()
        if self._owns_executor:
            self._executor.shutdown()
        return stopped

    # ------------------------------------------------------------------ called with no lock held

    @property
    def currently_processing(self) -> Scenario[Any] | None:
        """The scenario now processing."""
        with self._locks.state:
            scenario = self._elsewhere if self._current is None else self._current.scenario
            return scenario if scenario is not None and scenario.status is ScenarioStatus.PROCESSING else None

    def enqueue(self, scenario: Scenario[Any]) -> None:
        """Queue a scenario, whatever came of it before; those of a session are queued by their manager.

        Args:
            scenario: The scenario.
        """
        with self._locks:
            state = ScenarioState(status=ScenarioStatus.QUEUED, revision=scenario.revision + 1)
            with self._locks.state:
                if scenario in self._queue or (self._current and self._current.scenario is scenario):
                    return
                self._registry.publish(scenario, state)
                run = self.admit(scenario)
        self.start(run)

    def shutdown(self) -> None:
        """Stop the current run and start none any more; returns at once."""
        with self._locks, self._locks.state:
            stopped = self.close()
        self.replace(stopped, None)

    @property
    def counts(self) -> tuple[int, int]:
        """How many runs there are, none or one, and how many scenarios are queued behind it."""
        with self._locks.state:
            return int(self._current is not None or self._elsewhere is not None), len(self._queue)

    def start(self, run: Run | None) -> None:
        """Hand a run to the executor, which may take its time to make a thread."""
        if run is None:
            return
        run.ticket = self._executor.submit(lambda: run.context.run(self._work, run))
        if run.stopped:
            # It was stopped before there was a ticket to abandon.
            run.ticket.abandon()

    def replace(self, stopped: Run | None, following: Run | None) -> None:
        """Stop one run and start another, as `withdraw` asks for."""
        if stopped is not None:
            stopped.stop()
        self.start(following)

    def wait_for_processing(self, timeout: float | None = None) -> bool:
        """Wait until nothing is queued or running.

        Args:
            timeout: How many seconds at most; no limit when left out.

        Returns:
            Whether that is so; `False` means the time is up.
        """
        return self._wait_until(lambda: not self._queue and self._current is None and self._elsewhere is None, timeout)

    def wait_for(self, scenario: Scenario[Any]) -> None:
        """Wait until a scenario is neither queued nor processing, or nothing is run any more."""
        self._wait_until(lambda: self._closed or scenario.status not in UNFINISHED, None)

    @contextmanager
    def frozen(self, scenario: Scenario[Any]) -> Iterator[None]:
        """Keep the progress of a scenario as it is, so that what is stored is what will be published."""
        with self._locks.state:
            run = self._current if self._current is not None and self._current.scenario is scenario else None
            if run is not None:
                run.frozen = True
        try:
            yield
        finally:
            if run is not None:
                run.frozen = False

    def report_progress(self, run: Run, progress: float) -> None:
        """Take note of the progress of a run; a lower value than before is ignored.

        Raises:
            RunCancelled: The run is no longer the current one.
        """
        with self._locks.state:
            if run is not self._current:
                raise RunCancelled
            scenario = run.scenario
            if self._store.shared:
                # Nobody sees what is not in the store: on another server it would fall back.
                run.progress = max(run.progress, progress)
            elif progress > scenario.progress and not run.frozen:
                self._registry.publish(scenario, scenario.next_state(progress=progress))

    def save_progress(self) -> None:
        """Store how far the current run is, and show it; for a store that others read."""
        run = self._current
        if run is None or not run.begun or run.progress <= run.scenario.progress:
            return
        with self._locks:
            if run is self._current:
                state = run.scenario.next_state(progress=run.progress)
                self._store.save_progress(run.scenario.id, state.progress)
                with self._locks.state:
                    self._registry.publish(run.scenario, state)

    @property
    def begun(self) -> Run | None:
        """The run that is under way here."""
        run = self._current
        return run if run is not None and run.begun else None

    @property
    def elsewhere(self) -> Scenario[Any] | None:
        """The scenario whose run another server has."""
        return self._elsewhere

    def lose(self, run: Run) -> None:
        """Stop a run that this server may not have any more: others will think that it is dead."""
        with self._locks.state:
            if run is not self._current:
                return
            self._current, self._elsewhere = None, run.scenario
        run.stop()

    def go_on(self) -> None:
        """Start what has its turn, after something was in the way."""
        with self._locks.state:
            following = self._next()
        self.start(following)

    # ------------------------------------------------------------------ inside

    def _wait_until(self, condition: Callable[[], bool], timeout: float | None) -> bool:
        with self._locks.state:
            return self._change.wait_for(condition, timeout)

    def _next(self) -> Run | None:
        """Take the first of the queue as the current run, if nothing runs: only here a start is decided."""
        self._change.notify_all()
        if self._current is not None or self._elsewhere is not None or self._closed or not self._queue:
            return None
        self._current = self._queue.take(self)
        return self._current

    def _work(self, run: Run) -> None:
        """Carry out a run, from `queued` to its end; on one of the executor's workers."""
        try:
            if not self._begin(run):
                return
            ending: dict[str, Any] = {"queue_position": None}
            try:
                with time_limit(self._executor.run_timeout, self._expire, run):
                    outcome = run.perform(self._executor)
                ending |= {"status": ScenarioStatus.COMPLETE, "progress": 100.0, "outcome": outcome}
            except RunFailure as failure:
                ending |= {"status": ScenarioStatus.FAILED, "error": str(failure)}
                run.killed = isinstance(failure, RunKilled)
            except (RunCancelled, SessionGoneError):
                raise
            # Whatever it is, the scenario ends, and the queue behind it goes on.
            except Exception:
                _log.exception("The run of scenario '%s' ended in an error of the server's own.", run.scenario.tag)
                ending |= {"status": ScenarioStatus.FAILED, "error": "The server could not carry out the run."}
            self._finish(run, ending)
        except (RunCancelled, SessionGoneError):
            _log.debug("The run of scenario '%s' was stopped.", run.scenario.tag)
        except Exception:
            # The store is out of reach. What was not begun has its turn later, what was is begun again by someone.
            _log.exception("The run of scenario '%s' came to nothing.", run.scenario.tag)
            if run.begun:
                self.lose(run)
                return
            with self._locks.state:
                if run is self._current:
                    self._current = None
                    self._queue.put_back(run)

    def _expire(self, run: Run) -> None:
        error = f"The run was stopped: it took longer than the {self._executor.run_timeout:g} seconds allowed."
        with suppress(SessionGoneError):
            self._finish(run, {"queue_position": None, "status": ScenarioStatus.FAILED, "error": error})
        run.stop()

    def _begin(self, run: Run) -> bool:
        # With the mutex, so that nobody who read `queued` acts on it when it is no longer true.
        with self._locks:
            if run is not self._current:
                return False
            scenario = run.scenario
            started_at = utc_now()
            state = scenario.next_state(status=ScenarioStatus.PROCESSING, started_at=started_at)
            self._store.begin_run(scenario.id, started_at)
            run.begun = True
            with self._locks.state:
                self._registry.publish(scenario, state)
        if self._telemetry is not None:
            run.begin(self._telemetry.begin(scenario))
        self._registry.log(f"Scenario '{scenario.tag}' is processed.")
        return True

    def _finish(self, run: Run, ending: dict[str, Any]) -> None:
        scenario = run.scenario
        with self._locks:
            if run is not self._current:
                return
            ending = {"progress": max(run.progress, scenario.progress), **ending}
            state = scenario.next_state(finished_at=utc_now(), **ending)
            try:
                self._store.save_scenario(scenario.record(state))
                if isinstance(state.outcome, Outcome):
                    kept = scenario.owner.stored_outcome(scenario.id, state.outcome.kpis_json, state.outcome)
                    state = state._replace(outcome=kept)
            except Exception:
                if self._store.shared:
                    raise
                _log.exception("The result of scenario '%s' could not be stored.", scenario.tag)
                state = state._replace(
                    status=ScenarioStatus.FAILED, outcome=None, error="The result could not be stored."
                )
            with self._locks.state:
                self._registry.publish(scenario, state)
                self._current = None
                if self._elsewhere is scenario:  # It took so long to store that the run was given up meanwhile.
                    self._elsewhere = None
                following = self._next()
        self.start(following)
        run.end("killed" if run.killed else state.status.value, state.error)
        self._registry.log(f"Scenario '{scenario.tag}' ended as {state.status}.")
        if self._on_processed is not None:
            self._on_processed(scenario)
