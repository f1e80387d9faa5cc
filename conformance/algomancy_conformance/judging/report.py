"""The reports of a run: a page of HTML, JUnit, SARIF, JSON, Markdown and a badge, none of them with a token in it."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from ..outcomes import KitError, Outcome
from .coverage import coverage_rows
from .formats import badge, json_report, junit, markdown, sarif
from .verdict import (
    HEADINGS,
    PROFILE_SENTENCE,
    ClauseVerdict,
    Verdict,
    needed,
    split_causes,
    summary_rows,
)

if TYPE_CHECKING:
    from markupsafe import Markup

GIST = 110
BOLD = re.compile(r"\*\*([^*]+)\*\*")
ORDER = (Outcome.FAILED, Outcome.ERROR, Outcome.UNTESTED, Outcome.NOT_OFFERED, Outcome.PASSED)


def html(verdict: Verdict) -> str:
    """The whole run as one HTML page that opens without any network, distinct causes first."""
    from jinja2 import Environment

    source = files("algomancy_conformance").joinpath("judging/report.html.j2").read_text(encoding="utf-8")
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)
    graver, lighter = split_causes(verdict)
    numbers = {id(cause): number for number, cause in enumerate((*graver, *lighter), 1)}
    coverage = coverage_rows(verdict)
    page: str = template.render(
        verdict=verdict,
        profile_sentence=PROFILE_SENTENCE[verdict.options.profile],
        needs=needed(verdict.clauses),
        graver=graver,
        lighter=lighter,
        loop_number=lambda cause: numbers[id(cause)],
        clauses={entry.clause.id: entry for entry in verdict.clauses},
        headings=HEADINGS,
        rows=summary_rows(verdict),
        entries=sorted(verdict.clauses, key=lambda entry: (ORDER.index(entry.outcome), entry.level.rank)),
        outcomes=ORDER,
        open_outcomes=(Outcome.FAILED, Outcome.ERROR),
        coverage=coverage,
        coverage_statuses=[cell.status for cell in coverage[0].cells],
        prose=prose,
        gist=gist,
    )
    return page


def prose(text: str) -> Markup:
    """A sentence with its code and its emphasis as HTML: `` `x` `` and ``**x**`` of Markdown, all else escaped."""
    from markupsafe import Markup, escape

    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    made = [
        Markup("<code>{}</code>").format(part)
        if at % 2
        else Markup(BOLD.sub(r"<strong>\1</strong>", str(escape(part))))
        for at, part in enumerate(parts)
    ]
    return Markup("").join(made)


def gist(entry: ClauseVerdict) -> str:
    """A clause in a few words, for the row it is folded into."""
    if entry.outcome is Outcome.PASSED:
        about = entry.clause.sentence.replace("`", "").replace("**", "")
        return shorten(about, GIST, placeholder="…") + (" (tried in part)" if entry.untried_parts else "")
    return shorten(entry.reasons[0] if entry.reasons else "no check was made", GIST, placeholder="…")


WRITERS = {
    "report.html": html,
    "junit.xml": junit,
    "report.json": json_report,
    "report.md": markdown,
    "report.sarif": sarif,
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
