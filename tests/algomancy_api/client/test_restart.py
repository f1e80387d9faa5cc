"""A server that is killed and restarted while a client waits for a scenario."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from algomancy_api.client import AlgomancyClient, NotFound
from algomancy_api.schemas import ScenarioStatus
from tests.algomancy_api.client.client_faces import Face


class Server:
    """An `algomancy-api serve` that can be killed, and started again in the same place."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self) -> None:
        """Start it, without waiting until it answers."""
        command = [sys.executable, "-m", "algomancy_api.cli", "serve", "--port", str(self.port), *self._arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def url(self) -> str:
        """Where it is, as it says itself."""
        process = self._process
        if process is None or process.stdout is None:
            raise RuntimeError("The server was not started.")
        for line in process.stdout:
            if match := re.search(r"http://127\.0\.0\.1:(\d+)$", line.partition(" (")[0].strip()):
                self.port = int(match[1])
                return match[0]
        raise RuntimeError("The server did not say where it is.")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None


@pytest.fixture
def make_server() -> Iterator[Callable[..., Server]]:
    """Makes servers, and ends those that still run."""
    servers: list[Server] = []

    def make(*arguments: str) -> Server:
        servers.append(Server(*arguments))
        servers[-1].start()
        return servers[-1]

    yield make
    for server in servers:
        server.kill()


class RestartOnce:
    """A callback that kills and restarts the server the first time it hears that the scenario is running."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.restarted_at: datetime | None = None

    def __call__(self, status: ScenarioStatus) -> None:
        """Restart, without waiting until the server answers."""
        if self.restarted_at is None and status.status == "processing" and status.progress > 0:
            self._server.kill()
            self.restarted_at = datetime.now(UTC)
            self._server.start()


def test_run_survives_kill_and_restart_of_a_durable_server(
    make_server: Callable[..., Server], make_face: Callable[..., Face], tmp_path: Path
) -> None:
    """`kill -9` in the middle of `run_and_wait`, then a restart: the scenario ends complete, with its KPIs."""
    server = make_server("--data-path", str(tmp_path / "state"))
    restart = RestartOnce(server)
    face = make_face(server.url(), real_time=True)
    done = face.run_and_wait(
        "Slow", "Master data", tag="durable", algo_params={"duration": 2}, timeout=90, on_progress=restart
    )
    assert done.status == "complete"
    assert all(kpi.value is not None for kpi in done.kpis.values())
    assert None not in (restart.restarted_at, done.started_at)
    assert done.started_at > restart.restarted_at  # it began anew
    assert [scenario.tag for scenario in face.list_scenario_summaries()].count("durable") == 1


def test_run_tells_that_a_server_without_state_forgot_it(make_server: Callable[..., Server]) -> None:
    """After a restart of a server that keeps no state the scenario is not found, and the message tells why."""
    server = make_server()
    with AlgomancyClient(server.url()) as client, pytest.raises(NotFound, match="restarted and keeps no state"):
        client.run_and_wait(
            "Slow", "Master data", algo_params={"duration": 20}, timeout=90, on_progress=RestartOnce(server)
        )
