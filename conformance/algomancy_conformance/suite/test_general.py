"""GEN: what holds for every operation."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from algomancy_conformance.messages import Json
from algomancy_conformance.outcomes import Broken, Fault, Untried
from algomancy_conformance.running.context import Run
from algomancy_conformance.running.plugin import clause
from algomancy_conformance.shapes import (
    ABSURD_LENGTH,
    check_error,
    check_json,
    check_names,
    check_survived,
    demand,
    is_utc,
    session_list,
)
from algomancy_conformance.target.client import Api, Session
from algomancy_conformance.target.etl_sample import post_files
from algomancy_conformance.target.world import UNKNOWN_ID, World, small_payload

INSTANTS = ("created_at", "started_at", "finished_at")
ANY = f"/sessions/{UNKNOWN_ID}"
REFUSED: dict[str, tuple[str, str, Any]] = {
    "create_session without a name": ("POST", "/sessions", {}),
    "create_session with a taken name": ("POST", "/sessions", {"display_name": "{name}"}),
    "copy_session of nothing": ("POST", f"{ANY}/copy", {"new_display_name": "x"}),
    "rename_session of nothing": ("PATCH", ANY, {"display_name": "x"}),
    "delete_session of nothing": ("DELETE", ANY, None),
    "list_algorithms of nothing": ("GET", f"{ANY}/algorithms", None),
    "get_algorithm_parameters of nothing": ("GET", "/sessions/{sid}/algorithms/no%20such/parameters", None),
    "list_kpis of nothing": ("GET", f"{ANY}/kpis", None),
    "list_scenarios of nothing": ("GET", f"{ANY}/scenarios", None),
    "create_scenario without a body": ("POST", "/sessions/{sid}/scenarios", {}),
    "create_scenario on nothing": (
        "POST",
        "/sessions/{sid}/scenarios",
        {"tag": "t", "dataset_key": "no such", "algo_name": "no such"},
    ),
    "get_scenario of nothing": ("GET", f"/sessions/{{sid}}/scenarios/{UNKNOWN_ID}", None),
    "delete_scenario of nothing": ("DELETE", f"/sessions/{{sid}}/scenarios/{UNKNOWN_ID}", None),
    "run_scenario of nothing": ("POST", f"/sessions/{{sid}}/scenarios/{UNKNOWN_ID}/run", None),
    "get_scenario_status of nothing": ("GET", f"/sessions/{{sid}}/scenarios/{UNKNOWN_ID}/status", None),
    "get_processing of nothing": ("GET", f"{ANY}/processing", None),
    "list_datasets of nothing": ("GET", f"{ANY}/data", None),
    "get_dataset of nothing": ("GET", "/sessions/{sid}/data/no%20such", None),
    "delete_dataset of nothing": ("DELETE", "/sessions/{sid}/data/no%20such", None),
    "derive_dataset of nothing": ("POST", "/sessions/{sid}/data/no%20such/derive", {"new_key": "x"}),
    "derive_dataset without a key": ("POST", "/sessions/{sid}/data/no%20such/derive", {}),
    "add_dataset_from_json of nothing": ("POST", "/sessions/{sid}/data/from-json", {}),
    "run_etl without anything": ("POST", "/sessions/{sid}/etl", None),
    "an unknown path": ("GET", "/no-such-thing", None),
    "an unsupported method": ("PUT", "/sessions", None),
}

BODIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "create_session": ("POST", "/sessions", {"display_name": "x"}),
    "copy_session": ("POST", "/sessions/{sid}/copy", {"new_display_name": "x"}),
    "rename_session": ("PATCH", "/sessions/{sid}", {"display_name": "x"}),
    "create_scenario": (
        "POST",
        "/sessions/{sid}/scenarios",
        {"tag": "t", "dataset_key": "conformance data", "algo_name": "a"},
    ),
    "derive_dataset": ("POST", "/sessions/{sid}/data/conformance%20data/derive", {"new_key": "x"}),
}
FIELDS = [(operation, field) for operation, (_, _, body) in BODIES.items() for field in body]

METHODS = {
    "/health": {"GET"},
    "{p}/sessions": {"GET", "POST"},
    "{p}/sessions/{sid}/copy": {"POST"},
    "{p}/sessions/{sid}": {"PATCH", "DELETE"},
    "{p}/sessions/{sid}/algorithms": {"GET"},
    "{p}/sessions/{sid}/algorithms/x/parameters": {"GET"},
    "{p}/sessions/{sid}/kpis": {"GET"},
    "{p}/sessions/{sid}/scenarios": {"GET", "POST"},
    "{p}/sessions/{sid}/scenarios/x": {"GET", "DELETE"},
    "{p}/sessions/{sid}/scenarios/x/run": {"POST"},
    "{p}/sessions/{sid}/scenarios/x/status": {"GET"},
    "{p}/sessions/{sid}/processing": {"GET"},
    "{p}/sessions/{sid}/data": {"GET"},
    "{p}/sessions/{sid}/data/x": {"GET", "DELETE"},
    "{p}/sessions/{sid}/data/x/derive": {"POST"},
    "{p}/sessions/{sid}/data/from-json": {"POST"},
    "{p}/sessions/{sid}/etl": {"POST"},
}


def send(api: Api, session: Session, method: str, path: str, body: Json = None) -> Json:
    """Send a row of one of the tables above."""
    if isinstance(body, dict):
        body = {k: session.name if v == "{name}" else v for k, v in body.items()}
    more = {} if body is None else {"json": body}
    return api.request(method, path.replace("{sid}", session.id), **more)


@clause("GEN-1")
@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_error_body_is_one_detail_string(api: Api, shared: Session, case: str) -> None:
    """Every error body is exactly one non-empty detail string, the router's and the validation's included."""
    check_error(send(api, shared, *REFUSED[case]))


@clause("GEN-1", "GEN-3", operation="create_session")
def test_malformed_json_error_body_is_one_detail_string(api: Api) -> None:
    """A body that is no JSON at all is answered 422 with one detail string."""
    answer = api.post("/sessions", content=b'{"display_name": ', headers={"Content-Type": "application/json"})
    check_error(answer.expect(422))


@clause("GEN-2", read_only=True)
@pytest.mark.parametrize(
    "path", ["", "/algorithms", "/kpis", "/scenarios", "/processing", "/data"], ids=lambda p: p or "/"
)
def test_body_is_strict_json(api: Api, world: World, path: str) -> None:
    """Every answer of the discovery and list routes is application/json and parses strictly."""
    below = f"/sessions/{world.reading_session}{path}" if path else "/sessions"
    check_json(api.get(below).expect(200))


@clause("GEN-2")
@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_error_body_is_strict_json(api: Api, shared: Session, case: str) -> None:
    """Every error is application/json and parses strictly."""
    check_json(send(api, shared, *REFUSED[case]))


@clause("GEN-2", operation="get_dataset")
def test_missing_number_is_null(session: Session) -> None:
    """A missing value of a float column comes back as null, not as NaN."""
    session.add(small_payload("with a gap"))
    answer = session.get("data", "with a gap").expect(200)
    check_json(answer)
    demand(answer.json()["tables"]["items"]["data"][1]["volume"] is None, "the missing volume is not null")


@clause("GEN-2", "GEN-5", operation="create_session")
@pytest.mark.parametrize("name", [rb"a\ud800b", rb"\udfff", rb"\ud83d"], ids=["inside", "low", "high"])
def test_lone_surrogate_does_not_come_back(api: Api, name: bytes) -> None:
    """A lone surrogate is refused or replaced; no answer holds one."""
    content = b'{"display_name": "' + name + b'"}'
    answer = api.post("/sessions", content=content, headers={"Content-Type": "application/json"})
    check_survived(answer, "a lone surrogate")
    check_json(answer)
    check_json(api.get("/sessions").expect(200))


@clause("GEN-3")
@pytest.mark.parametrize("operation", BODIES, ids=str)
@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b'{"a": NaN}', b"[1, 2]", b'"text"'], ids=repr)
def test_malformed_body_is_422(api: Api, shared: Session, operation: str, content: bytes) -> None:
    """A body that is no JSON object is answered 422, before anything else is looked at."""
    method, path, _ = BODIES[operation]
    headers = {"Content-Type": "application/json"}
    api.request(method, path.replace("{sid}", shared.id), content=content, headers=headers).expect(422)


@clause("GEN-3")
@pytest.mark.parametrize(("operation", "field"), FIELDS, ids=lambda value: value)
def test_missing_field_is_422_and_named(api: Api, shared: Session, operation: str, field: str) -> None:
    """A body without a required field is answered 422, and the message names the field."""
    method, path, body = BODIES[operation]
    answer = send(api, shared, method, path, {k: v for k, v in body.items() if k != field}).expect(422)
    check_names(answer, field)


@clause("GEN-3")
@pytest.mark.parametrize(
    "wrong", [None, 7, True, ["x"], {"a": 1}], ids=["null", "number", "boolean", "array", "object"]
)
@pytest.mark.parametrize(("operation", "field"), FIELDS, ids=lambda value: value)
def test_wrong_type_is_422_and_named(api: Api, shared: Session, operation: str, field: str, wrong: Json) -> None:
    """A string field that holds anything else is answered 422, and the message names the field."""
    method, path, body = BODIES[operation]
    answer = send(api, shared, method, path, {**body, field: wrong}).expect(422)
    check_names(answer, field)


@clause("GEN-3", operation="create_scenario")
@pytest.mark.parametrize("wrong", [[1], "{}", 7, False], ids=["array", "text", "number", "boolean"])
@pytest.mark.parametrize("field", ["algo_params", "data_params"])
def test_parameters_that_are_no_object_are_422(stocked: Session, world: World, field: str, wrong: Json) -> None:
    """Parameters given as anything but an object are answered 422, and the message names the field."""
    body = {"tag": "t", "dataset_key": stocked.key, "algo_name": world.fast.name, field: wrong}
    answer = stocked.post("scenarios", json=body).expect(422)
    check_names(answer, field)


@clause("GEN-4")
def test_unknown_member_is_ignored(api: Api, stocked: Session, world: World) -> None:
    """A member nobody knows changes nothing in any of the five request objects."""
    more = {"x-unknown": {"deep": [1, None]}, "y": 1}
    api.post("/sessions", {"display_name": world.fresh_name(), **more}).expect(201)
    stocked.post("copy", json={"new_display_name": world.fresh_name(), **more}).expect(201)
    api.patch(stocked.path, {"display_name": world.fresh_name(), **more}).expect(200)
    stocked.post("data", stocked.key, "derive", json={"new_key": "variant", **more}).expect(201)
    scenario = {"tag": "t", "dataset_key": stocked.key, "algo_name": world.fast.name, **more}
    stocked.post("scenarios", json=scenario).expect(201)


@clause("GEN-6")
@pytest.mark.parametrize("template", METHODS, ids=str)
def test_unsupported_method_is_405_with_allow(api: Api, shared: Session, template: str) -> None:
    """A method a path does not have is answered 405, and Allow lists exactly those it has."""
    path = template.replace("{p}", api.prefix).replace("{sid}", shared.id)
    wanted = METHODS[template]
    optional = {"GET"} if template == "{p}/sessions/{sid}" else set()
    shadowed = {"GET", "DELETE"} if template.endswith("from-json") else set()
    for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - wanted - optional - shadowed):
        answer = api.root(method, path).expect(405)
        allowed = {m.strip().upper() for m in answer.headers.get("allow", "").split(",")} - {"HEAD", "OPTIONS", ""}
        right = allowed - optional == wanted or (bool(shadowed) and wanted <= allowed <= wanted | shadowed)
        demand(right, f"{method} {template}: Allow lists {sorted(allowed)}, not {sorted(wanted)}")


@clause("GEN-7")
def test_201_has_a_location_that_answers(api: Api, stocked: Session, world: World) -> None:
    """Every 201 names in Location where the new thing is."""
    scenario = {"tag": "located", "dataset_key": stocked.key, "algo_name": world.fast.name}
    answers = {
        "POST /sessions": api.post("/sessions", {"display_name": world.fresh_name()}),
        "POST copy": stocked.post("copy", json={"new_display_name": world.fresh_name()}),
        "POST scenarios": stocked.post("scenarios", json=scenario),
        "POST derive": stocked.post("data", stocked.key, "derive", json={"new_key": "located: ü/".replace("/", "")}),
        "POST from-json": stocked.post("data", "from-json", json=world.payload("located too")),
    }
    for what, answer in answers.items():
        answer.expect(201)
        location = answer.headers.get("location", "")
        demand(location, f"{what} has no Location")
        demand(api.root("GET", location).status == 200, f"{what}: its Location {location} does not answer 200")


@clause("GEN-8")
def test_error_reply_carries_the_cors_header(run: Run, api: Api, session: Session) -> None:
    """An error reply to an allowed origin carries Access-Control-Allow-Origin, a 500 included."""
    origin = run.options.cors_origin
    if origin is None:
        raise Untried("no allowed origin is known: name one with --cors-origin", "--cors-origin ORIGIN")
    headers = {"Origin": origin}
    answers = [
        api.get(f"{ANY}/data", headers=headers).expect(404),
        api.post("/sessions", {}, headers=headers).expect(422),
        api.request("PUT", "/sessions", headers=headers).expect(405),
        session.post("data", "from-json", json={}, headers=headers).expect(400),
        api.post("/sessions", {"display_name": session.name}, headers=headers).expect(409),
    ]
    if run.options.crashing:
        answers.append(session.get("algorithms", run.options.crashing, "parameters", headers=headers).expect(500))
    head = (f"Origin: {origin}", "Content-Type: application/json", f"Content-Length: {ABSURD_LENGTH}")
    with contextlib.suppress(Untried):
        refused = api.raw("POST", f"{api.prefix}/sessions", head, b"{")
        answers += [refused] if refused is not None and refused.status == 413 else []
    for answer in answers:
        allowed = answer.headers.get("access-control-allow-origin")
        if allowed not in (origin, "*"):
            said = f"the {answer.status} carries Access-Control-Allow-Origin: {allowed}"
            raise Broken(said, shown=(answer.exchange,))


@clause("GEN-9")
def test_writes_are_visible_on_another_connection(run: Run, stocked: Session, world: World) -> None:
    """What one connection was told has happened, another one sees at once."""
    api = run.client(run.target.url)
    try:
        other = Session(api, stocked.id, stocked.name, stocked.key)
        for number in range(8):
            tag, key, name = f"scenario {number}", f"variant {number}", world.fresh_name("seen-")
            made = stocked.post(
                "scenarios", json={"tag": tag, "dataset_key": stocked.key, "algo_name": world.fast.name}
            )
            scenario = made.expect(201).json()["id"]
            demand(other.get("scenarios", scenario).status == 200, "the new scenario is unknown on another connection")
            demand(tag in [s["tag"] for s in other.get("scenarios").json()], "the new scenario is not listed")
            stocked.post("data", stocked.key, "derive", json={"new_key": key}).expect(201)
            demand(key in other.get("data").json()["keys"], "the new dataset is not listed on another connection")
            stocked.api.patch(stocked.path, {"display_name": name}).expect(200)
            names = [s["display_name"] for s in api.get("/sessions").json()["sessions"]]
            demand(name in names, "the new name is not listed on another connection")
            stocked.delete("scenarios", scenario).expect(204)
            demand(other.get("scenarios", scenario).status == 404, "the deleted scenario is still there")
            stocked.delete("data", key).expect(204)
            demand(key not in other.get("data").json()["keys"], "the deleted dataset is still listed")
            new = world.new_session()
            demand(new.id in session_list(api.get("/sessions")), "the new session is not listed on another connection")
            new.delete().expect(200)
            demand(new.id not in session_list(api.get("/sessions")), "the deleted session is still listed")
    finally:
        api.close()


@clause("GEN-5", "ERR-5")
def test_unexpected_exception_is_500_without_a_trace(run: Run, session: Session) -> None:
    """An unexpected exception of the user's own classes is answered 500 with the one fixed message, no traceback."""
    if run.options.crashing is None:
        raise Untried("no algorithm is known to crash within a request: name one with --crashing", "--crashing NAME")
    answer = session.get("algorithms", run.options.crashing, "parameters").expect(500)
    check_error(answer)
    demand(answer.detail == "Internal server error", f"the message is {answer.detail!r}")


@clause("GEN-11")
def test_answer_that_has_not_changed_is_304(stocked: Session, world: World) -> None:
    """A scenario, the list of them and a dataset carry an ETag; asked for with it they are 304 while unchanged."""
    scenario = world.scenario(stocked)
    for segments in (("scenarios", scenario), ("scenarios",), ("data", stocked.key)):
        route = " ".join(("GET …", segments[0]))
        tag = stocked.get(*segments).expect(200).headers.get("etag")
        demand(tag, f"{route} carries no ETag")
        same = stocked.get(*segments, headers={"If-None-Match": str(tag)})
        demand(same.status == 304 and not same.content, f"{route} asked for with its ETag is answered {same.status}")
    changing: list[tuple[str, ...]] = [("scenarios", scenario), ("scenarios",)]
    with contextlib.suppress(Untried):
        stocked.add(small_payload("changing"))
        changing.append(("data", "changing"))
    before = [(part, str(stocked.get(*part).headers.get("etag"))) for part in changing]
    world.end_of(stocked, scenario)
    stocked.delete("data", "changing")
    stocked.post("data", "from-json", json=small_payload("changing"))
    for part, old in before:
        changed = stocked.get(*part, headers={"If-None-Match": old})
        demand(changed.status == 200, f"GET …/{part[0]} with the ETag of what has changed is answered {changed.status}")


@clause("GEN-12")
def test_instants_of_the_server_are_rfc_3339_in_utc(run: Run, stocked: Session, world: World) -> None:
    """Instants the server writes of its own accord end with Z, in scenarios and in the datasets it makes."""
    done = world.completed(stocked)
    stocked.post("data", stocked.key, "derive", json={"new_key": "derived"}).expect(201)
    found = {f"the {m} of a scenario": done[m] for m in INSTANTS if done.get(m) is not None}
    found["the creation_datetime of a derived dataset"] = created_at(stocked, "derived")
    with contextlib.suppress(Untried):
        post_files(stocked, "uploaded", run.sample.files)
        if "uploaded" in stocked.get("data").json()["keys"]:
            found["the creation_datetime of an uploaded dataset"] = created_at(stocked, "uploaded")
    wrong = [f"{what} is {value!r}" for what, value in found.items() if not is_utc(value)]
    if wrong:
        fault = Fault(("instants",), "instants the server writes are not RFC 3339 in UTC with Z")
        raise Broken("; ".join(wrong), fault=fault)


def created_at(session: Session, key: str) -> Json:
    """When a dataset was made, as it says."""
    return session.get("data", key).expect(200).json()["metadata"]["creation_datetime"]


# The general clauses once more, over every answer any check of the run was given. These come last.

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
