"""Runs go as they are told to, and otherwise as their algorithms do."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import pytest

from algomancy_api.sandbox.clock import WorldClock
from algomancy_api.sandbox.fixture import RunOutcome, RunScript
from algomancy_api.sandbox.fixtures import SEEDED_START
from algomancy_api.sandbox.runs import WorldRuns

CURVE = {"duration": 30, "progress": [[0, 0], [10, 55], [30, 100]]}


def test_run_has_the_life_of_its_script(world: Any) -> None:
    """It is processing from the moment it is run; its progress is that of the curve at each time; it ends on time."""
    scenario = world.scenario()
    world.steer("PUT", "/runs/mine", **CURVE, kpis={"Travel distance": 12.5}, result={"plan": [1, 2]})
    assert world.run(scenario)["status"] == "processing"
    seen = [world.status(scenario)]
    for seconds in (5, 5, 10, 9.9, 0.1):
        world.advance(seconds)
        seen.append(world.status(scenario))
    assert [(status, round(progress, 3)) for status, progress in seen] == [
        ("processing", 0),
        ("processing", 27.5),
        ("processing", 55),
        ("processing", 77.5),
        ("processing", 99.775),
        ("complete", 100),
    ]
    ended = world.api("GET", scenario).json()
    assert (ended["started_at"], ended["finished_at"]) == ("2026-01-05T08:00:00Z", "2026-01-05T08:00:30Z")
    assert ended["kpis"]["Travel distance"]["value"] == 12.5
    assert ended["result"] == {"plan": [1, 2]}


def test_run_fails_as_its_script_says(world: Any) -> None:
    """It ends when its progress is that of `fail_at`, with the sentence given."""
    scenario = world.scenario()
    world.steer("PUT", "/runs/mine", **CURVE, outcome="fail", error="No truck is free.", fail_at=77.5)
    world.run(scenario)
    world.advance(19)
    assert world.status(scenario)[0] == "processing"
    world.advance(1)
    ended = world.api("GET", scenario).json()
    assert (ended["status"], ended["progress"], ended["error"]) == ("failed", 77.5, "No truck is free.")
    assert ended["result"] == {"error": "No truck is free."}
    assert {kpi["value"] for kpi in ended["kpis"].values()} == {None}


def test_script_leaves_to_the_algorithm_what_it_does_not_say(world: Any) -> None:
    """Result and KPIs are the algorithm's, but for the KPI that is given; the progress is the script's alone."""
    plain, scripted = world.scenario("plain"), world.scenario("scripted")
    world.steer("PUT", "/runs/scripted", duration=5, kpis={"Worst walk": 1})
    for scenario in (plain, scripted):
        world.run(scenario)
    world.advance(0)
    assert (world.status(plain), world.status(scripted)) == (("complete", 100), ("processing", 0))
    world.advance(5)
    one, other = (world.api("GET", scenario).json() for scenario in (plain, scripted))
    assert one["result"]["layout"] == other["result"]["layout"]
    assert one["kpis"]["Travel distance"] == other["kpis"]["Travel distance"]
    assert (one["kpis"]["Worst walk"]["value"], other["kpis"]["Worst walk"]["value"]) == (23, 1)
    assert other["kpis"]["Worst walk"]["threshold"] == 40
    assert other["result"]["completed_at"] == other["finished_at"] == "2026-01-05T08:00:05Z"


def test_failing_algorithm_fails_under_a_script_too(world: Any) -> None:
    """A script that takes its result from an algorithm cannot get one where there is none."""
    scenario = world.scenario(algorithm="Failing")
    world.steer("PUT", "/runs/mine", duration=2)
    world.run(scenario)
    world.advance(2)
    assert world.api("GET", scenario).json()["error"] == "This algorithm was asked to raise a ValueError."


def test_runs_follow_one_another_at_their_times(world: Any) -> None:
    """One advance lets each of a queue begin when the one before it has ended; the last one is under way."""
    world.steer("PUT", "/runs/plan *", duration=10, kpis={}, result={})
    scenarios = [world.scenario(f"plan {number}") for number in range(4)]
    assert [world.run(each)["status"] for each in scenarios] == ["processing", "queued", "queued", "queued"]
    world.advance(35)
    listed = world.api("GET", "/sessions/main/scenarios").json()[-4:]
    assert [(each["status"], each["progress"], each["started_at"][17:]) for each in listed] == [
        ("complete", 100, "00Z"),
        ("complete", 100, "10Z"),
        ("complete", 100, "20Z"),
        ("processing", 50, "30Z"),
    ]
    assert world.api("GET", "/sessions/main/processing").json()["tag"] == "plan 3"


def test_run_without_script_works_when_the_clock_is_advanced(world: Any) -> None:
    """Nothing moves until told; the advance returns when the algorithm has ended."""
    scenario = world.scenario()
    world.run(scenario)
    assert world.status(scenario) == ("processing", 0)
    world.advance(0)
    assert world.status(scenario) == ("complete", 100)


@pytest.mark.parametrize("clock", [{"mode": "manual"}, {"mode": "real"}], ids=["manual", "real"])
def test_run_under_way_can_be_scripted(make_world: Callable[..., Any], clock: dict[str, str]) -> None:
    """A script takes a run over from its algorithm, be that at work or not yet, and another script from the first."""
    world = make_world(clock=clock)
    body = {"tag": "mine", "dataset_key": "Master data", "algo_name": "Slow", "algo_params": {"duration": 60}}
    scenario = f"/sessions/main/scenarios/{world.api('POST', '/sessions/main/scenarios', body).json()['id']}"
    world.run(scenario)
    world.steer("PUT", f"/runs/{scenario.rpartition('/')[2]}", duration=86_400, progress=[[0, 42], [86_400, 42]])
    world.steer("PUT", "/clock", mode="manual")
    world.advance(1)
    assert world.status(scenario) == ("processing", 42)
    world.steer("PUT", f"/runs/{scenario.rpartition('/')[2]}", duration=0, outcome="fail", error="Taken over.")
    world.advance(0)
    assert world.api("GET", scenario).json()["error"] == "Taken over."


def test_script_of_an_id_goes_before_a_tags_and_that_before_a_pattern(world: Any) -> None:
    """Of patterns that fit the last one given counts; without a script a run is its algorithm's again."""
    scenario = world.scenario("plan a/b")
    for number, name in enumerate(("plan*", "p*", "plan a/b", scenario.rpartition("/")[2])):
        world.steer("PUT", f"/runs/{name}", duration=5, outcome="fail", error=str(number))
    assert [each["scenario"] for each in world.steer("GET", "/runs")["runs"]][:2] == ["plan*", "p*"]
    told = []
    for name in (scenario.rpartition("/")[2], "plan a/b", "p*", "plan*"):
        world.run(scenario)
        world.advance(5)
        told.append(world.api("GET", scenario).json()["error"])
        world.api("POST", f"{scenario}/reset")
        world.steer("DELETE", f"/runs/{name}")
    assert told == ["3", "2", "1", "0"]
    world.run(scenario)
    world.advance(0)
    assert world.status(scenario) == ("complete", 100)


def test_scripted_run_can_be_cancelled_or_deleted(world: Any) -> None:
    """The next one begins at once, and the clock goes on."""
    world.steer("PUT", "/runs/*", duration=10, kpis={}, result={})
    one, two, three = (world.scenario(tag) for tag in ("one", "two", "three"))
    for each in (one, two, three):
        world.run(each)
    world.api("POST", f"{one}/cancel")
    assert (world.status(one)[0], world.status(two)[0]) == ("failed", "processing")
    assert world.api("DELETE", two).status_code == 204
    assert world.status(three) == ("processing", 0)
    world.advance(10)
    assert world.status(three) == ("complete", 100)


def test_clock_that_runs_fast_ends_a_long_run_soon(make_world: Callable[..., Any]) -> None:
    """At 100,000 times the speed a run of a day is over within a second."""
    world = make_world(clock={"mode": "scaled", "factor": 100_000})
    world.steer("PUT", "/runs/mine", duration=86_400, kpis={}, result={})
    scenario = world.scenario()
    world.run(scenario)
    while world.status(scenario)[0] != "complete":
        pass
    assert world.status(scenario) == ("complete", 100)
    assert world.steer("GET", "/clock")["factor"] == 100_000


class ToldWork:
    """A run whose algorithm only notes what it is told."""

    heard = True
    done = begun = stopped = False

    def __init__(self) -> None:
        self.told: list[float] = []
        self.wake: Callable[[], None] = lambda: None

    def begin(self) -> None:
        """Nothing is at work."""

    def tell(self, progress: float) -> None:
        self.told.append(progress)


def test_progress_of_the_algorithm_does_not_count_under_a_script() -> None:
    """Both may be at work at the same time; how far the run is, the script says alone."""
    runs, work = WorldRuns(WorldClock(SEEDED_START, 1), seed=1), ToldWork()
    runs.put_script("x", RunScript(duration=0, outcome=RunOutcome.FAIL, error="As told."))
    ended: SimpleQueue[Any] = SimpleQueue()
    runs.submit(lambda: ended.put(runs.play("id", "x", work)))
    assert ended.get(timeout=20) == {"error": "As told."}
    assert (work.heard, work.told) == (False, [100])
