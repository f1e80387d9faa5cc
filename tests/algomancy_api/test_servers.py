"""Servers of one database over HTTP: whichever is asked, the answer is the same."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest

from algomancy_api import ApiLauncher
from algomancy_api.backend_calls import BackendCalls
from algomancy_api.example import build_example_config

MAIN = "/api/v1/sessions/main"
WAIT = 20


@pytest.fixture
def pair(serve: Callable[[Any], str], database_url: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs of two servers on one database, which wait for a busy one for a moment only."""
    monkeypatch.setattr("algomancy_scenario.persistence.database.database.BUSY_SECONDS", 1)
    config = {"persistence_backend": "database", "database_url": database_url, "executor": "threads"}
    return [serve(ApiLauncher.build(build_example_config(**config))) for _ in range(2)]


def create(base: str, tag: str, **params: Any) -> dict[str, Any]:
    """Create a scenario."""
    body = {"tag": tag, "dataset_key": "Master data", "algo_name": "Slow", "algo_params": params or {"duration": 1}}
    made: dict[str, Any] = httpx.post(f"{base}{MAIN}/scenarios", json=body, timeout=WAIT).raise_for_status().json()
    return made


def test_change_is_shown_by_the_other_server_at_once(pair: list[str]) -> None:
    """The next request to another server sees what was acknowledged, each time (contract GEN-9)."""
    with httpx.Client(timeout=WAIT) as http:
        for number in range(30):
            here, there = pair[number % 2], pair[1 - number % 2]
            made = create(here, f"{number}")
            path = f"{MAIN}/scenarios/{made['id']}"
            assert http.get(f"{there}{path}").json() == made
            assert http.delete(f"{there}{path}").status_code == 204
            assert http.get(f"{here}{path}").status_code == 404


def test_long_poll_hears_of_the_end_on_another_server(pair: list[str]) -> None:
    """Who waits at one server is answered when the run ends, wherever it runs."""
    made = create(pair[0], "one")
    httpx.post(f"{pair[0]}{MAIN}/scenarios/{made['id']}/run", timeout=WAIT).raise_for_status()
    status: dict[str, Any] = {}
    headers = {"If-None-Match": '"none"', "Prefer": "wait=10"}
    with httpx.Client(timeout=WAIT) as http:
        while status.get("status") != "complete":
            answer = http.get(f"{pair[1]}{MAIN}/scenarios/{made['id']}/status", headers=headers)
            assert answer.status_code == 200
            status, headers["If-None-Match"] = answer.json(), answer.headers["ETag"]
    assert status["progress"] == 100


def test_events_tell_what_another_server_changed(pair: list[str]) -> None:
    """A stream of one server has the events of both."""
    with httpx.Client(timeout=WAIT) as http, http.stream("GET", f"{pair[1]}{MAIN}/events") as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith("event:")) == "event: snapshot"
        made = create(pair[0], "one")
        told = next(line for line in lines if line.startswith("data:") and made["id"] in line)
    assert json.loads(told.removeprefix("data:"))["status"] == "created"


def test_database_that_is_away_is_answered_503(
    pair: list[str],
    database_away: Callable[[], AbstractContextManager[None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever asks meanwhile is told so and when to ask again, in the one shape of errors; then all goes on."""
    before = create(pair[0], "before")
    with database_away(), httpx.Client(base_url=pair[0], timeout=WAIT) as http:
        answer = http.post(f"{MAIN}/data/Master data/derive", json={"new_key": "lost"})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert answer.json() == {"detail": "The server's database does not answer at the moment: try again in a while."}
    assert "Traceback" not in caplog.text
    assert httpx.get(f"{pair[0]}{MAIN}/scenarios/{before['id']}", timeout=WAIT).json() == before
    assert "lost" not in httpx.get(f"{pair[0]}{MAIN}/data", timeout=WAIT).json()["keys"]
    create(pair[0], "after")


class Memory:
    """A backend whose memory is as fresh as the last time it caught up."""

    nonblocking = True

    def __init__(self) -> None:
        self.truth = 0
        self.seen = 0
        self.asked = 0
        self.pace = threading.Event()

    def catch_up(self) -> None:
        """Look what is so, and be slow about it."""
        self.asked += 1
        found = self.truth
        self.pace.wait(WAIT)
        self.seen = found


def test_one_question_answers_for_all_that_came_before_it() -> None:
    """Requests share a question, but none is answered by one that was asked before it came."""

    async def ask() -> tuple[int, list[int]]:
        backend = Memory()
        calls = BackendCalls(backend)  # type: ignore[arg-type]

        async def request() -> int:
            await calls.caught_up()
            return backend.seen

        first = asyncio.create_task(request())
        while not backend.asked:
            await asyncio.sleep(0)
        backend.truth = 1
        late = [asyncio.create_task(request()) for _ in range(20)]
        await asyncio.sleep(0)
        backend.pace.set()
        assert await first in (0, 1)
        seen = [await each for each in late]
        return backend.asked, seen

    with ThreadPoolExecutor(1) as pool:
        asked, seen = pool.submit(asyncio.run, ask()).result(WAIT)
    assert seen == [1] * 20
    assert asked == 2
