"""SCN: scenarios are created, listed, read and deleted. Their runs are in test_runs.py."""

from __future__ import annotations

from typing import Any

import pytest

from algomancy_conformance.messages import Json
from algomancy_conformance.outcomes import NotOffered
from algomancy_conformance.running.plugin import clause
from algomancy_conformance.shapes import (
    RACES,
    check_empty,
    check_error,
    check_no_sentinel,
    check_one_winner,
    check_parameters,
    check_scenario,
    check_survived,
    check_unknown,
    demand,
    race,
)
from algomancy_conformance.target.client import Session
from algomancy_conformance.target.world import ENDED, UNKNOWN_ID, World

TAG = "Größe 1/2, Gro\N{COMBINING DIAERESIS}ße 仓库 👩‍🚀"
BAD_TAGS = {
    "blank": "  ",
    "a tabulator": "a\tb",
    "NUL": "a\x00b",
    "DEL": "a\x7fb",
    "256 characters": "t" * 256,
}


def body_of(session: Session, world: World, **more: Json) -> dict[str, Any]:
    """The body that creates a scenario with the fast algorithm."""
    return {"tag": "t", "dataset_key": session.key, "algo_name": world.fast.name, **more}


@clause("SCN-1", operation="list_scenarios")
def test_scenarios_are_listed_in_creation_order(stocked: Session, world: World) -> None:
    """The list is an array of whole scenario objects in the order they were created."""
    demand(stocked.get("scenarios").expect(200).json() == [], "a new session lists scenarios")
    tags = ["zeta", "alpha", "mid", "Beta"]
    for tag in tags:
        world.scenario(stocked, tag=tag)
    world.end_of(stocked, stocked.get("scenarios").json()[2]["id"])
    listed = stocked.get("scenarios").expect(200).json()
    for scenario in listed:
        check_scenario(scenario)
    demand([s["tag"] for s in listed] == tags, f"the order is {[s['tag'] for s in listed]}")
    for scenario in listed:
        demand(stocked.get("scenarios", scenario["id"]).json() == scenario, "the list and the single one differ")


@clause("SCN-1", "GEN-5", operation="list_scenarios")
def test_list_holds_the_result_of_every_algorithm(stocked: Session, world: World) -> None:
    """Whatever an algorithm's result is, the list that holds it is answered, and so is every other route."""
    ids = [world.scenario(stocked, world.shortest(name), tag=name) for name in world.algorithms]
    for scenario in ids:
        stocked.post("scenarios", scenario, "run")
    world.becomes(stocked, ids[-1], *ENDED, seconds=10)
    listed = check_survived(stocked.get("scenarios"), "with a result of every algorithm").expect(200).json()
    demand([s["id"] for s in listed] == ids, "the list lacks a scenario")
    for scenario in ids:
        check_scenario(check_survived(stocked.get("scenarios", scenario)).expect(200).json())


@clause("SCN-1", operation="list_scenarios")
def test_summary_view_leaves_out_results(stocked: Session, world: World) -> None:
    """`?view=summary` lists the same scenarios in the same order, without their results."""
    world.completed(stocked, tag="one")
    world.scenario(stocked, tag="another")
    listed = stocked.api.get(f"{stocked.path}/scenarios?view=summary").expect(200).json()
    demand([s["tag"] for s in listed] == ["one", "another"], "the summary does not list the same scenarios in order")
    if listed[0].get("result") is not None:
        raise NotOffered("?view=summary is not there")
    demand("result" not in listed[0], "the summary has a result member")


@clause("SCN-2", operation="create_scenario")
@pytest.mark.parametrize(
    "params", [{}, {"algo_params": None, "data_params": None}, {"algo_params": {}}], ids=["omitted", "null", "empty"]
)
def test_new_scenario_is_created_without_a_result(stocked: Session, world: World, params: dict[str, Any]) -> None:
    """A creation is answered 201 with the scenario; omitted, null and empty parameters mean the defaults."""
    made = stocked.post("scenarios", json=body_of(stocked, world, tag=TAG, **params)).expect(201).json()
    check_scenario(made)
    check_parameters(made, world.options.profile)
    demand(made["status"] in ("created", "queued", "processing", "complete"), f"it is {made['status']}")
    demand(made["status"] != "created" or made["result"] is None, "a created scenario has a result")
    demand(made["tag"] == TAG, f"its tag is {made['tag']!r}")
    dataset = stocked.get("data", stocked.key).json()["metadata"]["id"]
    demand(made["input_data_id"] == dataset, "its input_data_id is not the dataset's id")
    demand(made.get("input_data_key", stocked.key) == stocked.key, "its input_data_key is not the dataset's key")
    demand(stocked.get("scenarios", made["id"]).expect(200).json()["tag"] == made["tag"], "it cannot be read back")


@clause("SCN-2", operation="create_scenario")
def test_default_parameters_are_the_described_ones(stocked: Session, world: World) -> None:
    """Without parameters a scenario runs with the described values."""
    algorithm = world.slow(1)
    described = {p["name"]: p["value"] for p in world.algorithms[algorithm.name]}
    bare = stocked.post("scenarios", json=body_of(stocked, world, algo_name=algorithm.name)).expect(201).json()
    spelled = body_of(stocked, world, tag="u", algo_name=algorithm.name, algo_params=described)
    made = stocked.post("scenarios", json=spelled).expect(201).json()
    demand(bare["algorithm"] == made["algorithm"], "the defaults differ from the described values")


@clause("SCN-14", operation="get_scenario")
def test_kpi_values_are_null_before_a_run(stocked: Session, world: World) -> None:
    """Before a run every KPI value is null, never a sentinel."""
    made = stocked.get("scenarios", world.scenario(stocked)).json()
    check_no_sentinel(made, "before a run")


@clause("SCN-14", operation="get_scenario")
def test_kpi_values_are_null_after_a_failed_run(stocked: Session, world: World) -> None:
    """After a failed run every KPI value is null, never a sentinel."""
    failed = world.end_of(stocked, world.scenario(stocked, world.failing))
    demand(failed["status"] == "failed", f"the run ended as {failed['status']}")
    check_no_sentinel(failed, "after a failed run")


@clause("SCN-3", operation="create_scenario")
def test_creation_with_unknown_names_is_404(stocked: Session, world: World) -> None:
    """An unknown algorithm or dataset is answered 404, and nothing is created."""
    for more in ({"algo_name": "no such algorithm"}, {"dataset_key": "no such dataset"}):
        check_error(stocked.post("scenarios", json=body_of(stocked, world, **more)).expect(404))
    demand(stocked.get("scenarios").json() == [], "a refused scenario is listed")


@clause("SCN-3", operation="create_scenario")
def test_taken_tag_is_409(stocked: Session, world: World) -> None:
    """A tag that is used in this session is answered 409; tags differ by case."""
    world.scenario(stocked, tag="Tag")
    check_error(stocked.post("scenarios", json=body_of(stocked, world, tag="Tag")).expect(409))
    stocked.post("scenarios", json=body_of(stocked, world, tag="tag")).expect(201)
    demand(len(stocked.get("scenarios").json()) == 2, "the refused scenario is listed")


@clause("SCN-3", operation="create_scenario")
@pytest.mark.parametrize("field", ["tag", "dataset_key", "algo_name"])
def test_missing_or_empty_field_is_422(stocked: Session, world: World, field: str) -> None:
    """A required field that is missing or empty is answered 422."""
    body = body_of(stocked, world)
    check_error(stocked.post("scenarios", json={**body, field: ""}).expect(422))
    check_error(stocked.post("scenarios", json={k: v for k, v in body.items() if k != field}).expect(422))


@clause("SCN-3", operation="create_scenario")
def test_bad_parameter_is_400(stocked: Session, world: World) -> None:
    """A bad parameter is answered 400; the tag stays free."""
    bad = body_of(stocked, world, algo_params={"no such parameter": 1})
    check_error(stocked.post("scenarios", json=bad).expect(400))
    stocked.post("scenarios", json=body_of(stocked, world)).expect(201)


@clause("SCN-15", operation="create_scenario")
@pytest.mark.parametrize("kind", BAD_TAGS, ids=str)
def test_bad_tag_is_422(stocked: Session, world: World, kind: str) -> None:
    """A blank tag, control characters and more than 255 characters are answered 422."""
    check_error(stocked.post("scenarios", json=body_of(stocked, world, tag=BAD_TAGS[kind])).expect(422))


@clause("SCN-15", operation="create_scenario")
def test_tag_of_255_characters_is_accepted(stocked: Session, world: World) -> None:
    """A tag of just 255 characters is accepted, characters being counted and not bytes."""
    stocked.post("scenarios", json=body_of(stocked, world, tag="ü" * 255)).expect(201)


@clause("SCN-4", operation="create_scenario")
def test_one_of_many_simultaneous_creations_wins(stocked: Session, world: World) -> None:
    """Of eight simultaneous creations with one tag exactly one is answered 201, the rest 409."""
    for attempt in range(RACES):
        body = body_of(stocked, world, tag=f"race {attempt}")
        statuses = race(lambda body=body: stocked.post("scenarios", json=body).status)  # type: ignore[misc]
        check_one_winner(statuses, "POST …/scenarios")
        tags = [s["tag"] for s in stocked.get("scenarios").json()]
        demand(tags.count(f"race {attempt}") == 1, f"the tag is listed {tags.count(f'race {attempt}')} times")


@clause("SCN-5", operation="get_scenario")
def test_scenario_is_read_by_its_id(stocked: Session, world: World) -> None:
    """A scenario answers under its id, and an unknown id is 404."""
    made = world.create(stocked, world.fast)
    found = stocked.get("scenarios", str(made["id"])).expect(200).json()
    check_scenario(found)
    demand(found["id"] == made["id"] and found["tag"] == made["tag"], "another scenario is found")
    for unknown in (UNKNOWN_ID, "no uuid at all", made["tag"] + "x"):
        check_error(stocked.get("scenarios", unknown).expect(404))


@clause("SCN-5", operation="delete_scenario")
@pytest.mark.parametrize("state", ["created", "complete", "processing"])
def test_deleted_scenario_is_gone(busy: Session, world: World, state: str) -> None:
    """A deletion is answered 204 without a body; then the scenario is 404 everywhere and its tag is free."""
    algorithm = world.slow(2) if state == "processing" else world.fast
    scenario = world.scenario(busy, algorithm, tag="doomed")
    if state == "complete":
        world.end_of(busy, scenario)
    if state == "processing":
        busy.run(scenario)
        world.becomes(busy, scenario, "processing")
    check_empty(busy.delete("scenarios", scenario).expect(204))
    check_unknown(busy, scenario)
    again = busy.post("scenarios", json=body_of(busy, world, tag="doomed")).expect(201).json()
    demand(again["id"] != scenario, "the id of the deleted scenario came back")
    demand([s["id"] for s in busy.get("scenarios").json()] == [again["id"]], "the deleted scenario is listed")


@clause("SCN-5", operation="delete_scenario")
def test_deleted_scenario_never_reappears(busy: Session, world: World) -> None:
    """A scenario deleted while it ran is still unknown when its run would have ended."""
    doomed = world.scenario(busy, world.slow(1))
    busy.run(doomed)
    world.becomes(busy, doomed, "processing")
    busy.delete("scenarios", doomed).expect(204)
    marker = world.scenario(busy, world.slow(1))
    ended = world.end_of(busy, marker).get("status") in ENDED
    demand(ended, "a run of a second that was begun after the deletion has not ended after 20 seconds")
    check_error(busy.get("scenarios", doomed).expect(404))
    demand(doomed not in [s["id"] for s in busy.get("scenarios").json()], "the deleted scenario is listed again")
