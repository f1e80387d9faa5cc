"""The command line, run in this process, and live servers for it to talk to."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from algomancy_api import ApiLauncher
from algomancy_api.cli import main
from algomancy_api.example import build_example_config


def lines(result: Result) -> list[str]:
    """The lines of a result that went well and complained of nothing."""
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout.splitlines()


class Process:
    """A running `algomancy-api serve`, or another command that serves."""

    def __init__(self, *arguments: str, folder: Path, serving: str = "serve", **environment: str) -> None:
        command = [sys.executable, "-m", "algomancy_api.cli", serving, "--port", "0", *arguments]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=folder,
            env={**os.environ, **environment},
        )
        self.told: list[str] = []

    def url(self, last_words: str = "press Ctrl-C to stop") -> str:
        """Where it is, once it has told so."""
        for line in self.process.stdout or ():
            self.told.append(line.rstrip())
            if last_words in line:
                break
        match = re.search(r"http://127\.0\.0\.1:\d+", "\n".join(self.told))
        if match is None:
            raise AssertionError(f"The server did not tell where it is: {self.told}")
        return match[0]

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """End it; gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a command."""
    for name in ("ALGOMANCY_URL", "ALGOMANCY_SESSION", "ALGOMANCY_TOKEN", "ALGOMANCY_PREFIX", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def command() -> Callable[..., Result]:
    """Runs `algomancy-api` with some arguments, its output being a pipe."""
    return lambda *arguments, **environment: CliRunner().invoke(main, arguments, env=environment)


@pytest.fixture
def url(serve: Callable[[Any], str]) -> str:
    """The URL of a fresh server with the bundled example."""
    return serve(ApiLauncher.build(build_example_config()))


@pytest.fixture
def drive(command: Callable[..., Result], url: str) -> Callable[..., Result]:
    """Runs `algomancy-api` against that server."""
    return lambda *arguments, **environment: command(*arguments, ALGOMANCY_URL=url, **environment)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts servers in an empty folder, and ends those that still run."""
    processes: list[Process] = []

    def start(*arguments: str, **environment: str) -> Process:
        processes.append(Process(*arguments, folder=tmp_path, **environment))
        return processes[-1]

    yield start
    for process in processes:
        process.stop()
