"""The reports of a run: one page of HTML, JUnit XML, JSON, Markdown and a badge, none of them with a token in it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ..outcomes import KitError, Outcome
from .formats import badge, json_report, junit, markdown
from .verdict import HEADINGS, PROFILE_SENTENCE, Verdict, summary_rows

ORDER = (Outcome.FAILED, Outcome.ERROR, Outcome.UNTESTED, Outcome.NOT_OFFERED, Outcome.PASSED)


def html(verdict: Verdict) -> str:
    """The whole run as one HTML page."""
    from jinja2 import Environment

    source = files("algomancy_conformance").joinpath("judging/report.html.j2").read_text(encoding="utf-8")
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)
    page: str = template.render(
        verdict=verdict,
        profile_sentence=PROFILE_SENTENCE[verdict.options.profile],
        headings=HEADINGS,
        rows=summary_rows(verdict),
        entries=sorted(verdict.clauses, key=lambda entry: (ORDER.index(entry.outcome), entry.level.rank)),
        outcomes=ORDER,
        open_outcomes=(Outcome.FAILED, Outcome.ERROR),
    )
    return page


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
