"""SCN: where runs happen. One that dies, or never lets go, harms nobody else."""

from __future__ import annotations

from algomancy_conformance.outcomes import NotOffered, Untried
from algomancy_conformance.running.context import Run
from algomancy_conformance.running.marks import clause
from algomancy_conformance.shapes import check_members, demand, is_number
from algomancy_conformance.target.client import Api, Session
from algomancy_conformance.target.world import Algorithm, World

STOPS_WITHIN = 2.0
ALLOWANCE = 1.0
"""What a busy machine may add before a check speaks of it."""


@clause("SCN-19", operation="run_scenario")
def test_run_whose_process_dies_fails_alone(run: Run, busy: Session, world: World) -> None:
    """A run whose process dies ends as failed with a sentence; other sessions and runs go on."""
    if run.options.crashing_native is None:
        raise NotOffered("no algorithm is known to kill the process it runs in", "--crashing-native NAME")
    other = world.with_data()
    beside = world.scenario(other, world.slow(2))
    other.run(beside)
    doomed = world.scenario(busy, Algorithm(run.options.crashing_native))
    following = world.scenario(busy, tag="following")
    busy.run(doomed, following)
    demand(world.wait(lambda: world.status(busy, doomed).get("status") == "failed", 15), "it has not failed")
    dead = busy.get("scenarios", doomed).expect(200).json()
    demand(isinstance(dead["result"], dict) and dead["result"].get("error"), f"its result is {dead['result']}")
    demand("error" not in dead or dead["error"], "its member error is empty")
    for session, scenario in ((other, beside), (busy, following)):
        ended = world.wait(lambda s=session, i=scenario: world.status(s, i).get("status") == "complete", 20)  # type: ignore[misc]
        demand(ended, "a run beside or behind the one that died has not completed")


@clause("SCN-20", operation="delete_scenario")
def test_run_that_never_reports_stops_when_it_is_deleted(run: Run, busy: Session, world: World) -> None:
    """A deleted run stops within two seconds even if its algorithm never reports progress: the next one runs."""
    if run.options.silent is None:
        raise NotOffered("no algorithm is known to take time and never report progress", "--silent NAME")
    held = world.scenario(busy, Algorithm(run.options.silent))
    following = world.scenario(busy, tag="following")
    busy.run(held, following)
    if not world.wait(lambda: world.status(busy, held).get("status") == "processing"):
        raise Untried("the silent algorithm was never seen processing")
    busy.delete("scenarios", held).expect(204)
    begun = world.wait(lambda: world.status(busy, following).get("status") != "queued", STOPS_WITHIN + ALLOWANCE)
    demand(begun, "2 seconds after a silent run was deleted the next one has not begun")


@clause("SCN-20", operation="cancel_scenario")
def test_run_that_never_reports_stops_when_it_is_cancelled(run: Run, busy: Session, world: World) -> None:
    """A cancelled run ends within two seconds even if its algorithm never reports progress."""
    if run.options.silent is None:
        raise NotOffered("no algorithm is known to take time and never report progress", "--silent NAME")
    held = world.scenario(busy, Algorithm(run.options.silent))
    busy.run(held)
    if not world.wait(lambda: world.status(busy, held).get("status") == "processing"):
        raise Untried("the silent algorithm was never seen processing")
    answer = busy.post("scenarios", held, "cancel").offered("cancel")
    answer.expect(202)
    ended = world.wait(lambda: world.status(busy, held).get("status") == "failed", STOPS_WITHIN + ALLOWANCE)
    demand(ended, "2 seconds after a silent run was cancelled it has not ended")


@clause("SCN-21", read_only=True)
def test_runs_are_counted(api: Api) -> None:
    """The executor says what it is, how many workers it has, and how many runs are running and queued."""
    answer = api.get("/runs").offered("GET {p}/runs")
    body = answer.expect(200).json()
    check_members(body, ("executor", "workers", "running", "queued"), "the answer")
    demand(isinstance(body["executor"], str), f"the executor is {body['executor']!r}")
    for member in ("workers", "running", "queued"):
        demand(is_number(body[member]) and body[member] == int(body[member]) >= 0, f"{member} is {body[member]!r}")
