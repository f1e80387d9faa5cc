"""From failed checks to distinct causes: one fault of a target fails many checks, and is told once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..outcomes import CheckResult, Fault, Outcome

MOST_ROUTES = 3
SESSION = "/sessions/{session_id}"


@dataclass(frozen=True)
class Cause:
    """One fault of a target.

    Attributes:
        sentence: What is wrong.
        checks: The checks that failed for it, the clearest first.
        clauses: The clauses those speak for, in the order they came.
    """

    sentence: str
    checks: tuple[CheckResult, ...]
    clauses: tuple[str, ...] = field(default=())


def find_causes(
    checks: Iterable[CheckResult],
    judged: Sequence[str],
    flaws: Mapping[tuple[int, str], int] | None = None,
    errors: Mapping[int, int] | None = None,
) -> tuple[Cause, ...]:
    """The distinct causes of what failed, those that fail most clauses first.

    Args:
        checks: What became of each check.
        judged: The clauses that count; others are left out.
        flaws: How many errors of each status had each flaw in the whole run.
        errors: How many errors had each status.
    """
    groups: dict[tuple[str, ...], list[CheckResult]] = {}
    for check in checks:
        if check.outcome is Outcome.FAILED and set(check.clauses) & set(judged):
            groups.setdefault(_key(check), []).append(check)
    causes = []
    place = {clause: at for at, clause in enumerate(judged)}
    for key, unsorted in groups.items():
        found = sorted(unsorted, key=lambda check: (*_clarity(check, place), check.name))
        hurt = {clause for check in found for clause in check.clauses}
        sentence = _sentence(key, found, flaws or {}, errors or {})
        causes.append(Cause(sentence, tuple(found), tuple(c for c in judged if c in hurt)))
    return tuple(sorted(causes, key=lambda cause: (-len(cause.clauses), place[cause.clauses[0]], cause.sentence)))


def _clarity(check: CheckResult, place: Mapping[str, int]) -> tuple[bool, int]:
    """How well a check shows its fault: one that asked for it better than one that looks back at the whole run."""
    return check.name.startswith("whole_run"), min(place.get(clause, len(place)) for clause in check.clauses)


def _key(check: CheckResult) -> tuple[str, ...]:
    """What two checks share that fail for one fault."""
    test = check.name.partition("[")[0]
    if check.fault is None:
        return ("check", test)
    kind, *rest = check.fault.key
    if kind != "status":
        return check.fault.key
    route, got, wanted = rest
    if got[0] == "2" and wanted[0] != "2":
        # Each kind of input that should be refused is a fault of its own, and belongs to a clause of its own.
        return ("accepts", route, got, wanted, *check.clauses)
    if got[0] != "2" and wanted[0] != "2":
        return ("instead", got, wanted)  # whatever the route, it is one error taken for another
    return check.fault.key


def _sentence(
    key: tuple[str, ...],
    found: Sequence[CheckResult],
    flaws: Mapping[tuple[int, str], int],
    errors: Mapping[int, int],
) -> str:
    kind, *rest = key
    if kind == "shape":
        return _of_shape(int(rest[0]), rest[1], flaws, errors)
    if kind == "crash":
        return f"`{short(rest[0])}` is answered with a 500{_occasions(found)}"
    if kind in ("accepts", "instead"):
        routes = list(dict.fromkeys(short(c.fault.key[1]) for c in found if c.fault))
        shown = ", ".join(f"`{route}`" for route in routes[:MOST_ROUTES])
        more = f" and {len(routes) - MOST_ROUTES} more" if len(routes) > MOST_ROUTES else ""
        verb = "answer" if len(routes) > 1 else "answers"
        got, wanted = (found[0].fault or Fault(("", "", "", ""), "")).key[2:4]
        return f"{shown}{more} {verb} {got} instead of {wanted}{_occasions(found)}"
    if kind == "check":
        return f"{_first_line(found[0].message)}{_occasions(found)}"
    return short(found[0].fault.sentence if found[0].fault else found[0].message)


def _of_shape(status: int, flaw: str, flaws: Mapping[tuple[int, str], int], errors: Mapping[int, int]) -> str:
    with_flaw, of_all = flaws.get((status, flaw), 0), errors.get(status, 0)
    if with_flaw == of_all:
        return f"every {status} has {flaw}"
    return f"{with_flaw} of {of_all} answers of {status} have {flaw}"


def _occasions(found: Sequence[CheckResult]) -> str:
    """When it happens: the rows of the tests that failed, or what those tests are about."""
    rows = Counter(row for check in found if (row := check.name.partition("[")[2][:-1]) and not row.isdigit())
    if not rows:
        return f" ({found[0].sentence.rstrip('.')})" if found[0].fault else ""
    shown = list(rows)[:MOST_ROUTES]
    more = f"; {len(rows) - MOST_ROUTES} more" if len(rows) > MOST_ROUTES else ""
    return f" ({'; '.join(shown)}{more})"


def _first_line(message: str) -> str:
    line = message.strip().partition("\n")[0]
    line = re.sub(r"https?://[^/\s]+", "", line)
    line = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "…", line)
    return line if len(line) < 240 else line[:240] + "…"


def short(text: str) -> str:
    """`text` with routes below a session written as the contract writes them."""
    return (
        text.replace(SESSION + "/", "…/")
        .replace("{session_id}", "{sid}")
        .replace("{scenario_id}", "{id}")
        .replace("{data_key}", "{key}")
    )
