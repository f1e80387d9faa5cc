"""Pages of the explorer in a real browser, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from tests.conftest import Problems


@pytest.fixture
def problems() -> Iterator[Problems]:
    """None may be left at the end of a test; one that makes some on purpose clears them."""
    found = Problems()
    yield found
    assert found.said == []


@pytest.fixture
def explore(open_page: Callable[..., Any], problems: Problems) -> Callable[..., Any]:
    """Opens the explorer of a server; further arguments are a context's."""

    def open_(url: str, where: str = "/", **settings: Any) -> Any:
        page = open_page(**({"viewport": {"width": 1280, "height": 900}} | settings))
        problems.watch(page)
        page.goto(url + where)
        return page

    return open_


@pytest.fixture
def url(serve: Callable[[Any], str]) -> str:
    """A fresh server with the bundled example."""
    return serve(ApiLauncher.build(build_example_config(executor="threads")))


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., Any]:
    """Makes the configuration of a server that keeps its state in a folder of the test."""
    return lambda: build_example_config(str(tmp_path / "state"), executor="threads")
