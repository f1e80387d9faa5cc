"""A sandbox, and worlds in it that a test steers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import uvicorn
from starlette.testclient import TestClient

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from algomancy_api.http.server import BoundedProtocol

MANUAL = {"mode": "manual"}


class SteeredWorld:
    """A world, as a frontend's test uses it.

    Args:
        http: A client of the sandbox.
        wanted: What is asked for.
    """

    def __init__(self, http: TestClient, **wanted: Any) -> None:
        self.http = http
        made = http.post("/sandbox/worlds", json={"clock": MANUAL, "fixture": "demo", **wanted})
        assert made.status_code == 201, made.text
        self.made = made.json()
        self.path = f"/sandbox/worlds/{self.made['name']}"
        self.base = self.made["base_url"].replace("http://testserver", "")

    def steer(self, method: str, path: str = "", **body: Any) -> Any:
        """Ask the control API of this world; give what it answers."""
        answer = self.http.request(method, f"{self.path}{path}", json=body or None)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def api(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Ask the API of this world; give the response."""
        return self.http.request(method, f"{self.base}{path}", json=body, **options)

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        self.steer("POST", "/clock/advance", seconds=seconds)

    def scenario(self, tag: str = "mine", algorithm: str = "Greedy slotting") -> str:
        """Create a scenario; give its path."""
        body = {"tag": tag, "dataset_key": "Master data", "algo_name": algorithm}
        return f"/sessions/main/scenarios/{self.api('POST', '/sessions/main/scenarios', body).json()['id']}"

    def run(self, scenario: str) -> Any:
        """Run a scenario; give it as it is then."""
        return self.api("POST", f"{scenario}/run").json()

    def status(self, scenario: str) -> tuple[str, float]:
        """Give status and progress of a scenario."""
        shown = self.api("GET", f"{scenario}/status").json()
        return shown["status"], shown["progress"]

    def statuses(self) -> dict[str, str]:
        """Give the status of each scenario by its tag."""
        listed = self.api("GET", "/sessions/main/scenarios?view=summary").json()
        return {each["tag"]: each["status"] for each in listed}


@pytest.fixture(scope="module")
def serve_alone() -> Iterator[Callable[..., list[str]]]:
    """A function that serves an application as `ApiLauncher.run` does, on free ports, and returns their URLs."""
    with ExitStack() as stack:

        def serve(app: Any, ports: int = 1) -> list[str]:
            listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(ports)]
            server = uvicorn.Server(uvicorn.Config(app, http=BoundedProtocol, log_level="error"))
            serving = threading.Thread(target=server.run, kwargs={"sockets": listeners}, daemon=True)
            serving.start()
            stack.callback(serving.join, 20)
            stack.callback(setattr, server, "should_exit", True)
            return [f"http://127.0.0.1:{listener.getsockname()[1]}" for listener in listeners]

        yield serve


@pytest.fixture(scope="session")
def sandbox() -> Iterator[TestClient]:
    """A client of a sandbox whose default world is empty."""
    with TestClient(ApiLauncher.build_sandbox(build_example_config(), "empty")) as http:
        yield http


@pytest.fixture
def make_world(sandbox: TestClient) -> Iterator[Callable[..., SteeredWorld]]:
    """Makes worlds, under a manual clock unless told otherwise, and drops them."""
    made: list[SteeredWorld] = []

    def make(**wanted: Any) -> SteeredWorld:
        made.append(SteeredWorld(sandbox, **wanted))
        return made[-1]

    yield make
    for each in made:
        sandbox.delete(each.path)


@pytest.fixture
def world(make_world: Callable[..., SteeredWorld]) -> SteeredWorld:
    """A world with a seed, under a manual clock."""
    return make_world(seed=7)
