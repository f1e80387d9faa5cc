"""The helpers for frontends, and the end-to-end tests that show how to use them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from tests.repository import ROOT

FRONTEND = ROOT / "example" / "frontend"
PROGRAM = """
import { World } from "./sandbox.mjs";
const world = await World.create({ fixture: "demo", seed: 1 });
await world.script("mine", { duration: 10, outcome: "fail", error: "As told." });
const path = await world.run("mine");
await world.snapshot("running");
await world.advance(4);
console.log((await world.api("GET", `${path}/status`)).progress);
await world.restore("running");
await world.advance(10);
console.log((await world.api("GET", path)).error);
await world.fault({ operation: "list_sessions", status: 503, detail: "Away.", times: 1 });
console.log(await world.api("GET", "/sessions").catch((error) => `${error.status} ${error.message}`));
await world.clearFaults();
console.log((await world.requests({ status: 503 })).map((each) => each.operation).join());
console.log((await world.clock("scaled", 60)).factor, (await world.clock("manual")).mode);
await world.unscript("mine");
await world.reset();
console.log((await world.requests()).length);
await world.drop();
console.log(await world.reset().catch((error) => error.status));
"""


@pytest.fixture
def environment(serve: Callable[[Any], str]) -> dict[str, str]:
    """What tells the helpers where a sandbox is that lets the example's page in."""
    config = build_example_config(cors_origins=["*"])
    return {**os.environ, "ALGOMANCY_SANDBOX": serve(ApiLauncher.build_sandbox(config))}


def test_frontend_passes_its_tests_in_chromium(environment: dict[str, str]) -> None:
    """A failing run is the same to the pixel, a server that is away is told, and worlds never meet."""
    pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: the frontend is not tried")
    if shutil.which("chromium") is None and shutil.which("chromium-browser") is None:
        pytest.skip("Chromium is not installed: the frontend is not tried")
    command = [sys.executable, "-m", "pytest", str(FRONTEND), "-q", "-c", os.devnull, "-p", "no:cacheprovider"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_helper_for_node_steers_a_world(environment: dict[str, str]) -> None:
    """Scripts, clock, snapshots, faults and log, from Node without a dependency."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed: its helper is not tried")
    command = [node, "--input-type=module", "--eval", PROGRAM]
    done = subprocess.run(
        command, cwd=FRONTEND, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines() == [
        "40", "As told.", "503 Away.", "list_sessions", "60 manual", "0", "404",
    ], done.stderr  # fmt: skip


@pytest.mark.parametrize("name", ["sandbox.mjs", "sandbox.py"])
def test_helper_is_small_enough_to_copy(name: str) -> None:
    """Under a hundred lines."""
    assert len((FRONTEND / name).read_text("utf-8").splitlines()) < 100
