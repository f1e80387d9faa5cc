"""The log has what a frontend sent and what it got."""

from __future__ import annotations

from typing import Any

from algomancy_api.sandbox.models import RequestQuery
from algomancy_api.sandbox.worlds import RequestLog


def test_log_has_what_was_sent_and_got(world: Any) -> None:
    """Operation, path, bodies, status and time in the world; what steers is not in it."""
    world.advance(5)
    world.api("POST", "/sessions", {"display_name": "new"})
    world.api("GET", "/sessions/none/data?x=1")
    world.api("GET", "/nowhere")
    world.http.get(world.base.replace("/api/v1", "/health"))
    world.http.get(world.base.replace("/api/v1", "/docs"))
    logged = world.steer("GET", "/requests")["requests"]
    assert [(each["id"], each["operation"], each["path"], each["query"], each["status"]) for each in logged] == [
        (1, "create_session", "/api/v1/sessions", "", 201),
        (2, "list_datasets", "/api/v1/sessions/none/data", "x=1", 404),
        (3, None, "/api/v1/nowhere", "", 404),
        (4, "get_health", "/health", "", 200),
    ]
    assert logged[0]["request_body"] == {"display_name": "new"}
    assert [each["display_name"] for each in logged[0]["response_body"]["sessions"]] == ["main", "new"]
    assert {each["at"] for each in logged} == {"2026-01-05T08:00:05Z"}
    assert all(each["duration_ms"] > 0 for each in logged)


def test_log_is_searched_and_emptied(world: Any) -> None:
    """By operation, by status and by what has been seen already."""
    for path in ("/sessions", "/sessions/none", "/sessions", "/sessions/main/data/Master%20data"):
        world.api("GET", path)

    def found(query: str) -> list[int]:
        return [each["id"] for each in world.steer("GET", f"/requests?{query}")["requests"]]

    assert found("operation=list_sessions") == [1, 3]
    assert found("status=404") == [2]
    assert found("after=2") == [3, 4]
    assert found("operation=list_sessions&status=404") == []
    large = world.steer("GET", "/requests?operation=get_dataset")["requests"][0]["response_body"]
    assert (list(large), large["bytes"] > 4096) == (["bytes"], True)
    world.steer("DELETE", "/requests")
    assert found("") == []


def test_log_keeps_the_last_ten_thousand(world: Any) -> None:
    """The oldest make room."""
    log = RequestLog()
    for _ in range(10_002):
        log.begin(world.http.app.state.worlds.known("default").clock.now(), "GET", "/", "")
    assert len(log) == 10_000
    assert [each.id for each in log.find(RequestQuery(after=10_000))] == [10_001, 10_002]
