"""Each example request of the reference pages runs, in each of its three languages, and is answered as documented."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from site_pages.document import Operation, operations
from site_pages.request_examples import SERVER, as_curl, as_fetch, as_httpx, example_request

from tests.repository import MASTER_DATA

OPERATIONS = list(operations())
EXPECTED = {one.id: next(int(code) for code in one.spec["responses"] if code.startswith("2")) for one in OPERATIONS}
SENT = next(example_request(one).body for one in OPERATIONS if one.id == "add_dataset_from_json")
SCENARIO = {"tag": "of the test", "dataset_key": "Master data", "algo_name": "Slow", "algo_params": {"duration": 60}}
_TIMED_OUT = 28  # What curl says when its time is up.
SESSION_IN_PATH = re.compile(r"(?<=/sessions/)[^/\"'\s]+")
SCENARIO_IN_PATH = re.compile(r"(?<=/scenarios/)[^/\"'\s]+")


STREAMED = {one.id for one in OPERATIONS if example_request(one).stream}
"""What would be read for ever: the tests stop at the first line."""


class _EnoughError(Exception):
    """A program that reads for ever has shown what it reads."""


def aimed_at(server: str, operation: Operation, write: Callable[..., str]) -> str:
    """The example of `operation`, for a session of its own on `server` that is in the state it needs."""
    text = write(example_request(operation)).replace(SERVER, server)
    if "{session_id}" not in operation.path:
        return text
    base = f"{server}/api/v1/sessions"
    name = f"for {operation.id}"
    sessions = httpx.post(f"{base}/main/copy", json={"new_display_name": name}).raise_for_status().json()["sessions"]
    session = next(one["id"] for one in sessions if one["display_name"] == name)
    text = SESSION_IN_PATH.sub(session, text)
    if operation.id != "add_dataset_from_json":
        httpx.post(f"{base}/{session}/data/from-json", json=SENT).raise_for_status()
    if "{scenario_id}" in operation.path:
        made = httpx.post(f"{base}/{session}/scenarios", json=SCENARIO).raise_for_status().json()["id"]
        if operation.id == "cancel_scenario":
            httpx.post(f"{base}/{session}/scenarios/{made}/run").raise_for_status()
        text = SCENARIO_IN_PATH.sub(made, text)
    return text


def test_httpx_examples_are_answered_as_documented(example_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every httpx program prints the documented status."""
    monkeypatch.chdir(MASTER_DATA)
    answered: dict[str, Any] = {}
    for operation in OPERATIONS:
        printed: list[Any] = []

        def show(*words: Any, to: list[Any] = printed, name: str = operation.id) -> None:
            to.append(words[0])
            if name in STREAMED:
                raise _EnoughError

        with suppress(_EnoughError):
            exec(compile(aimed_at(example_url, operation, as_httpx), operation.id, "exec"), {"print": show})
        answered[operation.id] = printed[0]
    assert answered == EXPECTED


def test_curl_examples_are_answered_as_documented(example_url: str) -> None:
    """Every curl command gets the documented status."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed: its examples are not run")
    answered = {}
    for operation in OPERATIONS:
        quiet = "curl --silent --show-error --output /dev/null --write-out '%{http_code}' "
        quiet += "--max-time 2 " if operation.id in STREAMED else ""
        command = aimed_at(example_url, operation, as_curl).replace("curl ", quiet, 1)
        result = subprocess.run(["bash", "-c", command], cwd=MASTER_DATA, capture_output=True, text=True, timeout=30)
        assert result.returncode in ((_TIMED_OUT,) if operation.id in STREAMED else (0,)), f"{command}\n{result.stderr}"
        answered[operation.id] = int(result.stdout)
    assert answered == EXPECTED


def test_fetch_examples_are_answered_as_documented(example_url: str, tmp_path: Path) -> None:
    """Every fetch program logs the documented status."""
    if shutil.which("node") is None:
        pytest.skip("Node is not installed: the fetch examples are not run")
    lines = [
        "let current;",
        f"const streamed = {sorted(STREAMED)};",
        "console.log = (status) => {",
        "  process.stdout.write(`${current} ${status}\\n`);",
        "  if (streamed.includes(current)) throw 'enough';",
        "};",
        "const all = async (module) => { try { await import(module); } catch (e) { if (e !== 'enough') throw e; } };",
    ]
    for operation in OPERATIONS:
        module = tmp_path / f"{operation.id}.mjs"
        module.write_text(aimed_at(example_url, operation, as_fetch), encoding="utf-8")
        lines.append(f"current = {operation.id!r}; await all({module.as_uri()!r});")
    driver = tmp_path / "all.mjs"
    driver.write_text("\n".join(lines), encoding="utf-8")
    result = subprocess.run(["node", str(driver)], cwd=MASTER_DATA, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    answered = dict(line.split() for line in result.stdout.splitlines())
    assert {name: int(status) for name, status in answered.items()} == EXPECTED
