"""The general clauses once more, over every answer any check of this run was given. Runs last."""

from __future__ import annotations

from algomancy_conformance.outcomes import Untried
from algomancy_conformance.running.context import Run
from algomancy_conformance.running.marks import clause
from algomancy_conformance.shapes import demand

FEWEST_ANSWERS = 20


def need_answers(run: Run) -> None:
    """A verdict on the whole run wants a run."""
    if run.watcher.answers < FEWEST_ANSWERS:
        raise Untried("this run has seen too few answers to judge them all")


@clause("GEN-1", read_only=True, whole_run=True)
def test_every_error_of_the_run_was_one_detail_string(run: Run) -> None:
    """Every error of the whole run had the one shape."""
    need_answers(run)
    demand(not run.watcher.bad_errors, "\n".join(run.watcher.bad_errors))


@clause("GEN-2", read_only=True, whole_run=True)
def test_every_body_of_the_run_was_strict_json(run: Run) -> None:
    """Every body of the whole run was strict JSON."""
    need_answers(run)
    demand(not run.watcher.bad_bodies, "\n".join(run.watcher.bad_bodies))


@clause("GEN-5", read_only=True, whole_run=True)
def test_no_request_of_the_run_was_a_server_error(run: Run) -> None:
    """No request of the whole run was answered with a 5xx, but for the algorithm that crashes on purpose."""
    need_answers(run)
    demand(not run.watcher.server_errors, "\n".join(run.watcher.server_errors))


@clause("ERR-5", read_only=True, whole_run=True)
def test_every_server_error_of_the_run_was_the_fixed_message(run: Run) -> None:
    """Whatever 5xx the whole run met carried the fixed message and no traceback."""
    need_answers(run)
    demand(not run.watcher.strange_server_errors, "\n".join(run.watcher.strange_server_errors))
