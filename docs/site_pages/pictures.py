"""Pictures of the explorer, taken anew for each build of the site: it shows what the page looks like now."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

WANTED = "ALGOMANCY_PICTURES"
"""Environment variable: whether pictures are taken. They cost some seconds, so `make docs` alone asks for them."""

FOLDER = "assets/explorer"
PLACE = "<!-- pictures of the explorer: made by docs/site_pages/pictures.py -->"

_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_WIDTH, _HEIGHT = 1280, 720
_TEXTS = {
    "compare": "The explorer compares three plans: bars for each KPI, and which plan is best in what.",
    "scenarios": "The explorer shows a plan: its KPIs, what it was made of, and its result.",
}


def explorer_pictures() -> dict[str, bytes]:
    """The pictures by their paths in the site; none where they are not wanted or there is no browser to take them."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not os.environ.get(WANTED) or program is None or importlib.util.find_spec("playwright") is None:
        return {}
    from playwright.sync_api import sync_playwright

    pictures = {}
    with _demonstration() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for scheme in _SCHEMES:
            page = browser.new_page(color_scheme=scheme, viewport={"width": _WIDTH, "height": _HEIGHT})
            page.goto(f"{url}/explorer")
            page.get_by_role("link", name="Greedy").click()
            page.get_by_text("Made of").wait_for()
            pictures[_path("scenarios", scheme)] = page.screenshot(full_page=True)
            page.get_by_role("navigation", name="Views").get_by_role("link", name="Compare").click()
            page.get_by_role("list", name="Which is best").wait_for()
            pictures[_path("compare", scheme)] = page.screenshot(full_page=True)
        browser.close()
    return pictures


def with_pictures(markdown: str, pictures: dict[str, Any]) -> str:
    """Return a page with the pictures where it asks for them, each in the scheme that the reader has chosen."""
    shown = [
        f"![{text}]({_path(name, scheme)}#only-{scheme})"
        for name, text in _TEXTS.items()
        for scheme in _SCHEMES
        if _path(name, scheme) in pictures
    ]
    return markdown.replace(PLACE, "\n\n".join(shown))


def _path(name: str, scheme: str) -> str:
    return f"{FOLDER}/{name}-{scheme}.png"


@contextmanager
def _demonstration() -> Iterator[str]:
    """What `make demo` serves, somewhere else."""
    command = [sys.executable, "-m", "algomancy_api.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            for line in process.stdout or ():
                if found := re.search(r"Serving on (http://\S+)", line):
                    yield found[1]
                    return
            raise RuntimeError("The server for the pictures did not start.")
        finally:
            process.terminate()
