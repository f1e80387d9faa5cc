"""The changelog as a page."""

from __future__ import annotations

from pathlib import Path

from site_pages.markdown import GeneratedPage


def changelog_page(root: Path) -> GeneratedPage:
    """CHANGELOG.md as it stands at the root of the project."""
    return GeneratedPage("changelog.md", "Changelog", (root / "CHANGELOG.md").read_text(encoding="utf-8"))
