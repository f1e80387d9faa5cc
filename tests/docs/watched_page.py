"""A page of the machine's browser, which notes what a clean page of the site does not do, and whom it asked."""

from __future__ import annotations

import time
from typing import Any

from tests.conftest import Problems

_PATIENCE = 40.0


class WatchedPage:
    """A page that goes from one address to the next.

    Args:
        page: A page of Playwright.

    Attributes:
        problems: What went wrong since it was opened.
        requested: Every address it asked for since.
    """

    def __init__(self, page: Any) -> None:
        self._page = page
        self.requested: list[str] = []
        watched = Problems()
        watched.watch(page)
        self.problems = watched.said
        page.on("request", lambda request: self.requested.append(request.url))

    def open(self, url: str) -> None:
        """Go to an address, and wait until it has loaded."""
        self._resize(1280)
        self.problems.clear()
        self.requested.clear()
        self._page.goto(url)

    def width_of_page(self, width: int) -> int:
        """How wide the page is in a window of that width: more when something sticks out."""
        self._resize(width)
        return int(self.evaluate("document.documentElement.scrollWidth"))

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        return self._page.evaluate(expression)

    def wait_until(self, expression: str) -> Any:
        """The value of an expression, once it is neither false nor empty."""
        deadline = time.monotonic() + _PATIENCE
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < deadline, f"It never became true: {expression}"
            self._page.wait_for_timeout(50)
        return value

    def _resize(self, width: int) -> None:
        self._page.set_viewport_size({"width": width, "height": 900})
