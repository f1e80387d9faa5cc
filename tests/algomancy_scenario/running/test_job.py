"""What becomes of whatever the user's code does in a run."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import Any

import pytest

from algomancy_scenario import RunCancelled, Scenario, ScenarioManager, SessionManager
from algomancy_scenario.running.control import describe
from tests.algomancy_scenario.scenario_project import SHOWN_AT_ONCE, WAIT, Answer, AnswerKPI, Control, config, payload


def _raise(error: BaseException) -> Any:
    raise error


class _Unwritable(Answer):
    def to_dict(self) -> Any:
        return {"what": object()}


class _Empty(Answer):
    def to_dict(self) -> Any:
        return None


class _Listed(Answer):
    def to_dict(self) -> Any:
        return [self.answer]


class _Broken(Answer):
    def to_dict(self) -> Any:
        raise RuntimeError("No words for it.")


class _Mute(Exception):
    def __str__(self) -> str:
        raise SystemExit


FAILURES = {
    "ValueError": (lambda a: _raise(ValueError("The layout is empty.")), "The layout is empty."),
    "no text": (lambda a: _raise(RuntimeError()), "RuntimeError"),
    "SystemExit": (lambda a: sys.exit(3), "Its code tried to end the server."),
    "KeyboardInterrupt": (lambda a: _raise(KeyboardInterrupt()), "Its code interrupted itself."),
    "MemoryError": (lambda a: _raise(MemoryError()), "There was not enough memory."),
    "KeyError": (lambda a: _raise(KeyError("zone")), "There is no 'zone'."),
    "file": (
        lambda a: _raise(FileNotFoundError(errno.ENOENT, "No such file or directory", "/secret/place/x.csv")),
        "No such file or directory: x.csv",
    ),
    "file without words": (lambda a: _raise(OSError(errno.EIO, 7)), "7"),
    "exception without words": (lambda a: _raise(_Mute()), "_Mute"),
    "key without words": (lambda a: _raise(KeyError(_Mute())), "KeyError"),
    "own cancellation": (lambda a: _raise(RunCancelled()), "The algorithm cancelled itself."),
    "no result": (lambda a: None, "Algorithm 'Acting' returned no result."),
    "another kind of result": (lambda a: {"answer": 1}, "Algorithm 'Acting' returned no result."),
    "result that is no JSON": (lambda a: _Unwritable("x"), "The result cannot be written as JSON"),
    "result without content": (lambda a: _Empty("x"), "The result has no content."),
    "result that is a list": (lambda a: _Listed("x"), "The result is no object: its to_dict() must return a dict."),
    "to_dict that raises": (lambda a: _Broken("x"), "No words for it."),
    "KPI that raises": (lambda a: Answer("x", "many"), "KPI 'The answer' gave no number."),
    "KPI that is not finite": (lambda a: Answer("x", float("nan")), "KPI 'The answer' gave nan"),
    "progress that is no number": (lambda a: a.set_progress("half"), "could not convert string to float"),
}


@pytest.mark.parametrize(("action", "message"), FAILURES.values(), ids=FAILURES)
def test_failing_run_fails_its_scenario_alone(
    action: Callable[[Any], Any],
    message: str,
    run_to_end: Callable[..., Scenario[Any]],
    control: Control,
) -> None:
    """Whatever the user's code raises or returns, the scenario fails with words, and the next one runs."""
    control.action = action
    content = run_to_end("Acting").to_dict()
    assert content["status"] == "failed"
    assert message in content["result"]["error"]
    assert content["result"] == {"error": content["error"]}
    assert content["kpis"]["Answer"]["value"] is None
    assert "Traceback" not in content["error"]
    assert "/" not in content["error"]
    assert run_to_end("Instant", "after").status == "complete"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_child_of_a_run_does_not_go_on_as_a_server(run_to_end: Callable[..., Scenario[Any]], control: Control) -> None:
    """A forked child that leaves the algorithm, by returning or raising, ends there and stores nothing."""

    def fork(_algorithm: Any) -> Answer:
        actions: list[Callable[[], Answer]] = [lambda: Answer("child"), sys.exit]
        for action in actions:
            if (child := os.fork()) == 0:
                return action()
            os.waitpid(child, 0)
        return Answer("parent")

    control.action = fork
    assert run_to_end("Acting").result.data_id == "parent"


def test_failing_run_logs_its_traceback(
    run_to_end: Callable[..., Scenario[Any]], control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    """The traceback, which no client sees, is in the log."""
    control.action = lambda a: _raise(ValueError("The layout is empty."))
    run_to_end("Acting")
    assert "Traceback" in caplog.text
    assert "in _raise" in caplog.text


@SHOWN_AT_ONCE
def test_progress_of_a_run_never_falls_and_keeps_its_bounds(
    run_to_end: Callable[..., Scenario[Any]], manager: ScenarioManager, control: Control
) -> None:
    """Reported values are clamped to 0–100; lower ones and `nan` are ignored; complete means 100."""
    seen: list[float] = []

    def report(algorithm: Any) -> Answer:
        for value in (-5, 10, 5, float("nan"), 30, 500, 20):
            algorithm.set_progress(value)
            running = manager.currently_processing
            seen.append(-1 if running is None else running.progress)
        return Answer("x")

    control.action = report
    assert run_to_end("Acting").progress == 100
    assert seen == [0, 10, 10, 10, 30, 100, 100]


def test_kpis_of_a_run_are_its_own(control: Control) -> None:
    """Every run computes on KPI instances of its own; a KPI may raise any kind of exception."""
    made: list[AnswerKPI] = []

    class CountedKPI(AnswerKPI):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

        def compute(self, result: Any) -> float:
            if result.answer == 13:
                sys.exit("superstition")
            return float(result.answer)

    sessions = SessionManager.from_config(config(control, kpis={"Answer": CountedKPI}))
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    scenarios = [manager.create_scenario(str(n), "data", "Labelled", {"label": n}) for n in (12, 13, 14)]
    for scenario in scenarios:
        manager.process_scenario_async(scenario)
    assert manager.wait_for_processing(WAIT)
    assert [scenario.status for scenario in scenarios] == ["complete", "failed", "complete"]
    assert scenarios[1].error == "KPI 'Answer' cannot be computed: Its code tried to end the server."
    assert len({id(kpi) for kpi in made}) == len(made)
    assert [scenarios[0].kpis["Answer"].value, scenarios[2].kpis["Answer"].value] == [12, 14]
    sessions.close()


def test_parameters_of_a_run_are_its_own(run_to_end: Callable[..., Scenario[Any]]) -> None:
    """An algorithm that changes its parameters changes nothing the scenario shows."""
    scenario = run_to_end("Labelled", label=8)
    assert scenario.to_dict()["algorithm"]["parameters"] == {"label": 8, "colour": "red"}
    assert scenario.algo_params["label"] == 8


def test_long_message_is_cut() -> None:
    """A message of a megabyte does not reach the client."""
    assert len(describe(ValueError("x" * 10**6))) == 2001


def test_message_can_be_sent_as_utf_8() -> None:
    """Half of a surrogate pair is no character; it is replaced."""
    assert describe(ValueError("half \ud800")) == "half ?"


def test_exception_that_cannot_be_put_into_words_gives_its_name() -> None:
    """An exception whose `str` raises is called by its name."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert describe(Mute()) == "Mute"
