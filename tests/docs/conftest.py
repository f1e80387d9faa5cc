"""The built site, and the tools the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from tests.docs.built_site import Site, build_site
from tests.docs.chromium import Chromium, find_chromium


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site as `make docs` builds it."""
    return build_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def site_url(site: Site) -> Iterator[str]:
    """The address the site is served at."""
    with site.served() as url:
        yield url


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """Chromium without a network."""
    program = find_chromium()
    if program is None:
        pytest.skip("Chromium is not installed: the site is not opened in a browser")
    with ExitStack() as stack:
        yield stack.enter_context(Chromium.started(program, tmp_path_factory.mktemp("chromium")))


@pytest.fixture
def example_url(serve: Callable[[object], str]) -> str:
    """The address of a fresh server with the bundled example."""
    return serve(ApiLauncher.build(build_example_config()))
