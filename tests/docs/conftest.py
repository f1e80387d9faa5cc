"""The built site, and the tools the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.docs.built_site import Site, build_site
from tests.docs.watched_page import WatchedPage


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site as `make docs` builds it."""
    return build_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def site_url(site: Site) -> Iterator[str]:
    """The address the site is served at."""
    with site.served() as url:
        yield url


@pytest.fixture
def browser(open_page: Callable[..., Any]) -> WatchedPage:
    """A page of a browser that reaches nothing but this machine."""
    return WatchedPage(open_page())
