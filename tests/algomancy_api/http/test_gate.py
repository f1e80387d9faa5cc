"""HEAD, OPTIONS, Allow, encoded slashes and unexpected errors: the same on every route."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from starlette.responses import Response
from starlette.testclient import TestClient

from algomancy_api.dependencies import get_scenario_manager
from algomancy_api.openapi import openapi_document
from tests.algomancy_api.conftest import EXISTING

PATHS: dict[str, dict[str, Any]] = openapi_document()["paths"]


def filled(template: str) -> str:
    """A path of that template that exists in the fake backend."""
    return re.sub(r"\{(\w+)\}", lambda match: EXISTING[match[1]], template)


@pytest.mark.parametrize("template", PATHS)
def test_wrong_method_is_answered_with_the_documented_ones(template: str, http: TestClient) -> None:
    """405 and OPTIONS carry `Allow` with exactly the methods that the document lists for the path."""
    documented = {method.upper() for method in PATHS[template]}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - documented:
        answer = http.request(method, filled(template))
        assert answer.status_code == 405, method
        assert set(answer.headers["allow"].split(", ")) == documented
        assert answer.json() == {"detail": "Method Not Allowed"}
    asked = http.options(filled(template))
    assert (asked.status_code, asked.content) == (204, b"")
    assert set(asked.headers["allow"].split(", ")) == documented


@pytest.mark.parametrize("template", [template for template, item in PATHS.items() if "get" in item])
def test_head_is_get_without_the_body(template: str, backend: Any, http: TestClient) -> None:
    """HEAD gives the status and the headers of GET, and no body."""
    backend.main.create_scenario("first")
    got, headed = http.get(filled(template)), http.head(filled(template))
    assert got.status_code == headed.status_code == 200
    assert headed.content == b""
    assert headed.headers == got.headers


@pytest.mark.parametrize("path", ["/", "/openapi.json", "/docs", "/api/v1/health", "/docs-assets/swagger-ui.css"])
def test_undocumented_page_takes_get_only(path: str, http: TestClient) -> None:
    """What the document does not list is asked by GET and HEAD, and says so."""
    assert http.get(path).status_code == http.head(path).status_code == 200
    assert http.options(path).headers["allow"] == "GET"
    refused = http.post(path)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1", "/api/v1/sessions/", "/api/v1/sessions//data", "/docs/"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_unknown_path_is_not_found(path: str, method: str, http: TestClient) -> None:
    """A path that is none is a 404; no redirect guesses what was meant."""
    answer = http.request(method, path, follow_redirects=False)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


def test_reserved_key_takes_post_only(http: TestClient) -> None:
    """`from-json` is no dataset: reading or deleting it is a wrong method."""
    for method in ("GET", "DELETE", "PUT", "HEAD"):
        answer = http.request(method, "/api/v1/sessions/main/data/from-json")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("name", ["a/b", "/", "a//b", "a%2Fb", "..", "ä b/ü?#", "\u202ex/y"])
def test_name_with_a_slash_is_one_segment(name: str, http: TestClient) -> None:
    """`%2F` belongs to the name, so every legal display name can stand in a path."""
    created = http.post("/api/v1/sessions", json={"display_name": name})
    session = created.json()["sessions"][-1]
    raw = "".join(f"%{byte:02x}" for byte in name.encode())
    answer = http.get(f"/api/v1/sessions/{raw}")
    assert (answer.status_code, answer.json()) == (200, session)
    assert http.get(f"/api/v1/sessions/{raw}/data").json() == {"keys": ["data"]}


def test_encoded_slash_elsewhere_stays_a_slash(make_app: Callable[..., FastAPI]) -> None:
    """Routes of the user's see paths as Starlette gives them."""
    app = make_app()

    @app.get("/own/{rest:path}")
    def own(rest: str) -> str:
        return rest

    assert TestClient(app).get("/own/a%2Fb").json() == "a/b"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_route_of_the_users_may_be_for_one_of_them_alone(method: str, make_app: Callable[..., FastAPI]) -> None:
    """HEAD and OPTIONS are answered here where there is something to say of other methods, and else by the route."""
    app = make_app()
    app.add_api_route("/own", lambda: Response(headers={"X-Own": "1"}), methods=[method])
    answer = TestClient(app).request(method, "/own")
    assert (answer.status_code, answer.headers["x-own"]) == (200, "1")


def test_route_of_the_users_finds_what_a_name_with_a_slash_names(make_app: Callable[..., FastAPI]) -> None:
    """Below the sessions `%2F` is part of a name: a user's route gets it as sent, its dependencies understand."""
    app = make_app()

    @app.get("/api/v1/sessions/{session_id}/report/{part}")
    def report(part: str, scenarios: Annotated[Any, Depends(get_scenario_manager)]) -> list[str]:
        return [part, *scenarios.get_data_keys()]

    http = TestClient(app)
    http.post("/api/v1/sessions", json={"display_name": "a/b"})
    assert http.get("/api/v1/sessions/a%2Fb/report/x%2fy").json() == ["x%2Fy", "data"]


def test_unexpected_error_is_logged_under_a_path_that_can_be_written(
    backend: Any, make_client: Callable[..., TestClient], caplog: pytest.LogCaptureFixture
) -> None:
    """A log file in UTF-8 takes the line, whatever the path holds."""
    http = make_client()
    http.post("/api/v1/sessions", json={"display_name": "a/b"})
    backend.error = KeyError("x")
    with caplog.at_level("ERROR", "algomancy_api"):
        assert http.patch("/api/v1/sessions/a%2Fb", json={"display_name": "c"}).status_code == 500
    assert "PATCH /api/v1/sessions/a/b failed" in caplog.text.encode().decode()


def test_unexpected_error_carries_cors_headers(backend: Any, make_client: Callable[..., TestClient]) -> None:
    """A page of an allowed origin can read a 500, and every refusal."""
    http = make_client(cors_origins=["http://page"])
    backend.main.error = KeyError("x")
    origin = {"Origin": "http://page"}
    for path, status in (("/api/v1/sessions/main/data/data", 500), ("/api/v1/sessions/none", 404)):
        answer = http.get(path, headers=origin)
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == "http://page"
    assert "access-control-allow-origin" not in http.get("/health", headers={"Origin": "http://other"}).headers


def test_reply_that_breaks_off_is_not_answered_twice(make_app: Callable[..., FastAPI]) -> None:
    """An error after the reply began closes the connection: it must not look complete."""
    from starlette.responses import StreamingResponse

    app = make_app()

    async def half() -> Any:
        yield b"half"
        raise KeyError("x")

    app.add_api_route("/half", lambda: StreamingResponse(half()))
    with pytest.raises(KeyError):
        TestClient(app, raise_server_exceptions=True).get("/half")
