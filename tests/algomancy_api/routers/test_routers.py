"""Every operation on a backend that is not ours: what is unknown or taken is found out before it is called."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from algomancy_utils.errors import PreconditionError

NO_ALGORITHM = "Algorithm 'None' does not exist; there are: 'Slow'."
NO_DATASET = "Dataset 'none' does not exist; there are: 'data'."
SESSIONS = "/api/v1/sessions"
MAIN = f"{SESSIONS}/main"
NEW = {"tag": "new", "dataset_key": "data", "algo_name": "Slow"}

UNKNOWN: dict[str, tuple[str, str, Any, str]] = {
    "session": ("GET", f"{SESSIONS}/none", None, "Session 'none' does not exist."),
    "session of a scenario": ("GET", f"{SESSIONS}/none/scenarios/s1/status", None, "Session 'none' does not exist."),
    "rename": ("PATCH", f"{SESSIONS}/none", {"display_name": "x"}, "Session 'none' does not exist."),
    "delete session": ("DELETE", f"{SESSIONS}/none", None, "Session 'none' does not exist."),
    "copy": ("POST", f"{SESSIONS}/none/copy", {"new_display_name": "x"}, "Session 'none' does not exist."),
    "algorithm": ("GET", f"{MAIN}/algorithms/None/parameters", None, NO_ALGORITHM),
    "scenario": ("GET", f"{MAIN}/scenarios/none", None, "Scenario 'none' does not exist."),
    "status": ("GET", f"{MAIN}/scenarios/none/status", None, "Scenario 'none' does not exist."),
    "run": ("POST", f"{MAIN}/scenarios/none/run", None, "Scenario 'none' does not exist."),
    "reset": ("POST", f"{MAIN}/scenarios/none/reset", None, "Scenario 'none' does not exist."),
    "cancel": ("POST", f"{MAIN}/scenarios/none/cancel", None, "Scenario 'none' does not exist."),
    "delete scenario": ("DELETE", f"{MAIN}/scenarios/none", None, "Scenario 'none' does not exist."),
    "create with algorithm": ("POST", f"{MAIN}/scenarios", {**NEW, "algo_name": "None"}, NO_ALGORITHM),
    "create with dataset": ("POST", f"{MAIN}/scenarios", {**NEW, "dataset_key": "none"}, NO_DATASET),
    "dataset": ("GET", f"{MAIN}/data/none", None, NO_DATASET),
    "dataset parameters": ("GET", f"{MAIN}/data/none/parameters", None, NO_DATASET),
    "delete dataset": ("DELETE", f"{MAIN}/data/none", None, NO_DATASET),
    "derive": ("POST", f"{MAIN}/data/none/derive", {"new_key": "x"}, NO_DATASET),
}


@pytest.mark.parametrize(("method", "path", "body", "detail"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_unknown_is_not_found(method: str, path: str, body: Any, detail: str, http: TestClient) -> None:
    """A 404 says what does not exist, although the backend would raise `KeyError`."""
    answer = http.request(method, path, json=body)
    assert (answer.status_code, answer.json()) == (404, {"detail": detail})


def test_long_name_is_not_repeated_whole(http: TestClient) -> None:
    """A message stays short whatever was sent."""
    assert len(http.get(f"{SESSIONS}/{'x' * 5_000}").json()["detail"]) < 200


def test_sessions_are_listed_created_renamed_and_deleted(backend: Any, http: TestClient) -> None:
    """The list is fresh in every reply, and `default` is one of it."""
    main = {"id": "id-1", "display_name": "main"}
    assert http.get(SESSIONS).json() == {"sessions": [main], "default": "id-1"}
    created = http.post(SESSIONS, json={"display_name": "second"})
    second = {"id": "id-2", "display_name": "second"}
    assert (created.status_code, created.json()["sessions"]) == (201, [main, second])
    assert http.get(created.headers["location"]).json() == second
    renamed = http.patch(f"{SESSIONS}/second", json={"display_name": "other"})
    assert (renamed.status_code, renamed.json()) == (200, {"id": "id-2", "display_name": "other"})
    assert http.get(f"{SESSIONS}/second").status_code == 404
    assert http.delete(f"{SESSIONS}/id-2").json()["sessions"] == [main]
    left = http.delete(MAIN).json()
    assert [session["display_name"] for session in left["sessions"]] == ["main"]
    assert left["default"] == left["sessions"][0]["id"] != "id-1"


def test_id_wins_over_an_equal_name(http: TestClient) -> None:
    """A session named like another one's id does not hide it."""
    http.post(SESSIONS, json={"display_name": "id-1"})
    assert http.get(f"{SESSIONS}/id-1").json() == {"id": "id-1", "display_name": "main"}


def test_taken_name_is_a_conflict(http: TestClient) -> None:
    """Create, copy and rename refuse a name in use; a session may keep its own."""
    http.post(SESSIONS, json={"display_name": "second"})
    assert http.post(SESSIONS, json={"display_name": "main"}).status_code == 409
    assert http.post(f"{MAIN}/copy", json={"new_display_name": "second"}).status_code == 409
    assert http.patch(MAIN, json={"display_name": "second"}).status_code == 409
    assert http.patch(MAIN, json={"display_name": "main"}).status_code == 200


def test_session_is_copied(http: TestClient) -> None:
    """A copy is listed, and `Location` tells which it is."""
    copied = http.post(f"{MAIN}/copy", json={"new_display_name": "copy"})
    assert copied.status_code == 201
    assert http.get(copied.headers["location"]).json()["display_name"] == "copy"


def test_algorithms_kpis_and_parameters_are_told(http: TestClient) -> None:
    """Discovery gives names and descriptors."""
    assert http.get(f"{MAIN}/algorithms").json() == {"algorithms": ["Slow"]}
    assert http.get(f"{MAIN}/kpis").json() == {"kpis": ["Delay"]}
    assert http.get(f"{MAIN}/data/data/parameters").json() == {"name": "data", "parameters": []}
    (duration,) = http.get(f"{MAIN}/algorithms/Slow/parameters").json()["parameters"]
    assert duration == {
        "name": "duration",
        "type": "integer",
        "required": True,
        "value": 1,
        "default": 1,
        "min": 1,
        "max": 60,
    }


def test_scenario_goes_through_its_life(backend: Any, http: TestClient) -> None:
    """Created, run, read, deleted: each reply shows the scenario as it then is."""
    created = http.post(f"{MAIN}/scenarios", json=NEW)
    assert (created.status_code, created.json()["status"], created.json()["result"]) == (201, "created", None)
    path = created.headers["location"]
    assert http.get(path).json() == created.json()
    assert http.post(f"{MAIN}/scenarios", json=NEW).status_code == 409
    ran = http.post(f"{path}/run")
    assert (ran.status_code, ran.json()["status"]) == (202, "queued")
    assert http.post(f"{path}/run").status_code == 409
    assert http.get(f"{path}/status").json() == {"id": "s1", "tag": "new", "status": "queued", "progress": 0.0}
    backend.main.currently_processing = backend.main.scenarios["s1"]
    assert http.get(f"{MAIN}/processing").json()["id"] == "s1"
    backend.main.currently_processing = None
    assert http.get(f"{MAIN}/processing").json() is None
    deleted = http.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert http.get(f"{MAIN}/scenarios").json() == []


@pytest.mark.parametrize(("action", "status"), [("reset", 200), ("cancel", 202)])
def test_optional_action_is_taken_where_the_backend_has_it(
    action: str, status: int, backend: Any, http: TestClient
) -> None:
    """Reset and cancel call the backend's method with the scenario's id; without one they are not found."""
    http.post(f"{MAIN}/scenarios", json=NEW)
    path = f"{MAIN}/scenarios/s1/{action}"
    assert http.post(path).status_code == 404
    called: list[str] = []
    setattr(backend.main, f"{action}_scenario", called.append)
    answer = http.post(path)
    assert (answer.status_code, answer.json()["id"], called) == (status, "s1", ["s1"])


def test_scenario_deleted_by_another_request_meanwhile_is_not_found(backend: Any, http: TestClient) -> None:
    """Of two deletions at once one is a 404."""
    http.post(f"{MAIN}/scenarios", json=NEW)

    def meanwhile(_scenario_id: str) -> bool:
        backend.main.scenarios.clear()
        backend.main.get_by_id = lambda _id: None
        return False

    backend.main.delete_scenario = meanwhile
    assert http.delete(f"{MAIN}/scenarios/s1").status_code == 404


def test_list_is_paged_and_shortened_on_request(backend: Any, http: TestClient) -> None:
    """`limit`, `offset` and `view` choose; `Link` leads through all pages, whatever the session is called."""
    http.patch(MAIN, json={"display_name": "my session/1"})
    for number in range(5):
        backend.main.create_scenario(f"t{number}")
    path: str | None = f"{SESSIONS}/id-1/scenarios?limit=2&view=summary"
    seen = []
    while path is not None:
        page = http.get(path)
        seen.append([scenario["tag"] for scenario in page.json()])
        assert all("result" not in scenario for scenario in page.json())
        path = page.links.get("next", {}).get("url")
    assert seen == [["t0", "t1"], ["t2", "t3"], ["t4"]]
    assert page.links["prev"]["url"].endswith("?limit=2&offset=2&view=summary")
    everything = http.get(f"{SESSIONS}/id-1/scenarios")
    assert [scenario["tag"] for scenario in everything.json()] == [f"t{number}" for number in range(5)]
    assert "link" not in everything.headers
    assert all("result" in scenario for scenario in everything.json())
    assert http.get(f"{SESSIONS}/id-1/scenarios?offset=4").json()[0]["tag"] == "t4"


def test_datasets_are_read_derived_added_and_deleted(backend: Any, http: TestClient) -> None:
    """What a backend writes loosely leaves as strict JSON; each new key is told by `Location`."""
    assert http.get(f"{MAIN}/data").json() == {"keys": ["data"]}
    read = http.get(f"{MAIN}/data/data")
    assert read.json()["tables"]["x"]["data"] == [{"a": None}]
    derived = http.post(f"{MAIN}/data/data/derive", json={"new_key": "a b?"})
    assert (derived.status_code, derived.json()) == (201, {"keys": ["data", "a b?"]})
    assert http.get(derived.headers["location"]).json() == read.json()
    assert http.post(f"{MAIN}/data/data/derive", json={"new_key": "data"}).status_code == 409
    assert http.post(f"{MAIN}/data/data/derive", json={"new_key": "a/b"}).status_code == 400
    added = http.post(f"{MAIN}/data/from-json", content=read.content)
    assert (added.status_code, added.json()) == (201, {"keys": ["data", "a b?"]})
    assert added.headers["location"] == f"{SESSIONS}/id-1/data/data"
    assert http.post(f"{MAIN}/data/from-json", content=b"\xff").status_code == 400
    assert http.delete(f"{MAIN}/data/a%20b%3F").status_code == 204
    backend.main.error = PreconditionError("Dataset 'data' is in use.")
    assert http.delete(f"{MAIN}/data/data").json() == {"detail": "Dataset 'data' is in use."}


def test_health_tells_title_and_sessions(make_client: Callable[..., TestClient]) -> None:
    """The same at the root and below the prefix."""
    http = make_client(title="Depot", prefix="/x")
    expected = {"status": "ok", "title": "Depot", "sessions": [{"id": "id-1", "display_name": "main"}]}
    assert http.get("/health").json() == http.get("/x/health").json() == expected


def test_prefix_moves_every_route(make_client: Callable[..., TestClient]) -> None:
    """Paths, locations and the document follow the prefix, an empty one too."""
    for prefix in ("", "/algo"):
        http = make_client(prefix=prefix)
        created = http.post(f"{prefix}/sessions", json={"display_name": f"in {prefix}"})
        assert http.get(created.headers["location"]).status_code == 200
        assert f"{prefix}/sessions" in http.get("/openapi.json").json()["paths"]
        assert http.get("/api/v1/sessions").status_code == 404


def test_mounted_application_knows_where_it_is(make_client: Callable[..., TestClient]) -> None:
    """Behind a proxy that strips a path, locations, the docs page and the document's server have it in front."""
    http = TestClient(make_client().app, root_path="/behind", base_url="http://testserver/behind")
    created = http.post("/api/v1/sessions", json={"display_name": "a/b"})
    assert created.headers["location"].startswith("/behind/api/v1/sessions/")
    assert http.get("/api/v1/sessions/a%2Fb").status_code == 200
    assert http.put("/api/v1/sessions").headers["allow"] == "GET, POST"
    assert "/behind/docs-assets/swagger-ui.css" in http.get("/docs").text
    assert http.get("/openapi.json").json()["servers"][0]["url"] == "/behind"


def test_application_below_another_ones_mount_answers_the_same(make_client: Callable[..., TestClient]) -> None:
    """Its `Allow`, its locations and its document's server are right there, beside its own mount of files too."""
    outer = FastAPI()
    outer.mount("/sub", make_client().app)
    http = TestClient(outer)
    refused = http.put("/sub/api/v1/sessions")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")
    assert http.options("/sub/api/v1/sessions/main").headers["allow"] == "GET, PATCH, DELETE"
    refused = http.post("/sub/docs-assets/swagger-ui.css")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
    created = http.post("/sub/api/v1/sessions", json={"display_name": "a/b"})
    assert http.get(created.headers["location"]).json() == http.get("/sub/api/v1/sessions/a%2Fb").json()
    assert http.get("/sub/openapi.json").json()["servers"][0]["url"] == "/sub"


def test_application_knows_a_root_path_that_the_proxy_strips(make_client: Callable[..., TestClient]) -> None:
    """FastAPI's `root_path` is not part of the paths that arrive; names with a slash still find what they name."""
    app: Any = make_client().app
    app.root_path = "/behind"
    http = TestClient(app)
    created = http.post("/api/v1/sessions", json={"display_name": "a/b"})
    assert created.headers["location"].startswith("/behind/api/v1/sessions/")
    assert http.get("/api/v1/sessions/a%2Fb").status_code == 200


def test_backend_that_checks_by_itself_is_asked_once(nonblocking: tuple[Any, TestClient]) -> None:
    """For a nonblocking backend the routes leave the checks to it."""
    backend, http = nonblocking
    assert http.post(SESSIONS, json={"display_name": "main"}).json() == {
        "detail": "A session named 'main' exists already."
    }
    backend.main.get_by_id = lambda _scenario_id: None
    assert http.get(f"{MAIN}/scenarios/none").status_code == 404
    backend.main.error = PreconditionError("Tag 'new' is taken.")
    assert http.post(f"{MAIN}/scenarios", json=NEW).json() == {"detail": "Tag 'new' is taken."}


def test_creation_runs_in_a_thread(nonblocking: tuple[Any, TestClient]) -> None:
    """A little of the user's code runs in it, which may take long."""
    backend, http = nonblocking
    create, threads = backend.main.create_scenario, []

    def noting(*args: Any) -> Any:
        threads.append(threading.current_thread().name)
        return create(*args)

    backend.main.create_scenario = noting
    http.post(f"{MAIN}/scenarios", json=NEW).raise_for_status()
    assert threads == ["algomancy-api-write"]


def test_bytes_that_a_backend_keeps_are_sent_as_they_are(nonblocking: tuple[Any, TestClient]) -> None:
    """Where a backend offers encoded replies, nothing is encoded again."""
    backend, http = nonblocking
    scenario = backend.main.create_scenario("t")
    scenario.to_json_bytes = lambda: b'{"kept":1}'
    scenario.summary_json_bytes = lambda: b'{"short":1}'
    scenario.status_json_bytes = lambda: b'{"status":1}'
    backend.main.get_data_as_bytes = lambda key: b'{"bytes":1}'
    backend.main.scenarios_as_bytes = lambda: b"[1]"
    received: list[Any] = []

    def add(payload: Any) -> str:
        received.append(payload)
        return "key"

    backend.main.add_datasource_from_json = add
    assert http.get(f"{MAIN}/scenarios/s1").text == '{"kept":1}'
    assert http.get(f"{MAIN}/scenarios/s1/status").text == '{"status":1}'
    assert http.get(f"{MAIN}/scenarios").text == "[1]"
    assert http.get(f"{MAIN}/scenarios?limit=1").text == '[{"kept":1}]'
    assert http.get(f"{MAIN}/scenarios?view=summary").text == '[{"short":1}]'
    assert http.get(f"{MAIN}/data/data").text == '{"bytes":1}'
    assert http.post(f"{MAIN}/data/from-json", content=b"{}").headers["location"].endswith("/data/key")
    assert received == [b"{}"]


def test_long_list_is_encoded_in_a_thread(nonblocking: tuple[Any, TestClient]) -> None:
    """Thousands of scenarios would hold up everyone else's requests."""
    backend, http = nonblocking
    threads: list[bool] = []

    def noting() -> bytes:
        threads.append(threading.current_thread().name.startswith("algomancy-api"))
        return b"[]"

    backend.main.scenarios_as_bytes = noting
    backend.main.create_scenario("t")
    app: Any = http.app
    for many in (1, 0):
        app.state.backend_calls.inline_scenarios = many
        http.get(f"{MAIN}/scenarios").raise_for_status()
    assert threads == [False, True]
