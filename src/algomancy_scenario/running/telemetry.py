"""What OpenTelemetry is told of runs, where it is installed: a span for each, how many there are, how long they take.

It goes to the providers that the process has set up; where there are none, to nobody.
"""

from __future__ import annotations

import functools
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from algomancy_scenario.scenario import Scenario

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation
    from opentelemetry.trace import Span

    from algomancy_scenario.sessionmanager import SessionManager

_NAME = "algomancy"
_BUCKETS = (0.01, 0.1, 1.0, 10.0, 60.0, 300.0, 1_800.0, 3_600.0, 14_400.0)


class RunTelemetry:
    """Tells of runs."""

    def __init__(self) -> None:
        from opentelemetry import metrics, trace

        self._trace = trace
        self._tracer = trace.get_tracer(_NAME)
        meter = metrics.get_meter(_NAME)
        self._seconds = meter.create_histogram(
            "algomancy.run.duration",
            "s",
            "Time from a run's begin to its end.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._ended = meter.create_counter("algomancy.runs.ended", "{run}", "Runs that came to an end.")
        self._counted: weakref.WeakSet[SessionManager] = weakref.WeakSet()
        for name, said in (("running", "Runs that are at work."), ("queued", "Scenarios that wait for their run.")):
            observe = functools.partial(self._observe, metrics.Observation, name)
            meter.create_observable_up_down_counter(f"algomancy.runs.{name}", [observe], "{run}", said)

    def count(self, sessions: SessionManager) -> None:
        """Have the runs of these sessions counted now and then, for as long as they live."""
        self._counted.add(sessions)

    def begin(self, scenario: Scenario[Any]) -> RunSpan:
        """Tell that a scenario's run begins; its span is below the one that is current."""
        attributes = {
            "algomancy.algorithm": scenario.algo_name,
            "algomancy.scenario.id": scenario.id,
            "algomancy.scenario.tag": scenario.tag,
        }
        return RunSpan(self, self._tracer.start_span(f"run {scenario.algo_name}", attributes=attributes), scenario)

    def current(self, span: Span) -> AbstractContextManager[object]:
        """Let a span be the current one, without taking errors for its own."""
        return self._trace.use_span(span, record_exception=False, set_status_on_exception=False)

    def end(self, span: Span, algorithm: str, outcome: str, error: str | None, seconds: float) -> None:
        """Tell that a run has ended."""
        told = {"algomancy.algorithm": algorithm, "algomancy.outcome": outcome}
        span.set_attribute("algomancy.outcome", outcome)
        if error is not None:
            span.set_status(self._trace.StatusCode.ERROR, error)
        with self.current(span):  # So that the times of runs lead to an example.
            self._seconds.record(seconds, told)
        self._ended.add(1, told)
        span.end()

    def _observe(self, observation: Callable[[int], Observation], name: str, _: CallbackOptions) -> list[Observation]:
        return [observation(sum(counter.count_runs()[name] for counter in list(self._counted)))]


class RunSpan:
    """The span of a run; it ends once.

    Args:
        telemetry: Who is told.
        span: The span.
        scenario: The scenario that is run.
    """

    def __init__(self, telemetry: RunTelemetry, span: Span, scenario: Scenario[Any]) -> None:
        self._telemetry = telemetry
        self._span: Span | None = span
        self._algorithm = scenario.algo_name
        self._begun = time.perf_counter()
        self._lock = threading.Lock()

    def current(self) -> AbstractContextManager[object]:
        """Let it be the span that others are made below."""
        span = self._span
        return nullcontext() if span is None else self._telemetry.current(span)

    def end(self, outcome: str, error: str | None = None) -> None:
        """Tell how the run has ended: `complete`, `failed`, `killed` or `cancelled`; only the first time counts."""
        with self._lock:
            span, self._span = self._span, None
        if span is not None:
            self._telemetry.end(span, self._algorithm, outcome, error, time.perf_counter() - self._begun)


@functools.cache
def run_telemetry() -> RunTelemetry | None:
    """Return whom to tell of runs; nobody where OpenTelemetry is not installed."""
    try:
        return RunTelemetry()
    except ImportError:
        return None


def carrier_of_current() -> dict[str, str]:
    """Return what takes the current context to another process; empty where there is none."""
    if run_telemetry() is None:
        return {}
    from opentelemetry import propagate

    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


@contextmanager
def carried_on(carrier: dict[str, str]) -> Iterator[None]:
    """Go on in the context of another process; `carrier` is what it gave."""
    if not carrier or run_telemetry() is None:
        yield
        return
    from opentelemetry import context, propagate

    token = context.attach(propagate.extract(carrier))
    try:
        yield
    finally:
        context.detach(token)
