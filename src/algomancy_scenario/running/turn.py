"""The queue of a session, and a scenario's turn: from the moment the queue lets it go to its end."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from algomancy_scenario.running.control import RunControl, RunFailure, describe
from algomancy_scenario.running.executor import RunExecutor, RunTicket
from algomancy_scenario.running.job import Job
from algomancy_scenario.running.outcome import Outcome
from algomancy_scenario.running.telemetry import RunSpan
from algomancy_scenario.scenario import Scenario

if TYPE_CHECKING:
    from algomancy_scenario.scenarioprocessor import ScenarioProcessor

_log = logging.getLogger(__name__)


class Run(RunControl):
    """One turn of one scenario, and the control of its job.

    What it reports counts only as long as its session holds it to be the current one.

    Args:
        scenario: The scenario to run.
        processor: Whose run it is; it is told of the progress.
        context: The context variables of whoever queued the scenario: its clock, and the trace span above the run's.

    Attributes:
        ticket: The run at the executor's; `None` before it is handed over.
        frozen: Whether its reports are ignored for the moment.
        begun: Whether it is under way.
        progress: How far it is by its own account, where that is stored before it shows.
        killed: Whether it came to nothing because its process died.
        context: As it was given.
    """

    def __init__(self, scenario: Scenario[Any], processor: ScenarioProcessor, context: Context) -> None:
        super().__init__()
        self.scenario = scenario
        self.ticket: RunTicket | None = None
        self.frozen = False
        self.begun = False
        self.progress = 0.0
        self.killed = False
        self.context = context
        self._span: RunSpan | None = None
        self._processor = processor

    def hear(self, progress: float) -> None:
        """Tell whoever keeps the state of the scenario."""
        self._processor.report_progress(self, progress)

    def perform(self, executor: RunExecutor) -> Outcome:
        """Carry the run out, and wait for its end.

        Args:
            executor: Where it happens.

        Raises:
            RunFailure: It came to nothing.
            RunCancelled: It was stopped.
        """
        scenario = self.scenario
        try:
            dataset = scenario.owner.dataset_of(scenario)
            _ = dataset.source  # Made of its JSON, or of raw files, when it is first wanted: by the user's own class.
        except Exception as error:
            _log.warning("Scenario '%s' failed: its dataset cannot be read.", scenario.tag, exc_info=error)
            raise RunFailure(describe(error)) from None
        job = Job(scenario.owner.catalog, scenario.tag, scenario.algo_name, *scenario.stored_params, scenario.id)
        with nullcontext() if self._span is None else self._span.current():
            return executor.perform(job, dataset, self)

    def begin(self, span: RunSpan) -> None:
        """Take note of the span of the run, which has begun."""
        self._span = span
        if self.stopped:
            self.end("cancelled")

    def end(self, outcome: str, error: str | None = None) -> None:
        """Tell how the run has ended; only the first time counts."""
        if self._span is not None:
            self._span.end(outcome, error)

    def stop(self) -> None:
        """Tell the run to stop and give its place at the executor up; returns at once."""
        super().stop()
        if self.ticket is not None:
            self.ticket.abandon()
        self.end("cancelled")


@contextmanager
def time_limit(seconds: float | None, expire: Callable[[Run], None], run: Run) -> Iterator[None]:
    """Have `expire` called for a run that takes longer; without a limit, never."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, copy_context().run, (expire, run))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class RunQueue:
    """First in, first out; with each scenario waits the context of whoever queued it. Whoever calls holds a lock."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, tuple[Scenario[Any], Context]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, scenario: Scenario[Any]) -> bool:
        return scenario.id in self._waiting

    def add(self, scenario: Scenario[Any]) -> None:
        """Put a scenario at the end."""
        self._waiting[scenario.id] = scenario, copy_context()

    def remove(self, scenario: Scenario[Any]) -> bool:
        """Take a scenario out; tell whether it was there."""
        return self._waiting.pop(scenario.id, None) is not None

    def take(self, processor: ScenarioProcessor) -> Run:
        """Take the first scenario out; return its run, of which `processor` is to be told."""
        _, (scenario, context) = self._waiting.popitem(last=False)
        return Run(scenario, processor, context)

    def put_back(self, run: Run) -> None:
        """Put a run that has not begun back to where it was."""
        overtaken = self.overtakes(run)
        self._waiting[run.scenario.id] = run.scenario, run.context
        self._waiting.move_to_end(run.scenario.id, last=overtaken)

    def overtakes(self, run: Run) -> bool:
        """Tell whether the first scenario comes before one that has its turn, as one does that is queued again."""
        first = next(iter(self._waiting.values()), None)
        return first is not None and _position(first[0]) < _position(run.scenario)

    def sort(self) -> None:
        """Put all scenarios in the order in which they were queued."""
        self._waiting = OrderedDict(sorted(self._waiting.items(), key=lambda item: _position(item[1][0])))

    def clear(self) -> None:
        """Take all scenarios out."""
        self._waiting.clear()


def _position(scenario: Scenario[Any]) -> int:
    return scenario.state.queue_position or 0
