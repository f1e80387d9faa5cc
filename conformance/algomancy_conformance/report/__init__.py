"""The reports of a run: one page of HTML, JUnit XML, JSON, Markdown and a badge, none of them with a token in it."""

from __future__ import annotations

from pathlib import Path

from ..outcomes import KitError
from ..verdict import Verdict
from .badge import badge
from .html import html
from .json_report import json_report
from .junit import junit
from .markdown import markdown

WRITERS = {
    "report.html": html,
    "junit.xml": junit,
    "report.json": json_report,
    "report.md": markdown,
    "badge.svg": badge,
}


def make_folder(folder: Path) -> None:
    """Make `folder`, before a run rather than after it.

    Raises:
        KitError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KitError(f"The folder {folder} for the reports cannot be made: {error.strerror}") from None


def write_reports(verdict: Verdict, folder: Path) -> list[Path]:
    """Write every report into `folder`, which is made when missing; returns what was written."""
    make_folder(folder)
    written = []
    for name, write in WRITERS.items():
        text = write(verdict)
        if verdict.options.token:
            text = text.replace(verdict.options.token, "***")
        path = folder / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
