"""SCN: scenarios run, one at a time in a session, and every observer sees the same story."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from algomancy_conformance.clauses import Profile
from algomancy_conformance.outcomes import NotOffered, Untried
from algomancy_conformance.running.context import Run
from algomancy_conformance.running.plugin import clause
from algomancy_conformance.shapes import (
    check_error,
    check_members,
    check_one_winner,
    check_queue,
    check_scenario,
    demand,
    is_number,
    race,
    session_list,
)
from algomancy_conformance.target.client import Api, Session
from algomancy_conformance.target.world import ENDED, UNKNOWN_ID, Algorithm, World

ORDER = ["created", "queued", "processing", "complete", "failed"]


@dataclass
class Story:
    """What an observer saw of one run, from creation to end."""

    scenario_id: str
    statuses: list[dict[str, Any]] = field(default_factory=list)
    processing: list[Any] = field(default_factory=list)


@pytest.fixture(scope="module")
def story(run: Run) -> Story:
    """A slow run, polled all the way."""
    world = run.world
    session = world.with_data()
    began = time.monotonic()
    session.get("scenarios", UNKNOWN_ID, "status")
    session.get("processing")
    pace = time.monotonic() - began  # so long it takes to look once: the run is to be seen several times
    told = Story(world.scenario(session, world.slow(max(1, round(4 * pace)))))
    told.statuses.append(world.status(session, told.scenario_id))
    session.post("scenarios", told.scenario_id, "run")

    def ended() -> bool:
        told.statuses.append(world.status(session, told.scenario_id))
        told.processing.append(session.get("processing").json())
        return told.statuses[-1].get("status") in ENDED

    demand(world.wait(ended, 30), f"the run did not end: {told.statuses[-1]}")
    told.statuses.append(world.status(session, told.scenario_id))
    session.delete()
    return told


def hold(session: Session, world: World, tag: str = "held", seconds: int = 5) -> str:
    """Start a scenario that runs for some seconds and wait until it is processing."""
    scenario = world.scenario(session, world.slow(seconds), tag=tag)
    session.run(scenario)
    processing = world.becomes(session, scenario, "processing")
    demand(processing, "a scenario was run and never became processing")
    return scenario


@clause("SCN-6", operation="run_scenario")
def test_run_is_acknowledged_with_202(stocked: Session, world: World) -> None:
    """A run is answered 202 with the scenario, which is queued or later; an unknown scenario is 404."""
    scenario = world.scenario(stocked)
    answer = stocked.post("scenarios", scenario, "run").expect(202).json()
    check_scenario(answer)
    demand(answer["id"] == scenario, "another scenario is answered")
    demand(answer["status"] in ("queued", "processing", "complete"), f"it is {answer['status']}")
    check_error(stocked.post("scenarios", UNKNOWN_ID, "run").expect(404))
    ended = world.becomes(stocked, scenario, "complete")
    demand(ended, "the acknowledged run never completed")


@clause("SCN-7", operation="run_scenario")
def test_running_scenario_is_not_run_again(busy: Session, world: World) -> None:
    """A scenario that is queued or processing cannot be run: 409."""
    held = hold(busy, world)
    queued = world.scenario(busy)
    busy.run(queued)
    check_error(busy.post("scenarios", held, "run").expect(409))
    check_error(busy.post("scenarios", queued, "run").expect(409))


@clause("SCN-7", operation="run_scenario")
def test_one_of_many_simultaneous_runs_wins(busy: Session, world: World) -> None:
    """Of eight simultaneous runs of one scenario exactly one is answered 202, the rest 409."""
    for _ in range(3):
        scenario = world.scenario(busy, world.slow(5))
        run = partial(busy.post, "scenarios", scenario, "run")
        check_one_winner(race(lambda run=run: run().expect(202, 409).status), "POST …/scenarios/{id}/run", 202)  # type: ignore[misc]


@clause("SCN-7", operation="run_scenario")
def test_ended_scenario_is_reset_before_it_is_run(run: Run, stocked: Session, world: World) -> None:
    """A scenario that is complete or failed cannot be run again: 409; other backends may run it anew with 202."""
    allowed = (409,) if run.options.profile is Profile.REFERENCE else (409, 202)
    complete = world.completed(stocked)["id"]
    stocked.post("scenarios", complete, "run").expect(*allowed)
    failed = world.end_of(stocked, world.scenario(stocked, world.failing))["id"]
    stocked.post("scenarios", failed, "run").expect(*allowed)


@clause("SCN-8", operation="get_scenario_status")
def test_status_has_four_members(stocked: Session, world: World) -> None:
    """The status is exactly id, tag, status and progress; unknown is 404."""
    scenario = world.scenario(stocked, tag="watched")
    before = stocked.get("scenarios", scenario, "status").expect(200).json()
    demand(set(before) == {"id", "tag", "status", "progress"}, f"the members are {sorted(before)}")
    demand((before["id"], before["tag"]) == (scenario, "watched"), "the status is of another scenario")
    demand(is_number(before["progress"]), f"the progress is {before['progress']!r}")
    world.end_of(stocked, scenario)
    after = stocked.get("scenarios", scenario, "status").expect(200).json()
    demand(set(after) == {"id", "tag", "status", "progress"}, f"the members are {sorted(after)}")
    demand(after["status"] == "complete", f"it ended as {after}")
    check_error(stocked.get("scenarios", UNKNOWN_ID, "status").expect(404))


@clause("SCN-8", operation="get_scenario_status")
def test_progress_is_a_percentage(story: Story) -> None:
    """Progress is a number from 0 to 100, and after a second of work one above 1."""
    progress = [s["progress"] for s in story.statuses]
    demand(all(is_number(p) and 0 <= p <= 100 for p in progress), f"the progress is {progress}")
    demand(len(set(progress)) < 3 or max(progress) > 1, f"the progress is a fraction: {progress}")


@clause("SCN-18", operation="get_scenario_status")
def test_progress_never_falls(story: Story) -> None:
    """Within one run progress never falls."""
    progress = [s["progress"] for s in story.statuses]
    demand(progress == sorted(progress), f"the progress falls: {progress}")


@clause("SCN-18", operation="get_scenario_status")
def test_progress_is_100_when_complete(stocked: Session, world: World) -> None:
    """When a scenario is complete its progress is 100."""
    done = world.completed(stocked)
    status = world.status(stocked, done["id"])
    demand(status["progress"] == 100, f"it ended as {status}")


@clause("SCN-9", operation="get_scenario_status")
def test_status_moves_forward_only(story: Story) -> None:
    """A run moves from created over queued and processing to its end, and never back."""
    seen = [s["status"] for s in story.statuses]
    steps = [ORDER.index(s) for s in seen]
    demand(seen[0] == "created", f"a new scenario is {seen[0]}")
    demand(steps == sorted(steps), f"the statuses are {seen}")
    demand("processing" in seen, "a run of a second was never seen processing")
    demand(len(set(seen) & set(ENDED)) == 1, f"the run ended more than once: {seen}")


@clause("SCN-9", operation="get_scenario_status")
def test_ended_scenario_stays_as_it_is(stocked: Session, world: World) -> None:
    """What has ended stays ended while others run."""
    ended = []
    for turn in range(6):
        ended.append(world.completed(stocked))
        for _ in range(turn % 2):  # so that each of two servers is asked to run some, whatever the number of requests
            stocked.get("processing")

    def changed() -> bool:
        return any(stocked.get("scenarios", done["id"]).json() != done for done in ended)

    demand(not world.wait(changed, 0.5), "an ended scenario has changed")


@clause("SCN-10", operation="get_scenario")
def test_complete_scenario_has_result_and_kpis(stocked: Session, world: World) -> None:
    """A complete scenario has a result, which is an object, and a number for every KPI."""
    done = world.completed(stocked)
    check_scenario(done)
    demand(isinstance(done["result"], dict), f"the result is {done['result']!r}")
    values = {name: kpi["value"] for name, kpi in done["kpis"].items()}
    demand(all(is_number(v) for v in values.values()), f"the KPI values are {values}")


@clause("SCN-10", operation="get_scenario")
def test_failed_scenario_says_why(stocked: Session, world: World) -> None:
    """A failed scenario's result is an object with an error message."""
    failed = world.end_of(stocked, world.scenario(stocked, world.failing))
    demand(failed["status"] == "failed", f"the run ended as {failed['status']}")
    result = failed["result"]
    demand(isinstance(result, dict) and set(result) == {"error"}, f"the result is {result}")
    demand(isinstance(result["error"], str) and result["error"], f"the error is {result['error']!r}")
    demand("Traceback" not in result["error"], "the error holds a traceback")


@clause("SCN-11", operation="get_processing")
def test_processing_is_null_in_an_idle_session(stocked: Session, world: World) -> None:
    """While nothing runs, processing is null."""
    demand(stocked.get("processing").expect(200).json() is None, "an idle session processes something")
    world.completed(stocked)
    idle = world.wait(lambda: stocked.get("processing").json() is None, 1)
    demand(idle, "a session whose only run has ended still processes something")


@clause("SCN-11", operation="get_processing")
def test_processing_shows_the_running_scenario(story: Story) -> None:
    """While a scenario runs, processing shows it."""
    shown = [p for p in story.processing if p is not None]
    demand(shown, "a run of a second was never shown")
    for scenario in shown:
        check_scenario(scenario)
        demand(scenario["id"] == story.scenario_id, "another scenario is shown")
        demand(scenario["status"] == "processing", f"a scenario that is {scenario['status']} is shown")


@clause("SCN-16", operation="run_scenario")
def test_queue_is_first_in_first_out(busy: Session, world: World) -> None:
    """Scenarios of a session run one at a time, in the order they were queued."""
    ids = [world.scenario(busy, a, tag=f"{n}") for n, a in enumerate((world.slow(1), world.slow(1), world.fast))]
    busy.run(*ids)

    def all_ended() -> bool:
        listed = {s["id"]: s["status"] for s in busy.get("scenarios").json()}
        check_queue([listed[i] for i in ids])
        return all(listed[i] in ENDED for i in ids)

    demand(world.wait(all_ended, 20), "the queue did not drain")


@clause("SCN-17", operation="delete_scenario")
def test_deleting_a_running_scenario_frees_the_queue(busy: Session, world: World) -> None:
    """Deleting the running scenario stops its run, and the next one starts at once."""
    held = hold(busy, world, seconds=20)
    following = world.scenario(busy, tag="following")
    busy.run(following)
    busy.delete("scenarios", held).expect(204)
    ended = world.becomes(busy, following, "complete", seconds=4)
    demand(ended, "4 seconds after the running scenario was deleted the next one has not completed")
    demand(busy.get("processing").json() is None, "processing is not free")


@clause("SCN-5", operation="delete_scenario")
def test_deleted_queued_scenario_never_runs(busy: Session, world: World) -> None:
    """A scenario deleted while it is queued is unknown at once, and when its turn would have come."""
    held = hold(busy, world, seconds=20)
    queued, following = world.scenario(busy, tag="queued"), world.scenario(busy, tag="following")
    busy.run(queued, following)
    busy.delete("scenarios", queued).expect(204)
    check_error(busy.get("scenarios", queued, "status").expect(404))
    demand([s["id"] for s in busy.get("scenarios").json()] == [held, following], "the deleted scenario is listed")
    busy.delete("scenarios", held).expect(204)
    world.becomes(busy, following, "complete", seconds=4)
    check_error(busy.get("scenarios", queued).expect(404))
    demand([s["id"] for s in busy.get("scenarios").json()] == [following], "the deleted scenario is listed again")


@clause("SES-7", operation="delete_session")
def test_session_is_deleted_while_it_runs(busy: Session, world: World) -> None:
    """A session in which a scenario runs is deleted like any other."""
    held = hold(busy, world)
    demand(busy.id not in session_list(busy.delete().expect(200)), "the deleted session is listed")
    for answer in (busy.get("scenarios", held), busy.get("processing"), busy.get("data")):
        check_error(answer.expect(404))


@clause("SCN-11", "SES-10", operation="get_processing")
def test_processing_is_the_session_s_own(busy: Session, world: World) -> None:
    """What one session processes is not shown by another, which runs its own scenarios meanwhile."""
    held = hold(busy, world)
    other = world.new_session()
    demand(other.get("processing").expect(200).json() is None, "an idle session shows the run of another one")
    demand(busy.get("processing").expect(200).json()["id"] == held, "the running scenario is not shown")


@pytest.fixture
def waiting(stocked: Session, world: World) -> Iterator[tuple[str, str]]:
    """A processing scenario and one queued behind it."""
    held = hold(stocked, world)
    queued = world.scenario(stocked, tag="queued")
    stocked.run(queued)
    yield held, queued
    stocked.delete("scenarios", held)


@clause("SCN-12")
def test_reset_makes_a_scenario_new(stocked: Session, world: World) -> None:
    """A reset is answered 200: created again, without result and KPI values, progress 0, and it can be run."""
    done = world.completed(stocked)
    answer = stocked.post("scenarios", done["id"], "reset").offered("reset")
    for state in (answer.expect(200).json(), stocked.get("scenarios", done["id"]).json()):
        demand(state["status"] == "created" and state["result"] is None, f"it is {state['status']}")
        demand(all(k["value"] is None for k in state["kpis"].values()), "a KPI value is left")
    demand(world.status(stocked, done["id"])["progress"] == 0, "the progress is not 0")
    demand(world.end_of(stocked, done["id"])["status"] == "complete", "it cannot be run again")


@clause("SCN-12")
def test_reset_makes_a_failed_scenario_new(stocked: Session, world: World) -> None:
    """A scenario that has failed is reset like one that is complete."""
    failed = world.end_of(stocked, world.scenario(stocked, world.failing))["id"]
    answer = stocked.post("scenarios", failed, "reset").offered("reset")
    state = answer.expect(200).json()
    demand(state["status"] == "created" and state["result"] is None, f"it is {state['status']}")


@clause("SCN-12")
def test_reset_waits_for_the_end(stocked: Session, waiting: tuple[str, str]) -> None:
    """A reset while queued or processing is answered 409, of an unknown scenario 404."""
    held, queued = waiting
    answer = stocked.post("scenarios", held, "reset").offered("reset")
    check_error(answer.expect(409))
    check_error(stocked.post("scenarios", queued, "reset").expect(409))
    check_error(stocked.post("scenarios", UNKNOWN_ID, "reset").expect(404))


@clause("SCN-13")
def test_cancel_ends_a_run(stocked: Session, world: World, waiting: tuple[str, str]) -> None:
    """A cancel is answered 202; queued or processing, the scenario ends as failed with the error Cancelled."""
    for scenario in reversed(waiting):
        answer = stocked.post("scenarios", scenario, "cancel").offered("cancel")
        answer.expect(202)
        ended = world.becomes(stocked, scenario, "failed", seconds=4)
        demand(ended, "4 seconds after the cancel the scenario is not failed")
        result = stocked.get("scenarios", scenario).json()["result"]
        demand(result == {"error": "Cancelled"}, f"the result is {result}")
    world.completed(stocked)

    def run_after_all() -> bool:
        return any(s["status"] != "failed" for s in stocked.get("scenarios").json() if s["id"] in waiting)

    demand(not world.wait(run_after_all, 0.3), "what was cancelled while it was queued has been run after all")


@clause("SCN-13")
def test_cancel_needs_a_run(stocked: Session, world: World) -> None:
    """A cancel of a scenario that is not queued or processing is answered 409, of an unknown one 404."""
    created = world.scenario(stocked)
    answer = stocked.post("scenarios", created, "cancel").offered("cancel")
    check_error(answer.expect(409))
    check_error(stocked.post("scenarios", world.completed(stocked)["id"], "cancel").expect(409))
    check_error(stocked.post("scenarios", UNKNOWN_ID, "cancel").expect(404))


# Where runs happen: one that dies, or never lets go, harms nobody else.

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
    demand(world.becomes(busy, doomed, "failed", seconds=15), "it has not failed")
    dead = busy.get("scenarios", doomed).expect(200).json()
    demand(isinstance(dead["result"], dict) and dead["result"].get("error"), f"its result is {dead['result']}")
    demand("error" not in dead or dead["error"], "its member error is empty")
    for session, scenario in ((other, beside), (busy, following)):
        ended = world.becomes(session, scenario, "complete", seconds=20)
        demand(ended, "a run beside or behind the one that died has not completed")


def silent_run(run: Run, busy: Session, world: World) -> str:
    """A run under way that never reports its progress.

    Raises:
        NotOffered: No algorithm is known to do so.
        Untried: It was never seen under way.
    """
    if run.options.silent is None:
        raise NotOffered("no algorithm is known to take time and never report progress", "--silent NAME")
    held = world.scenario(busy, Algorithm(run.options.silent))
    busy.run(held)
    if not world.becomes(busy, held, "processing"):
        raise Untried("the silent algorithm was never seen processing")
    return held


@clause("SCN-20", operation="delete_scenario")
def test_run_that_never_reports_stops_when_it_is_deleted(run: Run, busy: Session, world: World) -> None:
    """A deleted run stops within two seconds even if its algorithm never reports progress: the next one runs."""
    held, following = silent_run(run, busy, world), world.scenario(busy, tag="following")
    busy.run(following)
    busy.delete("scenarios", held).expect(204)
    begun = world.becomes(busy, following, "processing", *ENDED, seconds=STOPS_WITHIN + ALLOWANCE)
    demand(begun, "2 seconds after a silent run was deleted the next one has not begun")


@clause("SCN-20", operation="cancel_scenario")
def test_run_that_never_reports_stops_when_it_is_cancelled(run: Run, busy: Session, world: World) -> None:
    """A cancelled run ends within two seconds even if its algorithm never reports progress."""
    held = silent_run(run, busy, world)
    answer = busy.post("scenarios", held, "cancel").offered("cancel")
    answer.expect(202)
    ended = world.becomes(busy, held, "failed", seconds=STOPS_WITHIN + ALLOWANCE)
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
