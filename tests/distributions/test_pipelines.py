"""The kit in other people's pipelines: what the GitHub action and the GitLab snippet run, run with the kit's wheel."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from algomancy_conformance.judging.report import WRITERS
from algomancy_conformance.mutants.reference import reference_app
from algomancy_conformance.mutants.wire import Deviant, status
from algomancy_conformance.selftest import AppTarget
from algomancy_conformance.target.servers import free_port
from tests.distributions.environments import Environment

KIT = Path(__file__).parents[2] / "conformance"
SECONDS = 120
SHORT = "--only MET-1 --only SES-1 --layer clauses"
"""What makes a run of seconds of one of minutes."""


@pytest.fixture
def machine(wheels: dict[str, Path], tmp_path: Path) -> Path:
    """A folder of commands that come first: `python -m venv` and `pip` install what is there without a network."""
    alone = Environment(tmp_path / "site", [wheels["algomancy-conformance"]])
    kit = shlex.join(["env", f"PYTHONPATH={alone.site}", *alone.command("-m", "algomancy_conformance")])
    server = [sys.executable, "-m", "algomancy_conformance.target.serving"]
    server.append("algomancy_conformance.mutants.reference:reference_app")
    commands = {
        "pip": f'echo "$@" >> {shlex.quote(str(tmp_path / "installed"))}',
        "algomancy-conformance": f'exec {kit} "$@"',
        "my-server": f'exec {shlex.join(server)} "$@"',
        "python": 'mkdir -p "$3/bin" && cp "$(dirname "$0")/pip" "$(dirname "$0")/algomancy-conformance" "$3/bin"',
    }
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, line in commands.items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    return folder


def run_script(script: str, machine: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the lines of a step as a runner does, and end what they leave running in the background."""
    environment = {**os.environ, "PATH": f"{machine}{os.pathsep}{os.environ['PATH']}", **variables}
    log = machine.parent / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            env=environment,
            cwd=machine.parent,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            return subprocess.CompletedProcess(script, process.wait(SECONDS), log.read_text())
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def steps_of_the_action() -> Iterator[tuple[dict[str, Any], str]]:
    """The action, and the lines of each of its steps that has some."""
    action = yaml.safe_load((KIT / "action.yml").read_text())
    for step in action["runs"]["steps"]:
        if "run" in step:
            yield {**action, "env": step["env"]}, step["run"]


def run_action(machine: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """Run the action with its inputs."""
    ((action, script),) = steps_of_the_action()
    inputs = {name: given.get(name, row.get("default", "")) for name, row in action["inputs"].items()}

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: inputs[found[1]], text)

    assert filled(action["outputs"]["report"]["value"]) == inputs["report"]
    github = {
        "RUNNER_TEMP": str(machine.parent / "temp"),
        "GITHUB_ACTION_PATH": str(KIT),
        "GITHUB_STEP_SUMMARY": str(machine.parent / "summary"),
    }
    return run_script(script, machine, **{name: filled(text) for name, text in action["env"].items()}, **github)


def test_action_installs_the_kit_and_reports(machine: Path) -> None:
    """A conformant backend: the step passes, the summary is shown, all reports and the badge are there."""
    with closing(AppTarget(reference_app)) as target:
        done = run_action(machine, url=target.url, arguments=f"--seed 1 --fast 'Greedy slotting' {SHORT}")

    assert done.returncode == 0, done.stdout
    assert (machine.parent / "installed").read_text() == f"install --quiet {KIT}\n"
    assert tomllib.loads((KIT / "pyproject.toml").read_text())["project"]["name"] == "algomancy-conformance"
    assert (machine.parent / "summary").read_text().startswith("# CONFORMANT")
    report = machine.parent / "conformance-report"
    assert {file.name for file in report.iterdir()} == set(WRITERS)
    assert json.loads((report / "report.json").read_text())["target"] == target.url
    assert ">conformant · 2/2<" in (report / "badge.svg").read_text()


def test_action_fails_with_the_answer_of_the_kit(machine: Path) -> None:
    """A backend that breaks a clause fails the step, and the summary and the reports are there all the same."""
    with closing(AppTarget(lambda: Deviant(reference_app(), status("GET /sessions", 203, 200)))) as target:
        done = run_action(machine, url=target.url, arguments=SHORT, report="elsewhere")

    assert done.returncode == 1, done.stdout
    assert (machine.parent / "summary").read_text().startswith("# NOT CONFORMANT")
    assert ">not conformant" in (machine.parent / "elsewhere" / "badge.svg").read_text()


def test_action_without_a_url_takes_the_target_from_its_arguments(machine: Path) -> None:
    """An empty input is not handed on."""
    done = run_action(machine, arguments=f"--serve 'my-server --port {{port}}' {SHORT}")
    assert done.returncode == 0, done.stdout


def test_gitlab_snippet_starts_a_server_waits_for_it_and_reports(machine: Path) -> None:
    """The lines of the README, with another port: what it hands to GitLab is there at the end."""
    (text,) = re.findall(r"On GitLab:\n\n```yaml\n(.*?)```", (KIT / "README.md").read_text(), re.DOTALL)
    job = yaml.safe_load(text.replace("8051", str(free_port())))["conformance"]
    script = "\n".join(job["script"]).replace("--seed 1", f"--seed 1 {SHORT}")
    done = run_script(script, machine)

    assert done.returncode == 0, done.stdout
    assert (machine.parent / "installed").read_text() == "install ./conformance\n"
    (folder,) = job["artifacts"]["paths"]
    assert (machine.parent / folder / "badge.svg").exists()
    assert (machine.parent / job["artifacts"]["reports"]["junit"]).exists()
