"""Events and long polls behind nginx, as Debian ships it."""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from algomancy_api import ApiLauncher
from algomancy_api.client import AlgomancyClient
from algomancy_api.example import build_example_config

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  gzip on;
  gzip_proxied any;
  gzip_types text/event-stream application/json;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {upstream};
      proxy_http_version 1.1;
    }}
  }}
}}
"""
"""Buffering is on, as it is by default: what the server says of it is to be enough."""


@pytest.fixture
def proxied(serve: Callable[[Any], str], tmp_path: Path) -> Iterator[AlgomancyClient]:
    """A client that reaches its server through nginx."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed: nothing is sent through it")
    upstream = serve(ApiLauncher.build(build_example_config(executor="threads", allowed_hosts=["*"])))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=tmp_path, port=port, upstream=upstream), encoding="utf-8")
    with subprocess.Popen([program, "-c", str(configuration), "-e", str(tmp_path / "error.log")]) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            with httpx.Client(transport=httpx.HTTPTransport(retries=6)) as http:
                http.get(f"{url}/health").raise_for_status()
            with AlgomancyClient(url) as client:
                yield client
        finally:
            process.terminate()


def test_events_pass_at_once(proxied: AlgomancyClient) -> None:
    """Nothing is kept back until more comes, nor compressed; how long they take is printed."""
    events = proxied.get_events()
    assert next(events).kind == "snapshot"
    delays = []
    for number in range(20):
        run = proxied.run_scenario(proxied.create_scenario(f"run {number}", "Master data", "Greedy slotting"))
        while getattr(told := next(events).data, "status", None) != "complete" or getattr(told, "id", None) != run.id:
            pass
        heard_at = datetime.now(UTC)
        finished_at = proxied.get_scenario(run).finished_at
        assert finished_at is not None
        delays.append((heard_at - finished_at).total_seconds())
    print(f"event through nginx: {statistics.median(delays) * 1e3:.1f} ms")
    events.close()


def test_long_polls_pass(proxied: AlgomancyClient) -> None:
    """Header by header, and both ways."""
    scenario = proxied.create_scenario("one", "Master data", "Greedy slotting")
    url = f"{proxied.base_url}/api/v1/sessions/main/scenarios/{scenario.id}/status"
    tag = httpx.get(url, headers={"Prefer": "wait=1"}).headers["ETag"]
    began = time.monotonic()
    answer = httpx.get(url, headers={"Prefer": "wait=1", "If-None-Match": tag})
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (304, "wait=1")
    assert time.monotonic() - began >= 1
