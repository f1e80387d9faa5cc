"""A world keeps the contract as the reference does, and keeps it while others are in use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from algomancy_api import ApiLauncher
from algomancy_api.example import SAMPLE_DATA, build_example_config

ORIGIN = "https://planner.example"
FULL = "ALGOMANCY_SANDBOX_CONFORMANCE"
"""Name of a variable: with `full` in it the whole kit is run, a minute and a half, and not these clauses alone."""

CLAUSES = ["MET-1", "SES-8", "SES-10", "SCN-4", "SCN-16", "DAT-5"]
NOT_DURABLE = {"DUR-1", "DUR-2", "DUR-3", "DUR-4"}


class AtRoot:
    """The application, with a world of it at the root of each port.

    Args:
        app: The application.

    Attributes:
        worlds: The world of each port.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.worlds: dict[str, str] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one ASGI connection."""
        root = f"/worlds/{self.worlds.get(str(scope.get('server', ('', ''))[1]), '')}"
        if root != "/worlds/" and not scope["path"].startswith(f"{root}/"):
            scope = {**scope, "path": root + scope["path"], "raw_path": root.encode() + scope["raw_path"]}
        await self.app(scope, receive, send)


def test_two_worlds_at_once_are_conformant(serve_alone: Callable[..., list[str]], tmp_path: Path) -> None:
    """The kit, by the reference's yardstick, finds nothing in either; durable is what a sandbox is not."""
    app = AtRoot(ApiLauncher.build_sandbox(build_example_config(cors_origins=[ORIGIN]), "empty"))
    steer, *targets = serve_alone(app, 3)
    short = [word for clause in CLAUSES for word in ("--only", clause)]
    asked = [] if os.environ.get(FULL) == "full" else ["--layer", "clauses", *short]
    kits = []
    for world, target in zip(("one", "other"), targets, strict=True):
        made = httpx.post(f"{steer}/sandbox/worlds", json={"name": world, "fixture": "demo"}, timeout=60)
        assert made.status_code == 201
        app.worlds[target.rpartition(":")[2]] = world
        command = [
            sys.executable,
            "-m",
            "algomancy_conformance",
            "run",
            target,
            "--disposable",
            "--profile",
            "reference",
        ]
        given = ["--cors-origin", ORIGIN, "--etl-files", str(SAMPLE_DATA / "Master data")]
        command += [*given, "--report", str(tmp_path / world), *asked]
        kits.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    said = [kit.communicate(timeout=600)[0] for kit in kits]
    for world in ("one", "other"):
        report = json.loads((tmp_path / world / "report.json").read_text("utf-8"))
        verdicts: dict[str, set[str]] = {}
        for clause in report["clauses"]:
            verdicts.setdefault(clause["outcome"], set()).add(clause["id"])
        assert verdicts["passed"] >= set(CLAUSES), said
        assert verdicts.get("untested", set()) <= NOT_DURABLE, said
        assert not verdicts.keys() & {"FAIL", "ERROR"}, said
