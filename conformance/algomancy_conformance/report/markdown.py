"""The report for a pull request or a wiki."""

from __future__ import annotations

from ..outcomes import Outcome
from ..verdict import PROFILE_SENTENCE, ClauseVerdict, Verdict
from .summary import HEADINGS, summary_rows

MARKS = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.ERROR: "!",
    Outcome.UNTESTED: "?",
    Outcome.NOT_OFFERED: "–",
}


def markdown(verdict: Verdict) -> str:
    """The verdict, the numbers, what went wrong and every clause as Markdown."""
    lines = [
        f"# {verdict.sentence}",
        "",
        f"Target {verdict.target}, {PROFILE_SENTENCE[verdict.options.profile]}. "
        f"{verdict.requests} requests in {verdict.seconds:.0f} s, "
        f"random layers from seed {verdict.options.seed}.",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|---" * len(HEADINGS) + "|",
    ]
    for row in summary_rows(verdict):
        lines.append("| " + " | ".join([row.resource, *row.levels, *(str(n or "") for n in row.others)]) + " |")
    if verdict.residue:
        lines += ["", f"**Left behind:** {verdict.residue}"]
    bad = [e for e in verdict.clauses if e.outcome in (Outcome.FAILED, Outcome.ERROR)]
    if bad:
        lines += ["", "## What went wrong"]
    for entry in bad:
        lines += _failure(entry)
    lines += ["", "## Every clause", "", "| | Clause | Level | Outcome | Note |", "|---|---|---|---|---|"]
    for entry in verdict.clauses:
        note = entry.known or "; ".join(entry.untried_parts or (entry.reasons if entry not in bad else ()))
        cells = (MARKS[entry.outcome], entry.clause.id, entry.level.value, entry.outcome.value, one_line(note))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def one_line(text: str) -> str:
    """`text` fit for a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")[:200]


def fenced(text: str) -> str:
    """`text` in a code block no back-tick of its own can close."""
    fence = "`" * max(
        3, 1 + max((len(run) for run in text.replace("\n", " ").split(" ") if set(run) == {"`"}), default=0)
    )
    return f"{fence}\n{text}\n{fence}"


def _failure(entry: ClauseVerdict) -> list[str]:
    lines = ["", f"### {entry.clause.id} · {entry.level} · {entry.outcome}", "", f"> {entry.clause.sentence}"]
    if entry.known:
        lines += ["", f"Known: {entry.known}"]
    for check in entry.bad_checks:
        lines += ["", f"**{check.name}** — {check.sentence}", "", fenced(check.message)]
        if check.exchanges:
            last = check.exchanges[-1]
            lines += ["", f"Last answer: {last.status}", "", fenced(last.answer or "(empty)"), "", fenced(last.curl)]
    return lines
