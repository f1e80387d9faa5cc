"""The report for programs."""

from __future__ import annotations

import json

from ..outcomes import CheckResult
from ..verdict import Verdict


def json_report(verdict: Verdict) -> str:
    """The verdict, every clause and every check as JSON."""
    report = {
        "target": verdict.target,
        "verdict": verdict.sentence,
        "conformant": verdict.conformant,
        "exit_code": verdict.exit_code,
        "profile": verdict.options.profile.value,
        "level": verdict.options.level.value,
        "seed": verdict.options.seed,
        "examples": verdict.options.examples,
        "finished": verdict.finished.isoformat(timespec="seconds"),
        "seconds": round(verdict.seconds, 2),
        "requests": verdict.requests,
        "residue": verdict.residue,
        "clauses": [
            {
                "id": entry.clause.id,
                "level": entry.level.value,
                "outcome": entry.outcome.value,
                "sentence": entry.clause.sentence,
                "known": entry.known,
                "untried_parts": list(entry.untried_parts),
                "checks": [_check(check) for check in entry.checks],
            }
            for entry in verdict.clauses
        ],
    }
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"


def _check(check: CheckResult) -> dict[str, object]:
    return {
        "name": check.name,
        "sentence": check.sentence,
        "layer": check.layer,
        "outcome": check.outcome.value,
        "message": check.message,
        "seconds": round(check.seconds, 3),
        "exchanges": [exchange.as_dict() for exchange in check.exchanges],
    }
