"""What never ends by itself is ended when a server stops, whichever server it is."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from algomancy_api.client import AlgomancyClient

SERVICE = """
from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config

app = ApiLauncher.build(build_example_config(executor="threads"))
if __name__ == "__main__":
    ApiLauncher.run(app, port=0)
"""
SERVERS = {"uvicorn": ["-m", "uvicorn", "service:app", "--port", "0"], "ours": ["service.py"]}
PATIENCE = 60


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("kind", SERVERS)
def test_server_that_stops_ends_streams_and_long_polls(kind: str, sent: signal.Signals, tmp_path: Path) -> None:
    """Uvicorn waits for open replies without a limit: none of these is left open."""
    (tmp_path / "service.py").write_text(SERVICE, encoding="utf-8")
    command = [sys.executable, "-u", *SERVERS[kind]]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            told = (re.search(r"(?:running|Serving) on (http://\S+)", line) for line in process.stdout)
            with AlgomancyClient(next(filter(None, told))[1]) as client:
                scenario = client.create_scenario("one", "Master data", "Slow")
                events = client.get_events()
                next(events)
                server = urlsplit(client.base_url)
                with socket.create_connection((server.hostname, server.port), timeout=PATIENCE) as poll:
                    path = f"/api/v1/sessions/main/scenarios/{scenario.id}/status"
                    waits = "Prefer: wait=60\r\nIf-None-Match: *\r\n"
                    poll.sendall(f"GET {path} HTTP/1.1\r\nHost: {server.netloc}\r\n{waits}\r\n".encode())
                    client.list_sessions()  # What was sent before it has been read by the time this is answered.
                    process.send_signal(sent)
                    assert poll.recv(4096).startswith(b"HTTP/1.1 304")
                assert list(events) == []
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
