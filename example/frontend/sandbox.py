"""Worlds of `algomancy-api sandbox`, for the tests of a frontend. Python 3.11 or later, nothing to install.

with World.create(fixture="demo", seed=1) as world:
    world.script("my-run", duration=30, outcome="fail", error="No truck is free.")
    ...  # open your frontend with `world.base_url`, press the button
    world.advance(30)
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, urlencode

SERVER = os.environ.get("ALGOMANCY_SANDBOX", "http://127.0.0.1:8051")
TOKEN = os.environ.get("ALGOMANCY_TOKEN")


class Refused(Exception):
    """What was asked for was refused; the text says why, `status` with which status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def ask(method: str, url: str, body: Any = None) -> Any:  # noqa: ANN401 - any JSON value
    """Ask a server; give what it answers."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {TOKEN}"} if TOKEN else {})
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=90) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            raise Refused(error.code, json.loads(error.read())["detail"]) from None


class World:
    """A world. As a context manager it is dropped at the end."""

    def __init__(self, made: dict[str, Any], server: str = SERVER) -> None:
        self.name: str = made["name"]
        self.base_url: str = made["base_url"]
        self._control = f"{server}/sandbox/worlds/{quote(self.name)}"

    @classmethod
    def create(cls, server: str = SERVER, **wanted: Any) -> World:  # noqa: ANN401 - as the control API takes them
        """Make a world; `name`, `fixture` (a name or a dict), `seed`, `clock`, `start`, `idle_ttl`, all optional."""
        return cls(ask("POST", f"{server}/sandbox/worlds", wanted), server)

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.steer("DELETE")

    def steer(self, method: str, path: str = "", **body: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Ask the control API about this world, such as `steer("POST", "/snapshots", name="start")`."""
        return ask(method, self._control + path, body or None)

    def api(self, method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401 - any JSON value
        """Ask the API of this world, as a frontend would: `api("GET", "/sessions")`."""
        return ask(method, self.base_url + path, body)

    def script(self, runs: str, **script: Any) -> None:  # noqa: ANN401 - as the control API takes them
        """Say how runs go: those of a scenario's id, of its tag, or of a pattern of tags."""
        self.steer("PUT", f"/runs/{quote(runs, safe='')}", **script)

    def advance(self, seconds: float) -> None:
        """Let time pass under a manual clock; done when everything that was due has happened."""
        self.steer("POST", "/clock/advance", seconds=seconds)

    def fault(self, **told: Any) -> str:  # noqa: ANN401 - as the control API takes them
        """Let something go wrong, such as `fault(operation="list_scenarios", status=503, times=1)`; give its id."""
        return str(self.steer("POST", "/faults", **told)["id"])

    def requests(self, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as the control API takes them
        """What this world was sent and what it answered: `requests(operation="create_scenario")`."""
        found: list[dict[str, Any]] = self.steer("GET", f"/requests?{urlencode(query)}")["requests"]
        return found

    def reset(self) -> None:
        """Go back to the fixture."""
        self.steer("POST", "/reset")
