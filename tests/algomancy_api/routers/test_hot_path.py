"""The short cut to hot operations changes nothing but how long they take."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.testclient import TestClient

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config

SCENARIOS = "/api/v1/sessions/main/scenarios"


@pytest.fixture
def app() -> Any:
    """The example's application."""
    return ApiLauncher.build(build_example_config())


def create(http: TestClient) -> str:
    """A scenario's path."""
    body = {"tag": "one", "dataset_key": "Master data", "algo_name": "Slow"}
    return f"{SCENARIOS}/{http.post(SCENARIOS, json=body).raise_for_status().json()['id']}"


def test_hot_operation_does_not_pass_the_stack_for_users_routes(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A status is answered where the routes themselves are out of reach; a list of sessions is not."""
    with TestClient(app, raise_server_exceptions=False) as http:
        path = create(http)

        async def broken(*_: object) -> None:
            raise RuntimeError("nobody gets here")

        monkeypatch.setattr(app.router, "middleware_stack", broken)
        assert http.get(f"{path}/status").json()["status"] == "created"
        assert http.get(path).json()["tag"] == "one"
        assert http.get("/api/v1/sessions").status_code == 500


@pytest.mark.parametrize("part", ["", "/status"])
def test_refusal_is_worded_by_the_handlers_of_the_application(app: Any, part: str) -> None:
    """What is not there is a 404 in the one shape, or in that of a handler the user has put there."""
    with TestClient(app) as http:
        assert http.get(f"{SCENARIOS}/none{part}").json() == {"detail": "Scenario 'none' does not exist."}

    async def own(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": "Own words."}, 404)

    again = ApiLauncher.build(build_example_config())
    again.add_exception_handler(HTTPException, own)
    with TestClient(again) as http:
        assert http.get(f"{SCENARIOS}/none{part}").json() == {"detail": "Own words."}


def test_route_of_a_user_before_all_others_comes_first(app: Any) -> None:
    """Whoever puts a route of their own first has it asked first."""

    async def own(_: Request) -> JSONResponse:
        return JSONResponse({"status": "mine"})

    app.router.routes.insert(0, Route(SCENARIOS + "/{scenario_id}/status", own))
    with TestClient(app) as http:
        assert http.get(f"{create(http)}/status").json() == {"status": "mine"}


def test_hot_operation_below_a_mount_and_with_odd_methods(app: Any) -> None:
    """HEAD has no body, a wrong method is 405, and inside a mount the path is what follows it."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    with TestClient(app) as http:
        path = create(http)
        assert http.head(f"{path}/status").content == b""
        assert http.put(f"{path}/status").headers["allow"] == "GET"
        outer = TestClient(Starlette(routes=[Mount("/planning", app)]))
        assert outer.get(f"/planning{path}/status").json()["tag"] == "one"
