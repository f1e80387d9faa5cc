"""What steers worlds answers as the API does: one shape of error, in sentences, with a document of its own."""

from __future__ import annotations

from typing import Any

import openapi_spec_validator
import pytest
from starlette.testclient import TestClient

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from algomancy_api.sandbox.fixtures import steerable_backend


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "sentence"),
    [
        ("POST", "/worlds", {"name": "Not so"}, 422, "The name 'Not so' must be 1 to 63 characters long"),
        ("POST", "/worlds", {"name": "default"}, 409, "Another world is named 'default'."),
        ("POST", "/worlds", {"fixture": "none"}, 404, "There is no fixture 'none'; there are 'empty', 'demo'"),
        ("POST", "/worlds", {"fixture": {"sessions": []}}, 422, "Field 'fixture.sessions' must hold at least 1."),
        ("POST", "/worlds", {"seed": -1}, 422, "Field 'seed' must be at least 0."),
        ("POST", "/worlds", {"start": "2026-01-01T00:00:00"}, 422, "Field 'start' must have a time zone."),
        ("POST", "/worlds", {"colour": 1}, 422, "Field 'colour' is unknown."),
        ("POST", "/worlds", None, 422, "The body is required: a JSON object."),
        ("GET", "/worlds/nowhere", None, 404, "There is no world 'nowhere'."),
        ("POST", "/worlds/nowhere/reset", None, 404, "There is no world 'nowhere'."),
        ("PUT", "/worlds/{world}/clock", {"mode": "slow"}, 422, "Field 'mode' must be 'real', 'scaled' or 'manual'."),
        ("PUT", "/worlds/{world}/clock", {"mode": "scaled"}, 422, "Field 'factor' is for the mode 'scaled'"),
        ("PUT", "/worlds/{world}/clock", {"mode": "real", "factor": 2}, 422, "Field 'factor' is for the mode"),
        ("POST", "/worlds/{world}/clock/advance", {"seconds": -1}, 422, "Field 'seconds' must be at least 0"),
        ("POST", "/worlds/default/clock/advance", {"seconds": 1}, 409, "The clock runs by itself: set its mode"),
        ("PUT", "/worlds/{world}/runs/x", {"kpis": {"Joy": 1}}, 422, "there is no KPI 'Joy'; there are 'Travel dis"),
        ("PUT", "/worlds/{world}/runs/x", {"progress": [[0, 9], [1, 5]]}, 422, "that do not fall"),
        ("PUT", "/worlds/{world}/runs/x", {"duration": 1, "progress": [[2, 5]]}, 422, "no point of time after"),
        ("PUT", "/worlds/{world}/runs/x", {"outcome": "done"}, 422, "Field 'outcome' must be 'complete' or 'fail'."),
        ("DELETE", "/worlds/{world}/runs/x", None, 404, "The world has no script for 'x'; it has none."),
        ("DELETE", "/worlds/{world}/faults/9", None, 404, "The world has no fault '9'; it has none."),
        ("GET", "/worlds/{world}/requests?status=ok", None, 422, "Query parameter 'status' must be an integer."),
        ("DELETE", "/worlds", None, 405, "Method Not Allowed"),
        ("GET", "/elsewhere", None, 404, "Not Found"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_is_told_in_a_sentence(
    world: Any, method: str, path: str, body: Any, status: int, sentence: str
) -> None:
    """It names what was wrong and what is allowed; nothing is changed."""
    path = "/sandbox" + path.replace("{world}", world.made["name"])
    before = world.steer("GET")
    answer = world.http.request(method, path, json=body)
    assert (answer.status_code, sentence in answer.json()["detail"]) == (status, True), answer.text
    assert list(answer.json()) == ["detail"]
    assert world.steer("GET") == before


def test_control_api_has_a_document_of_its_own(sandbox: TestClient) -> None:
    """Each operation that steers is in it with its failures, and the models of what is sent; the page shows it."""
    document = sandbox.get("/sandbox/openapi.json").json()
    openapi_spec_validator.validate(document)
    paths = document["paths"]
    assert "/sandbox/worlds/{world}/runs/{scenario}" in paths
    assert paths["/sandbox/worlds"]["post"]["operationId"] == "create_world"
    assert set(paths["/sandbox/worlds"]["post"]["responses"]) == {
        "201",
        "400",
        "403",
        "404",
        "409",
        "413",
        "422",
        "500",
    }
    assert {"Fixture", "NewFault", "RunScript", "Error"} <= document["components"]["schemas"].keys()
    assert "/sandbox/openapi.json" in sandbox.get("/sandbox/docs").text
    schema = sandbox.get("/sandbox/fixture-schema").json()
    assert schema["required"] == ["sessions"]


def test_steering_obeys_token_and_origins() -> None:
    """Without the token, or from a page elsewhere, nothing is steered; the answer of a fault carries CORS headers."""
    config = build_example_config(api_token="s3cret", cors_origins=["http://page.example"])
    http = TestClient(ApiLauncher.build_sandbox(config, "empty"))
    token = {"Authorization": "Bearer s3cret"}
    assert http.get("/sandbox/worlds").status_code == 401
    foreign = {**token, "Origin": "http://foreign.example"}
    assert http.post("/sandbox/worlds", json={}, headers=foreign).status_code == 403
    page = {**token, "Origin": "http://page.example"}
    made = http.post("/sandbox/worlds", json={"name": "a", "fixture": "empty"}, headers=page)
    assert (made.status_code, made.headers["access-control-allow-origin"]) == (201, "http://page.example")
    http.post("/sandbox/worlds/a/faults", json={"status": 503}, headers=token)
    answer = http.get("/worlds/a/api/v1/sessions", headers=page)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (503, "http://page.example")
    assert http.get("/worlds/a/api/v1/sessions").status_code == 401
    for open_path in ("/worlds/a/openapi.json", "/sandbox", "/sandbox/docs", "/sandbox/openapi.json"):
        assert http.get(open_path).status_code == 200


def test_sandbox_needs_the_reference_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another backend is installed a sentence says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "algomancy_scenario.steering", None)
    with pytest.raises(
        RuntimeError, match=r"The sandbox needs the reference backend, for its clock and its runs: `pip"
    ):
        steerable_backend()
    with pytest.raises(RuntimeError, match="reference backend"):
        ApiLauncher.build_sandbox(build_example_config())
