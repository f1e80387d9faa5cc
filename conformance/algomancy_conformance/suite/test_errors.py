"""ERR: each row of the error table is provoked."""

from __future__ import annotations

from typing import Any

import pytest

from algomancy_conformance.messages import Exchange
from algomancy_conformance.outcomes import Broken, Fault, NotOffered, Untried
from algomancy_conformance.running.plugin import clause
from algomancy_conformance.shapes import ABSURD_LENGTH, check_error, demand, session_list
from algomancy_conformance.target.client import Api, Session
from algomancy_conformance.target.world import UNKNOWN_ID, World, small_payload

LIMITED = {
    "create_session": ("POST", "/sessions"),
    "copy_session": ("POST", "{sid}/copy"),
    "rename_session": ("PATCH", "{sid}"),
    "create_scenario": ("POST", "{sid}/scenarios"),
    "derive_dataset": ("POST", "{sid}/data/x/derive"),
    "add_dataset_from_json": ("POST", "{sid}/data/from-json"),
    "run_etl": ("POST", "{sid}/etl"),
}


@clause("ERR-1", operation="add_dataset_from_json")
@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"{", b"7"], ids=["empty", "object", "array", "malformed", "number"]
)
def test_bad_value_is_400(session: Session, content: bytes) -> None:
    """A dataset payload that is none is bad input: 400."""
    headers = {"Content-Type": "application/json"}
    check_error(session.post("data", "from-json", content=content, headers=headers).expect(400))


@clause("ERR-2", operation="create_scenario")
@pytest.mark.parametrize("kind", ["algo_params", "data_params"])
def test_unknown_parameter_is_400(stocked: Session, world: World, kind: str) -> None:
    """A parameter nobody knows is answered 400."""
    body = {"tag": "t", "dataset_key": stocked.key, "algo_name": world.fast.name, kind: {"no such parameter": 1}}
    check_error(stocked.post("scenarios", json=body).expect(400))
    demand(stocked.get("scenarios").json() == [], "the refused scenario is listed")


@clause("ERR-2", operation="create_scenario")
def test_parameter_of_a_wrong_type_is_400(stocked: Session, world: World) -> None:
    """A parameter of a wrong type is answered 400, whatever its type."""
    wrong: dict[str, tuple[Any, ...]] = {
        "string": (7, ["x"]),
        "integer": ("seven", True, 1.5),
        "float": ("half", True),
        "boolean": ("perhaps",),
        "enum": ({"no": "choice"},),
        "multi_enum": ([{"no": "choice"}],),
        "time": ("not a time",),
        "interval": (["not a time", "nor this"],),
    }
    tried = 0
    accepted: list[Broken] = []
    for name, parameters in world.algorithms.items():
        for parameter in parameters:
            kind = parameter["type"]
            for value in wrong.get(kind, ()):
                params, tried = {parameter["name"]: value}, tried + 1
                body = {"tag": f"t{tried}", "dataset_key": stocked.key, "algo_name": name, "algo_params": params}
                answer = stocked.post("scenarios", json=body)
                if answer.status == 201:
                    what = (
                        "a boolean"
                        if value is True
                        else "a number"
                        if isinstance(value, int | float)
                        else "a text or a list"
                    )
                    fault = Fault(("taken", what), f"{what} is taken for the value of a parameter")
                    accepted.append(
                        Broken(
                            f"{params} is accepted by {name!r} for a parameter of type {kind}",
                            fault=fault,
                            shown=(answer.exchange,),
                        )
                    )
                else:
                    check_error(answer.expect(400))
    if accepted:
        raise ExceptionGroup("accepted", accepted)
    if not tried:
        raise Untried("no algorithm has a parameter that could be given a wrong type")


@clause("ERR-3", operation="delete_dataset")
def test_failed_precondition_is_409(stocked: Session, world: World) -> None:
    """Deleting data a scenario references is answered 409, and the data stays."""
    world.scenario(stocked)
    check_error(stocked.delete("data", stocked.key).expect(409))
    stocked.get("data", stocked.key).expect(200)


@clause("ERR-4")
def test_unknown_things_are_404(api: Api, stocked: Session, world: World) -> None:
    """An unknown session, scenario, algorithm or dataset is answered 404."""
    scenario = {"tag": "t", "dataset_key": stocked.key, "algo_name": world.fast.name}
    answers = [
        api.get(f"/sessions/{UNKNOWN_ID}/scenarios"),
        api.delete(f"/sessions/{UNKNOWN_ID}"),
        stocked.get("scenarios", UNKNOWN_ID),
        stocked.post("scenarios", UNKNOWN_ID, "run"),
        stocked.get("algorithms", "no such algorithm", "parameters"),
        stocked.get("data", "no such dataset"),
        stocked.post("scenarios", json={**scenario, "dataset_key": "no such dataset"}),
        stocked.post("scenarios", json={**scenario, "algo_name": "no such algorithm"}),
    ]
    for answer in answers:
        check_error(answer.expect(404))


BELOW_NOTHING: dict[str, tuple[str, str, Any]] = {
    "copy_session": ("POST", "/copy", {"new_display_name": "x"}),
    "rename_session": ("PATCH", "", {"display_name": "x"}),
    "delete_session": ("DELETE", "", None),
    "list_algorithms": ("GET", "/algorithms", None),
    "get_algorithm_parameters": ("GET", "/algorithms/x/parameters", None),
    "list_kpis": ("GET", "/kpis", None),
    "list_scenarios": ("GET", "/scenarios", None),
    "create_scenario": ("POST", "/scenarios", {"tag": "t", "dataset_key": "d", "algo_name": "a"}),
    "get_scenario": ("GET", f"/scenarios/{UNKNOWN_ID}", None),
    "delete_scenario": ("DELETE", f"/scenarios/{UNKNOWN_ID}", None),
    "run_scenario": ("POST", f"/scenarios/{UNKNOWN_ID}/run", None),
    "get_scenario_status": ("GET", f"/scenarios/{UNKNOWN_ID}/status", None),
    "get_processing": ("GET", "/processing", None),
    "list_datasets": ("GET", "/data", None),
    "get_dataset": ("GET", "/data/d", None),
    "delete_dataset": ("DELETE", "/data/d", None),
    "derive_dataset": ("POST", "/data/d/derive", {"new_key": "x"}),
    "add_dataset_from_json": ("POST", "/data/from-json", small_payload("x")),
}


@clause("ERR-4")
@pytest.mark.parametrize("operation", BELOW_NOTHING, ids=str)
def test_unknown_session_is_404(api: Api, operation: str) -> None:
    """In a session nobody knows a good request of any kind is answered 404."""
    method, path, body = BELOW_NOTHING[operation]
    more = {} if body is None else {"json": body}
    check_error(api.request(method, f"/sessions/{UNKNOWN_ID}{path}", **more).expect(404))


@clause("ERR-4", operation="run_etl")
def test_upload_to_an_unknown_session_is_404(api: Api) -> None:
    """An upload to a session nobody knows is answered 404."""
    files = [("files", ("x.csv", b"a;b\n1;2\n", "text/csv"))]
    answer = api.post(f"/sessions/{UNKNOWN_ID}/etl", data={"dataset_name": "x"}, files=files)
    check_error(answer.expect(404))


@clause("ERR-4")
def test_conflicts_are_409(api: Api, stocked: Session, world: World) -> None:
    """A duplicate tag, display name or dataset key is answered 409."""
    world.scenario(stocked, tag="taken")
    scenario = {"tag": "taken", "dataset_key": stocked.key, "algo_name": world.fast.name}
    other = world.new_session()
    answers = [
        stocked.post("scenarios", json=scenario),
        api.post("/sessions", {"display_name": stocked.name}),
        api.patch(other.path, {"display_name": stocked.name}),
        stocked.post("copy", json={"new_display_name": other.name}),
        stocked.post("data", stocked.key, "derive", json={"new_key": stocked.key}),
    ]
    for answer in answers:
        check_error(answer.expect(409))


@clause("ERR-6")
def test_invalid_requests_are_422(api: Api, stocked: Session) -> None:
    """A request that does not fit its description is answered 422."""
    answers = [
        api.post("/sessions", {}),
        stocked.post("copy", json={"new_display_name": 7}),
        api.patch(stocked.path, {"display_name": ""}),
        stocked.post("scenarios", json={"tag": "t"}),
        stocked.post("data", stocked.key, "derive", json={"new_key": ""}),
        stocked.post("etl", files=[("files", ("x.csv", b"a;b\n1;2\n", "text/csv"))]),
    ]
    for answer in answers:
        check_error(answer.expect(422))


@clause("ERR-7")
@pytest.mark.parametrize("operation", LIMITED, ids=str)
def test_payload_over_the_limit_is_413(api: Api, shared: Session, operation: str) -> None:
    """A request that announces a terabyte is answered 413 before a byte of it is read."""
    method, path = LIMITED[operation]
    path = path.replace("{sid}", shared.path)
    kind = "multipart/form-data; boundary=x" if operation == "run_etl" else "application/json"
    head = (f"Content-Type: {kind}", f"Content-Length: {ABSURD_LENGTH}")
    answer = api.raw(method, api.prefix + path, head, b'{"display_name": "')
    if answer is None or answer.status != 413:
        sent = {"content-type": kind, "content-length": str(ABSURD_LENGTH)}
        status, body = (answer.status, answer.content) if answer else (0, b"")
        shown = Exchange(method, f"{api.url}{api.prefix}{path}", sent, b"", status, {}, body)
        fault = Fault(("413",), "a body over any limit is not answered 413 before it is read")
        said = f"{method} {path} announcing {ABSURD_LENGTH} bytes is answered {status or 'by nothing'}"
        raise Broken(said, fault=fault, shown=(shown,))
    check_error(answer)


@clause("ERR-8", operation="create_session")
def test_cross_site_write_is_403(api: Api, world: World) -> None:
    """A write a strange web page sends through the visitor's browser is answered 403 and does nothing."""
    name = world.fresh_name("cross-site-")
    headers = {"Origin": "https://strange.example", "Sec-Fetch-Site": "cross-site"}
    answer = api.post("/sessions", {"display_name": name}, headers=headers)
    if answer.status == 201:
        raise NotOffered("cross-site writes are let through")
    check_error(answer.expect(403))
    demand(name not in session_list(api.get("/sessions")).values(), "the refused session is listed")


WRITES: dict[str, tuple[str, str, Any]] = {
    **{name: call for name, call in BELOW_NOTHING.items() if call[0] != "GET"},
    "reset_scenario": ("POST", f"/scenarios/{UNKNOWN_ID}/reset", None),
    "cancel_scenario": ("POST", f"/scenarios/{UNKNOWN_ID}/cancel", None),
    "run_etl": ("POST", "/etl", None),
}


@clause("ERR-8")
@pytest.mark.parametrize("operation", WRITES, ids=str)
def test_cross_site_write_of_any_kind_is_403(stocked: Session, operation: str) -> None:
    """Where one cross-site write is refused, so is every other, whatever it is about."""
    method, path, body = WRITES[operation]
    headers = {"Origin": "https://strange.example", "Sec-Fetch-Site": "cross-site"}
    more = {} if body is None else {"json": body}
    if stocked.post("copy", json={}, headers=headers).status != 403:
        raise NotOffered("cross-site writes are let through")
    check_error(stocked.api.request(method, stocked.path + path, headers=headers, **more).expect(403))
    stocked.get("data", stocked.key).expect(200)
