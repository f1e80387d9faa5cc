"""The report for people: one page that opens without any network, failures first."""

from __future__ import annotations

from importlib.resources import files

from ..outcomes import Outcome
from ..verdict import PROFILE_SENTENCE, Verdict
from .summary import HEADINGS, summary_rows

ORDER = (Outcome.FAILED, Outcome.ERROR, Outcome.UNTESTED, Outcome.NOT_OFFERED, Outcome.PASSED)


def html(verdict: Verdict) -> str:
    """The whole run as one HTML page."""
    from jinja2 import Environment

    source = files("algomancy_conformance").joinpath("report/report.html.j2").read_text(encoding="utf-8")
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
