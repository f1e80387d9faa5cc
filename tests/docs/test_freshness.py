"""The site follows the sources."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.docs.built_site import Site, build_site
from tests.repository import ROOT

OLD = "The little that a poller needs."
NEW = "All that a poller asks for, and a sentence that only this test knows."


def test_changed_description_changes_the_site(site: Site, tmp_path: Path) -> None:
    """One description changed in the models, and nothing else, is on the site after the next build."""
    sources = tmp_path / "src"
    shutil.copytree(ROOT / "src", sources, ignore=shutil.ignore_patterns("__pycache__"))
    models = sources / "algomancy_api" / "schemas" / "__init__.py"
    text = models.read_text(encoding="utf-8")
    assert text.count(OLD) == 1
    models.write_text(text.replace(OLD, NEW), encoding="utf-8")
    changed = build_site(tmp_path / "site", sources)
    page = "reference/models.html"
    assert OLD in site.pages[page].text
    assert NEW in changed.pages[page].text
    assert OLD not in changed.pages[page].text
