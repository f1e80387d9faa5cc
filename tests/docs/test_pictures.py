"""The pictures of the explorer on the site's first page."""

from __future__ import annotations

import re
import shutil

import pytest
from site_pages.pictures import PLACE, WANTED, explorer_pictures, with_pictures

from tests.repository import ROOT


def test_first_page_shows_the_explorer_in_both_schemes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each picture is a PNG that was taken now, and has words for those who cannot see it."""
    pytest.importorskip("playwright", reason="Playwright is not installed: no pictures are taken")
    if shutil.which("chromium") is None:
        pytest.skip("Chromium is not installed: no pictures are taken")
    monkeypatch.setenv(WANTED, "1")
    pictures = explorer_pictures()
    assert len(pictures) == 4
    assert all(content.startswith(b"\x89PNG") for content in pictures.values())
    assert len(set(pictures.values())) == 4
    page = with_pictures((ROOT / "docs/index.md").read_text("utf-8"), pictures)
    shown = re.findall(r"!\[(The explorer [^]]+)\]\(([^#)]+)#only-(light|dark)\)", page)
    assert {path for _, path, _ in shown} == set(pictures)


def test_page_without_pictures_has_no_place_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build that does not want them, or has no browser, is as complete as any."""
    monkeypatch.delenv(WANTED, raising=False)
    assert with_pictures(f"before\n\n{PLACE}\n\nafter", explorer_pictures()) == "before\n\n\n\nafter"
