"""The README is short, and every code block in it works."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from algomancy_api import ApiLauncher
from algomancy_api.example import add_sample_runs, build_example_config
from tests.repository import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
SHELL = [line for language, text in BLOCKS if language == "sh" for line in text.splitlines()]
PUBLISHED = "http://127.0.0.1:8051"


def block_with(words: str) -> str:
    """The one Python block that contains `words`."""
    (block,) = [str(text) for text in PYTHON if words in text]
    return block


def test_readme_stays_under_200_lines() -> None:
    """The README has fewer than 200 lines."""
    assert len(README.splitlines()) < 200


def test_readme_blocks_are_all_covered() -> None:
    """Every code block is Python or shell, and there are as many as the tests below run."""
    assert {language for language, _ in BLOCKS} == {"python", "sh"}
    assert len(PYTHON) == 4


@pytest.mark.parametrize("words", ["etl_factory=MyETLFactory", "build_example_config"], ids=["quick start", "example"])
def test_readme_server_blocks_serve(
    words: str, serve: Callable[[Any], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both ways to start a server end in an app that answers."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    answers: list[httpx.Response] = []
    monkeypatch.setattr(ApiLauncher, "run", lambda app: answers.append(httpx.get(f"{serve(app)}/health")))
    example = build_example_config()
    project = {
        "MyETLFactory": example.etl_factory,
        "kpis": example.kpis,
        "algorithms": example.algorithms,
        "schemas": example.schemas,
    }
    exec(compile(block_with(words), "README.md", "exec"), project)
    assert [answer.status_code for answer in answers] == [200]
    assert answers[0].json()["sessions"][0]["display_name"] == "main"


@pytest.fixture
def example_url(serve: Callable[[Any], str]) -> str:
    """The URL of a fresh server with the bundled example."""
    app = ApiLauncher.build(build_example_config())
    add_sample_runs(app.state.session_manager)
    return serve(app)


def test_readme_polling_pattern_ends_complete(example_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The polling pattern prints a complete scenario with three KPI numbers."""
    text = block_with("while True:").replace(PUBLISHED, example_url).replace('"duration": 5', '"duration": 1')
    names: dict[str, Any] = {}
    exec(compile(text, "README.md", "exec"), names)
    printed = eval(capsys.readouterr().out)
    assert printed["status"] == "complete"
    assert [type(kpi["value"]) for kpi in printed["kpis"].values()] == [float] * 3


def test_readme_client_block_prints_kpis(example_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The client's version prints three KPI numbers."""
    exec(compile(block_with("AlgomancyClient").replace(PUBLISHED, example_url), "README.md", "exec"), {})
    assert len(eval(capsys.readouterr().out)) == 3


@pytest.mark.parametrize("line", SHELL)
def test_readme_shell_lines_work(line: str, example_url: str) -> None:
    """Each shell line names a target that make knows, or a command that accepts it."""
    words = shlex.split(line, comments=True)
    if words[0] == "source":
        assert words[1].startswith(".venv/bin/")  # what every target of make sets up
        return
    if words[0] == "make":
        command = ["make", "--dry-run", *words[1:]]
    else:
        program = shutil.which(words[0], path=sysconfig.get_path("scripts"))  # of this very environment
        assert program is not None
        command = [program, *words[1:], "--url", example_url]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stdout + result.stderr
