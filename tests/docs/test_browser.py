"""The site in a browser that reaches nothing but this machine."""

from __future__ import annotations

import pytest
from built_site import Site
from chromium import Chromium
from published import operations

CUT_TABLES = """[...document.querySelectorAll('article table')]
    .filter(table => table.scrollWidth > table.closest('.md-typeset__scrollwrap').clientWidth)
    .map(table => table.tHead.innerText)"""
"""The heads of the tables of which a part is out of sight."""


def test_pages_open_without_a_complaint(site: Site, site_url: str, browser: Chromium) -> None:
    """No page logs an error, asks another host, misses a file, has a cut table, or is wider than a window or phone."""
    complaints: dict[str, list[str]] = {}
    for name in site.written:
        browser.open(f"{site_url}/{name}")
        cut = browser.evaluate(CUT_TABLES)
        found = [f"{wide} pixels wide" for width in (1280, 390) if (wide := browser.width_of_page(width)) > width]
        found += [f"table cut: {head}" for head in cut] + browser.problems
        found += [url for url in browser.requested if not url.startswith((site_url, "data:", "blob:", "about:"))]
        if found:
            complaints[name] = found
    assert len(site.written) > 15
    assert complaints == {}


@pytest.mark.parametrize("words", ["list_scenarios", "derive dataset"])
def test_search_finds_an_operation(words: str, site_url: str, browser: Chromium) -> None:
    """Typing an operation's id, or what it does, leads to its section."""
    browser.open(f"{site_url}/index.html?q={words.replace(' ', '+')}")
    links = browser.wait_until("[...document.querySelectorAll('.md-search-result__link')].map(link => link.href)")
    assert any(link.split("?")[0].startswith(f"{site_url}/reference/") for link in links)
    anchors = {link.rsplit("#", 1)[-1] for link in links}
    assert anchors & {"list_scenarios", "derive_dataset"}
    assert browser.problems == []


def test_swagger_ui_shows_every_operation(site_url: str, browser: Chromium) -> None:
    """The embedded Swagger UI draws the document, all operations of it."""
    frame = "document.querySelector('iframe').contentDocument"
    browser.open(f"{site_url}/reference/swagger.html")
    browser.wait_until(f"{frame}.querySelectorAll('.opblock').length === {len(list(operations()))}")
    assert browser.problems == []
