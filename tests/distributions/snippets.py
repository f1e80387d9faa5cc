"""The two snippets of the README that the seed has: one serves the bundled example, one polls it."""

from __future__ import annotations

import ast
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
(SERVE,) = [block for block in PYTHON if "build_example_config())" in block]
(POLL,) = [block for block in PYTHON if "while True:" in block]
PUBLISHED = "http://127.0.0.1:8051"


@contextmanager
def served(python: Sequence[str], variables: Mapping[str, str], folder: Path) -> Iterator[str]:
    """Run the snippet that serves on a free port and give its URL; the server is ended on the way out."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = SERVE.replace("build_example_config()", f"build_example_config(port={port})")
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen([*python, "-c", serve], env=variables, cwd=folder, stdout=nowhere, stderr=nowhere)
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=12)) as http:
            assert http.get(f"http://127.0.0.1:{port}/health", timeout=30).status_code == 200
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def run_seed_snippets(python: Sequence[str], variables: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """Run both and return the scenario that the second one prints."""
    with served(python, variables, folder) as url:
        poll = POLL.replace(PUBLISHED, url).replace('"duration": 5', '"duration": 1')
        command = [*python, "-c", poll]
        polled = subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, timeout=60)
    assert polled.returncode == 0, polled.stderr
    scenario: dict[str, Any] = ast.literal_eval(polled.stdout.splitlines()[-1])
    return scenario
