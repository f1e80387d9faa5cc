"""A queue of its own, without a session."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from algomancy_data import DataSource
from algomancy_scenario import Scenario
from algomancy_scenario.persistence.port import MemorySessionStore
from algomancy_scenario.persistence.scenario_record import ScenarioRecord
from algomancy_scenario.scenarioprocessor import ScenarioProcessor
from algomancy_utils import Runtime, use_runtime
from tests.algomancy_scenario.scenario_project import WAIT, Control, algorithms, payload, scenario


def test_processor_runs_scenarios_one_after_another() -> None:
    """Each is told of when it has ended, whatever came of it; one that is complete runs again."""
    ended: list[tuple[str, str]] = []
    processor = ScenarioProcessor(on_processed=lambda each: ended.append((each.id, str(each.status))))
    good, bad = scenario(provided_id="good"), scenario(13, provided_id="bad")
    for each in (good, bad):
        processor.enqueue(each)
    assert processor.wait_for_processing(WAIT)
    processor.enqueue(good)
    assert processor.wait_for_processing(WAIT)
    processor.shutdown()
    assert (good.status, bad.status, processor.currently_processing) == ("complete", "failed", None)
    assert ended[:2] == [("good", "complete"), ("bad", "failed")]
    assert not processor.auto_run_scenarios


def test_processor_tells_what_it_runs_and_can_be_shut_down(control: Control) -> None:
    """The current scenario is known; shut down, the processor runs nothing any more."""
    blocking: Any = algorithms(control)["Blocking"]
    source = DataSource.from_json(payload("data"))
    running = Scenario("one", source, {}, blocking("Blocking", blocking.initialize_parameters()))
    processor = ScenarioProcessor()
    processor.enqueue(running)
    assert control.started.wait(WAIT)
    assert processor.currently_processing is running
    assert not processor.wait_for_processing(0)
    processor.shutdown()
    processor.shutdown()
    late = scenario()
    processor.enqueue(late)
    assert processor.wait_for_processing(0)
    assert processor.currently_processing is None
    assert late.status == "queued"


def test_run_that_is_given_up_while_its_end_is_stored_has_ended() -> None:
    """Storing took longer than other servers wait for a sign of life: the end counts, and the queue goes on."""

    class SlowStore(MemorySessionStore):
        def save_scenario(self, record: ScenarioRecord) -> None:
            if (run := processor.begun) is not None:
                processor.lose(run)

    processor = ScenarioProcessor(store=SlowStore())
    first, second = scenario(provided_id="first"), scenario(provided_id="second")
    for each in (first, second):
        processor.enqueue(each)
    assert processor.wait_for_processing(WAIT)
    processor.shutdown()
    assert (first.status, second.status, processor.elsewhere) == ("complete", "complete", None)


def test_run_is_dated_by_whoever_started_it() -> None:
    """Two queues side by side, each started where another clock is in use: their scenarios are dated by these."""
    moments = [datetime(year, 1, 1, tzinfo=UTC) for year in (2001, 2002)]
    ran = []
    for moment in moments:
        with use_runtime(Runtime(now=partial(datetime.fromtimestamp, moment.timestamp(), UTC))):
            processor, each = ScenarioProcessor(), scenario()
            processor.enqueue(each)
            assert processor.wait_for_processing(WAIT)
            processor.shutdown()
        ran.append(each)
    assert [(each.started_at, each.finished_at) for each in ran] == [(moment, moment) for moment in moments]
