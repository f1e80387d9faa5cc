"""The numbers of a run, by resource and level: printed at its end, and at the head of the reports."""

from __future__ import annotations

from dataclasses import dataclass

from ..clauses import Level
from ..outcomes import Outcome
from ..verdict import Verdict


@dataclass(frozen=True)
class SummaryRow:
    """One resource: ``passed/all`` per level, and how many had each other outcome."""

    resource: str
    levels: tuple[str, ...]
    others: tuple[int, ...]


OTHERS = (Outcome.FAILED, Outcome.ERROR, Outcome.UNTESTED, Outcome.NOT_OFFERED)
HEADINGS = ("resource", *(level.value for level in Level), *(outcome.value for outcome in OTHERS))


def summary_rows(verdict: Verdict) -> list[SummaryRow]:
    """A row per resource in the contract's order, and one for all of them."""
    names = list(dict.fromkeys(entry.clause.resource for entry in verdict.clauses))
    rows = []
    for name in [*names, "all"]:
        entries = [e for e in verdict.clauses if name in (e.clause.resource, "all")]
        levels = []
        for level in Level:
            of_level = [e for e in entries if e.level is level]
            passed = sum(e.outcome is Outcome.PASSED for e in of_level)
            levels.append(f"{passed}/{len(of_level)}" if of_level else "–")
        others = tuple(sum(e.outcome is outcome for e in entries) for outcome in OTHERS)
        rows.append(SummaryRow(name, tuple(levels), others))
    return rows
