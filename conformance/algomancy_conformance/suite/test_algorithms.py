"""ALG and KPI: what the target can compute, and with which parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from algomancy_conformance.outcomes import Untried
from algomancy_conformance.running.plugin import clause
from algomancy_conformance.shapes import check_descriptor, check_error, demand
from algomancy_conformance.target.client import Api, Session, path_of
from algomancy_conformance.target.world import World


@clause("ALG-1", operation="list_algorithms", read_only=True)
def test_algorithms_are_a_list_of_names(api: Api, world: World) -> None:
    """The algorithms are listed by name, none twice; there may be none at all."""
    body = api.get(path_of("sessions", world.reading_session, "algorithms")).expect(200).json()
    names = body.get("algorithms")
    demand(isinstance(names, list) and all(isinstance(n, str) and n for n in names), f"the list is {body}")
    demand(len(set(names)) == len(names), f"the list names one twice: {names}")


@clause("ALG-2", operation="get_algorithm_parameters", read_only=True)
def test_parameters_are_described_per_algorithm(api: Api, world: World) -> None:
    """Each algorithm answers with the name of a parameter set and its parameters; an unknown one with 404."""
    path = path_of("sessions", world.reading_session, "algorithms")
    for name in world.algorithms:
        body = api.get(path + path_of(name, "parameters")).expect(200).json()
        demand(isinstance(body.get("name"), str) and body["name"], f"the parameters of {name!r} carry no name: {body}")
        demand(isinstance(body.get("parameters"), list), f"the parameters of {name!r} are no array")
    first = next(iter(world.algorithms))
    for unknown in {"no such algorithm", f"{first} ", first.swapcase()} - set(world.algorithms):
        check_error(api.get(path + path_of(unknown, "parameters")).expect(404))


@clause("ALG-3", operation="get_algorithm_parameters", read_only=True)
def test_descriptors_have_the_members_of_their_type(api: Api, world: World) -> None:
    """A descriptor has name, type, required and value, and what its type adds; times are ISO 8601."""
    path = path_of("sessions", world.reading_session, "algorithms")
    tried = 0
    for name in world.algorithms:
        parameters = api.get(path + path_of(name, "parameters")).expect(200).json()["parameters"]
        for parameter in parameters:
            check_descriptor(parameter)
            tried += 1
        names = [p["name"] for p in parameters]
        demand(len(set(names)) == len(names), f"two parameters share a name: {names}")
    if not tried:
        raise Untried("no algorithm has a parameter")


@clause("ALG-4", operation="create_scenario")
def test_described_values_are_accepted(stocked: Session, world: World) -> None:
    """A scenario created with exactly the described values is accepted."""
    for name, parameters in world.algorithms.items():
        values = {p["name"]: p["value"] for p in parameters}
        body = {"tag": f"as described: {name}", "dataset_key": stocked.key, "algo_name": name, "algo_params": values}
        made = stocked.post("scenarios", json=body).expect(201).json()
        demand(made["algorithm"]["name"] == name, f"the scenario has the algorithm {made['algorithm']['name']!r}")


def beyond(parameter: dict[str, Any]) -> Iterator[Any]:
    """Values one step outside what a descriptor allows."""
    if parameter["type"] in ("integer", "float"):
        step = 1 if parameter["type"] == "integer" else 0.5
        if parameter.get("min") is not None:
            yield parameter["min"] - step
        if parameter.get("max") is not None:
            yield parameter["max"] + step
    for choice in (parameter.get("choices") or [])[:1]:
        yield f"not {choice}" if parameter["type"] == "enum" else [choice, f"not {choice}"]


def edges(parameter: dict[str, Any]) -> Iterator[Any]:
    """Values just inside what a descriptor allows."""
    if parameter["type"] in ("integer", "float"):
        yield from (v for v in (parameter.get("min"), parameter.get("max")) if v is not None)


@clause("ALG-4", operation="create_scenario")
def test_values_one_step_outside_are_400(stocked: Session, world: World) -> None:
    """One step outside min, max or choices is answered 400; the bounds themselves are accepted."""
    tried = 0
    for name, parameters in world.algorithms.items():
        for parameter in parameters:
            for expected, values in ((400, beyond(parameter)), (201, edges(parameter))):
                for value in values:
                    body = {"tag": f"t{tried}", "dataset_key": stocked.key, "algo_name": name}
                    answer = stocked.post("scenarios", json={**body, "algo_params": {parameter["name"]: value}})
                    made = answer.expect(expected).json()
                    shown = made["algorithm"]["parameters"] if expected == 201 else None
                    if isinstance(shown, dict) and not isinstance(shown.get(parameter["name"]), dict):
                        demand(shown.get(parameter["name"]) == value, f"{value!r} was given, {shown} is shown")
                    tried += 1
    if not tried:
        raise Untried("no algorithm has a parameter with bounds or choices")


@clause("KPI-1", operation="list_kpis", read_only=True)
def test_kpis_are_a_list_of_names(api: Api, world: World) -> None:
    """The KPI templates are listed by name, none twice."""
    names = api.get(path_of("sessions", world.reading_session, "kpis")).expect(200).json().get("kpis")
    demand(isinstance(names, list) and all(isinstance(n, str) and n for n in names), f"the list is {names}")
    demand(len(set(names)) == len(names), f"the list names one twice: {names}")


@clause("KPI-1", operation="list_kpis")
def test_every_scenario_has_the_listed_kpis(stocked: Session, world: World) -> None:
    """The listed names are the keys of every scenario's kpis, before its run and after it."""
    names = set(stocked.get("kpis").expect(200).json()["kpis"])
    created = stocked.get("scenarios", world.scenario(stocked)).json()
    demand(set(created["kpis"]) == names, f"a created scenario has the KPIs {sorted(created['kpis'])}")
    completed = world.completed(stocked)
    demand(set(completed["kpis"]) == names, f"a completed scenario has the KPIs {sorted(completed['kpis'])}")
