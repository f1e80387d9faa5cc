"""What answers say of each other: who contradicts whom, and who only seems to."""

from __future__ import annotations

import json

import pytest

from algomancy_conformance.messages import Exchange
from algomancy_conformance.running.watching import Watcher
from algomancy_conformance.target.wire import Answer

SCENARIO = "/sessions/s/scenarios/1"


def answer(method: str, below: str, route: str, status: int, body: object, **headers: str) -> Answer:
    """What a server at `/api` answered to a request that gave a name."""
    content, url = json.dumps(body).encode(), f"http://x/api{below}"
    sent = Exchange(method, url, headers, b"", status, {}, content, route)
    return Answer(status, {"content-type": "application/json"}, content, sent, b'{"display_name": "new"}')


@pytest.mark.parametrize(
    ("headers", "contradicts"), [({}, True), ({"prefer": "wait=20"}, False)], ids=["asked now", "waited for a change"]
)
def test_missing_scenario_contradicts_its_creation(headers: dict[str, str], contradicts: bool) -> None:
    """Unless the answer waited: it may tell of a deletion before whoever asked for that has heard of it."""
    watcher = Watcher("/api", crashing=None)
    watcher.watch(
        answer("POST", "/sessions", "POST /sessions", 201, {"sessions": [{"id": "s", "display_name": "new"}]})
    )
    watcher.watch(answer("POST", "/sessions/s/scenarios", "POST /sessions/{session_id}/scenarios", 201, {"id": "1"}))
    route = "GET /sessions/{session_id}/scenarios/{scenario_id}"
    watcher.watch(answer("GET", SCENARIO, route, 404, {"detail": "It is not there."}, **headers))
    assert [clause for clause, *_ in watcher.broken] == ["GEN-9"] * contradicts
