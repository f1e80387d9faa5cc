"""The general clauses once more, over every answer any check of this run was given. Runs last."""

from __future__ import annotations

from algomancy_conformance.outcomes import Untried
from algomancy_conformance.running.context import Run
from algomancy_conformance.running.marks import clause

FEWEST_ANSWERS = 20


def judge(run: Run, *clauses: str) -> None:
    """Raise what the run has shown against these clauses."""
    found = run.watcher.failures(*clauses)
    if found:
        raise ExceptionGroup("seen in the run", found)
    if run.watcher.answers < FEWEST_ANSWERS:
        raise Untried("this run has seen too few answers to judge them all")


@clause("GEN-1", read_only=True, whole_run=True)
def test_every_error_of_the_run_was_one_detail_string(run: Run) -> None:
    """Every error of the whole run had the one shape."""
    judge(run, "GEN-1")


@clause("GEN-2", read_only=True, whole_run=True)
def test_every_body_of_the_run_was_strict_json(run: Run) -> None:
    """Every body of the whole run was strict JSON."""
    judge(run, "GEN-2")


@clause("GEN-5", read_only=True, whole_run=True)
def test_no_request_of_the_run_was_a_server_error(run: Run) -> None:
    """No request of the whole run was answered with a 5xx, but for the algorithm that crashes on purpose."""
    judge(run, "GEN-5")


@clause("ERR-5", read_only=True, whole_run=True)
def test_every_server_error_of_the_run_was_the_fixed_message(run: Run) -> None:
    """Whatever 5xx the whole run met carried the fixed message and no traceback."""
    judge(run, "ERR-5")


@clause("GEN-9", "DAT-6", read_only=True, whole_run=True)
def test_no_answer_of_the_run_contradicted_another(run: Run) -> None:
    """What was acknowledged in the whole run was found, listed and the same until it was deleted."""
    judge(run, "GEN-9", "DAT-6")


@clause("SCN-9", read_only=True, whole_run=True)
def test_every_status_of_the_run_was_one_of_the_five(run: Run) -> None:
    """Every status of the whole run was created, queued, processing, complete or failed."""
    judge(run, "SCN-9")
