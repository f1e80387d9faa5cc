"""The built site as tests look at it: its pages, their ids, and what they refer to."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.repository import ROOT

_LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "object": "data"}


@dataclass
class Page:
    """What one HTML file holds.

    Attributes:
        ids: The ids that an anchor may name.
        links: The targets of its ``<a>`` elements.
        loads: What a browser fetches to show it.
        text: Its text.
    """

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.page.ids.add(given["id"])
        if tag == "a" and "href" in given:
            self.page.links.append(given["href"])
        if tag == "link" and "href" in given and given.get("rel") not in ("canonical", "next", "prev", "author"):
            self.page.loads.append(given["href"])
        if given.get(_LOADED.get(tag, "")):
            self.page.loads.append(given[_LOADED[tag]])
        self._silent += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.page.text += data


class Site:
    """A built site in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def pages(self) -> dict[str, Page]:
        """Every HTML page by its path in the site."""
        return {
            path.relative_to(self.folder).as_posix(): read_page(path) for path in sorted(self.folder.rglob("*.html"))
        }

    @cached_property
    def written(self) -> list[str]:
        """The paths of the pages that people read: no redirects of plug-ins, no frames, no error page."""
        return [name for name, page in self.pages.items() if "__search" in page.ids and name != "404.html"]

    @contextmanager
    def served(self) -> Iterator[str]:
        """Serve the folder on a free port and give its address."""
        handler = partial(_QuietHandler, directory=str(self.folder))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield f"http://127.0.0.1:{server.server_address[1]}"
            server.shutdown()
            thread.join(10)


def read_page(path: Path) -> Page:
    """Read one HTML file."""
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    return reader.page


def build_site(folder: Path, sources: Path | None = None) -> Site:
    """Build the site strictly into `folder`; with the packages below `sources` instead of the project's, if given."""
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    if sources is not None:
        environment["PYTHONPATH"] = str(sources)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WARNING" not in result.stderr
    return Site(folder)


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
