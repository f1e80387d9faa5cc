"""Requests that wait for a change."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from algomancy_api import ApiLauncher
from algomancy_api.client import AlgomancyClient
from algomancy_api.example import build_example_config
from algomancy_api.http.waiting import preferred_wait

PATIENCE = 30


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ([], None),
        (["wait=20"], 20),
        (["wait=0"], 0),
        (["wait=61"], 60),
        (["wait=" + "9" * 5000], 60),
        (["WAIT = 7"], 7),
        (['wait="7"'], 7),
        (["respond-async, wait=10; priority=5, handling=lenient"], 10),
        (["respond-async", "wait=10"], 10),
        (['note="a, wait=3", wait=4'], 4),
        (["wait=5, wait=6"], 5),
        (["wait=soon, wait=6"], None),
        (["wait"], None),
        (["wait="], None),
        (["wait=-1"], None),
        (["wait=1.5"], None),
        (["wait=²"], None),
        (['wait="'], None),
        (["waiting=3"], None),
        ([""], None),
    ],
)
def test_preference_is_read_as_the_standard_says(lines: list[str], seconds: int | None) -> None:
    """Only a number of seconds makes a request wait; what is wrong or unknown is ignored."""
    headers = [(b"prefer", line.encode("latin-1")) for line in lines]
    assert preferred_wait(Request({"type": "http", "headers": headers})) == seconds


@pytest.fixture
def app() -> Any:
    """The example."""
    return ApiLauncher.build(build_example_config(executor="threads"))


@pytest.fixture
def waiting(app: Any, serve: Callable[[Any], str]) -> Iterator[Waiting]:
    """A live server with a scenario whose status was read."""
    with AlgomancyClient(serve(app)) as client, ThreadPoolExecutor(1) as pool:
        yield Waiting(app, client, pool)


class Waiting:
    """Asks for a scenario in a thread of its own."""

    def __init__(self, app: Any, client: AlgomancyClient, pool: ThreadPoolExecutor) -> None:
        self._waiters = app.state.waiters
        self._pool = pool
        self.client = client
        self.scenario = client.create_scenario("one", "Master data", "Greedy slotting")
        self.url = f"{client.base_url}/api/v1/sessions/main/scenarios/{self.scenario.id}"

    def ask(self, path: str, wait: int, tag: str | None = None) -> httpx.Response:
        known = {} if tag is None else {"If-None-Match": tag}
        return httpx.get(self.url + path, headers={"Prefer": f"wait={wait}", **known}, timeout=PATIENCE)

    def until(self, change: Callable[[], Any], path: str = "/status") -> httpx.Response:
        """The answer to a request that waits while something changes."""
        tag = self.ask(path, 60).headers["etag"]
        asked = self._pool.submit(self.ask, path, 60, tag)
        while not self._waiters.present:
            assert not asked.done()
        change()
        return asked.result(PATIENCE)


@pytest.mark.parametrize("path", ["/status", ""])
def test_request_is_answered_when_the_scenario_changes(path: str, waiting: Waiting) -> None:
    """With what it is then, and with the next tag."""
    answer = waiting.until(lambda: waiting.client.run_scenario(waiting.scenario), path)
    assert answer.json()["status"] != "created"
    assert answer.headers["preference-applied"] == "wait=60"
    assert answer.headers["etag"].startswith('W/"')


@pytest.mark.parametrize("path", ["/status", ""])
def test_request_is_answered_304_when_nothing_changes(path: str, waiting: Waiting) -> None:
    """After the wait, with the tag it came with; changes of others do not count."""
    tag = waiting.ask(path, 60).headers["etag"]
    waiting.client.create_scenario("another", "Master data", "Greedy slotting")
    answer = waiting.ask(path, 0, tag)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert answer.headers["preference-applied"] == "wait=0"


def test_request_is_answered_404_when_the_scenario_goes(waiting: Waiting) -> None:
    """At once, whether it is deleted itself or with its session."""
    assert waiting.until(lambda: waiting.client.delete_scenario(waiting.scenario)).status_code == 404
    waiting.url = waiting.url.replace(
        waiting.scenario.id, waiting.client.create_scenario("two", "Master data", "Slow").id
    )
    assert waiting.until(lambda: waiting.client.delete_session("main"), "").status_code == 404


def test_request_outlives_another_name_of_the_session(waiting: Waiting) -> None:
    """It was asked by a name that is no more: the answer is what the scenario is."""
    waiting.client.create_session("other")

    def change() -> None:
        session = waiting.client.rename_session("main", "renamed").id
        waiting.client.in_session(session).run_scenario(waiting.scenario)

    assert waiting.until(change).json()["status"] != "created"


def test_requests_end_when_the_server_stops(app: Any, waiting: Waiting) -> None:
    """At once, as if the time were up."""
    assert waiting.until(app.state.waiters.close).status_code == 304
    assert not app.state.waiters.present


def test_request_of_a_client_that_goes_is_over(app: Any, waiting: Waiting) -> None:
    """Nothing is left of it."""
    tag = waiting.ask("/status", 0).headers["etag"]
    served = httpx.URL(f"{waiting.url}/status")
    head = f"GET {served.path} HTTP/1.1\r\nHost: {served.host}\r\nPrefer: wait=60\r\nIf-None-Match: {tag}\r\n\r\n"
    with socket.create_connection((served.host, served.port), PATIENCE) as client:
        client.sendall(head.encode())
        while not app.state.waiters.present:
            time.sleep(0.01)
    while app.state.waiters.present:
        time.sleep(0.01)


def test_status_without_the_preference_is_as_it_was(waiting: Waiting) -> None:
    """No tag, and nobody waits."""
    for headers in ({}, {"Prefer": "respond-async"}, {"If-None-Match": "*"}):
        answer = httpx.get(f"{waiting.url}/status", headers=headers)
        assert (answer.status_code, set(answer.headers) & {"etag", "preference-applied"}) == (200, set())


def test_backend_without_events_answers_at_once(
    backend: Any, http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not say that it waited."""
    monkeypatch.setattr(backend.main, "listen", None, raising=False)
    scenario = backend.main.create_scenario("t")
    path = f"/api/v1/sessions/main/scenarios/{scenario.id}/status"
    tag = http.get(path, headers={"Prefer": "wait=60"}).headers["etag"]
    answer = http.get(path, headers={"Prefer": "wait=60", "If-None-Match": tag})
    assert (answer.status_code, "preference-applied" in answer.headers) == (304, False)
