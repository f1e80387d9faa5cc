"""The command line, run in this process, and live servers for it to talk to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from algomancy_api import ApiLauncher
from algomancy_api.cli import main
from algomancy_api.client import AlgomancyClient
from algomancy_api.example import build_example_config


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
def client(url: str) -> Iterator[AlgomancyClient]:
    """A client of that server."""
    with AlgomancyClient(url) as client:
        yield client


@pytest.fixture
def drive(command: Callable[..., Result], url: str) -> Callable[..., Result]:
    """Runs `algomancy-api` against that server."""
    return lambda *arguments, **environment: command(*arguments, ALGOMANCY_URL=url, **environment)
