"""From the outcomes of checks to the outcome of each clause, and from those to one verdict."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from ..clauses import Clause, Level, Profile, all_clauses
from ..options import LAYERS, Options, command_line
from ..outcomes import CheckResult, KitError, Outcome
from .causes import Cause, find_causes

SEVERITY = (Outcome.FAILED, Outcome.ERROR, Outcome.PASSED, Outcome.NOT_OFFERED, Outcome.UNTESTED)


class Answer(StrEnum):
    """The three answers of a run, in the order of their exit codes."""

    CONFORMANT = "CONFORMANT"
    NOT_CONFORMANT = "NOT CONFORMANT"
    INCOMPLETE = "INCOMPLETE"


@dataclass(frozen=True)
class Coverage:
    """What a run exercised.

    Attributes:
        seen: How often each status answered each route.
        tried_for: The clauses whose checks were answered so.
        errors: How many errors had each status.
        flaws: How many errors of each status had each flaw.
    """

    seen: Mapping[tuple[str, int], int] = field(default_factory=dict)
    tried_for: Mapping[tuple[str, int], Iterable[str]] = field(default_factory=dict)
    errors: Mapping[int, int] = field(default_factory=dict)
    flaws: Mapping[tuple[int, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class ClauseVerdict:
    """What became of one clause.

    Attributes:
        clause: The clause.
        level: How binding it is in the profile of the run.
        outcome: The gravest of its checks' outcomes; a part that could not be tried does not hide one that passed.
        warnings: Checks that failed and do not count: what they are about binds the reference alone.
        checks: Its checks.
        known: The baseline's reason, where it lists this clause.
    """

    clause: Clause
    level: Level
    outcome: Outcome
    checks: tuple[CheckResult, ...]
    known: str = ""
    warnings: tuple[CheckResult, ...] = ()

    @property
    def untried_parts(self) -> tuple[str, ...]:
        """Why parts of the clause could not be tried, although others were."""
        if self.outcome is Outcome.UNTESTED:
            return ()
        return tuple(dict.fromkeys(c.message for c in self.checks if c.outcome is Outcome.UNTESTED))

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the checks that decided the outcome said."""
        return tuple(dict.fromkeys(c.message for c in self.checks if c.outcome is self.outcome and c.message))

    @property
    def bad_checks(self) -> tuple[CheckResult, ...]:
        """The checks that failed or broke."""
        return tuple(c for c in self.checks if c.outcome in (Outcome.FAILED, Outcome.ERROR))


@dataclass(frozen=True)
class Verdict:
    """What a run found out.

    Attributes:
        target: The URL, or what was served.
        options: What the run was asked to do.
        clauses: The verdict on every clause the run was to judge.
        checks: All check results.
        causes: The distinct faults behind what failed, those that fail most clauses first.
        coverage: How often each status answered each route, and the clauses of the checks it was for.
        found: What was found out about the target that the next run can be told.
        again: The command that repeats the run, with what it found out and what it still needs to be told.
        residue: What could not be cleaned up.
        requests: How many requests were sent.
        seconds: How long it took.
        finished: When it ended.
    """

    target: str
    options: Options
    clauses: tuple[ClauseVerdict, ...]
    checks: tuple[CheckResult, ...] = field(repr=False)
    causes: tuple[Cause, ...] = field(default=(), repr=False)
    coverage: Coverage = field(default_factory=Coverage, repr=False)
    found: Mapping[str, str] = field(default_factory=dict)
    again: str = ""
    residue: str = ""
    requests: int = 0
    seconds: float = 0.0
    finished: datetime = field(default_factory=lambda: datetime.now(UTC))

    def of(self, outcome: Outcome, *levels: Level) -> tuple[ClauseVerdict, ...]:
        """The clauses with this outcome, of these levels or of all."""
        return tuple(c for c in self.clauses if c.outcome is outcome and (not levels or c.level in levels))

    @property
    def stale(self) -> tuple[ClauseVerdict, ...]:
        """Clauses the baseline lists as broken that pass."""
        return tuple(c for c in self.clauses if c.known and c.outcome is Outcome.PASSED)

    @property
    def broken(self) -> tuple[ClauseVerdict, ...]:
        """The MUST clauses the target breaks, and the baseline does not list."""
        return tuple(c for c in self.of(Outcome.FAILED, Level.MUST) if not c.known)

    @property
    def untested(self) -> tuple[ClauseVerdict, ...]:
        """The MUST clauses nothing is known about: they could not be tried, or the kit or the network broke on them."""
        unknown = (Outcome.UNTESTED, Outcome.ERROR)
        return tuple(
            c
            for c in self.clauses
            if c.level is Level.MUST
            and not c.known
            and (c.outcome in unknown or (c.outcome is Outcome.NOT_OFFERED and c.clause.level == "MUST"))
        )

    @property
    def errors(self) -> tuple[ClauseVerdict, ...]:
        """The clauses on which the kit or the network broke."""
        return self.of(Outcome.ERROR)

    @property
    def answer(self) -> Answer:
        """Conformant, not conformant, or incomplete: untested is never "not conformant"."""
        if self.broken or self.stale:
            return Answer.NOT_CONFORMANT
        if self.untested or self.errors or not self.clauses:
            return Answer.INCOMPLETE
        return Answer.CONFORMANT

    @property
    def conformant(self) -> bool:
        """Whether the target keeps every MUST clause of the profile, as far as the run was to find out."""
        return self.answer is Answer.CONFORMANT

    @property
    def exit_code(self) -> int:
        """0 conformant, 1 not conformant, 2 incomplete."""
        return list(Answer).index(self.answer)

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        whose = f"profile {self.options.profile}"
        scope = "" if not self.options.only else f" in {', '.join(self.options.only)}"
        parts = []
        if self.broken:
            causes, _ = split_causes(self)
            parts.append(f"{len(self.broken)} MUST {plural('clause', self.broken)} broken")
            if causes:
                parts[-1] += f" by {len(causes)} distinct {plural('cause', causes)}"
        untried = [c for c in self.untested if c.outcome is not Outcome.ERROR]
        if untried:
            parts.append(f"{len(untried)} MUST {plural('clause', untried)} untested")
        if self.stale:
            ids = ", ".join(c.clause.id for c in self.stale)
            parts.append(f"the baseline lists {ids}, which {'pass' if len(self.stale) > 1 else 'passes'}")
        if self.errors:
            parts.append(f"the kit or the network broke on {len(self.errors)} {plural('clause', self.errors)}")
        if not self.clauses:
            parts.append("no clause was tried")
        return f"{self.answer}{scope} ({whose})" + (f": {'; '.join(parts)}" if parts else "")


def needed(clauses: Iterable[ClauseVerdict]) -> list[str]:
    """The options that would make more of these clauses testable; what MUST clauses need comes first."""
    by_level = sorted(clauses, key=lambda entry: entry.level.rank)
    return [c.needs for entry in by_level for c in entry.checks if c.needs]


def split_causes(verdict: Verdict) -> tuple[tuple[Cause, ...], tuple[Cause, ...]]:
    """The distinct causes that break MUST clauses, and the others."""
    binding = {
        check.name
        for entry in verdict.broken
        for check in entry.checks
        if check.outcome is Outcome.FAILED and check not in entry.warnings
    }
    musts = {entry.clause.id for entry in verdict.broken}
    graver = [
        cause
        for cause in verdict.causes
        if any(check.name in binding and set(check.clauses) & musts for check in cause.checks)
    ]
    return tuple(graver), tuple(cause for cause in verdict.causes if cause not in graver)


def plural(word: str, things: Iterable[object]) -> str:
    """`word`, with an s unless there is just one."""
    return word if len(list(things)) == 1 else f"{word}s"


def combined(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of a clause whose checks had these."""
    found = set(outcomes)
    if Outcome.PASSED in found and Outcome.NOT_OFFERED in found:
        found.discard(Outcome.NOT_OFFERED)
    return next((outcome for outcome in SEVERITY if outcome in found), Outcome.UNTESTED)


def judge(
    target: str,
    options: Options,
    checks: Iterable[CheckResult],
    *,
    baseline: Mapping[str, str] | None = None,
    coverage: Coverage | None = None,
    arguments: Sequence[str] = (),
    found: Mapping[str, str] | None = None,
    residue: str = "",
    requests: int = 0,
    seconds: float = 0.0,
) -> Verdict:
    """Sum up the results of a run."""
    known = baseline or {}
    results = tuple(checks)
    verdicts = []
    for clause in all_clauses().values():
        level = clause.level_in(options.profile)
        if level.rank > options.level.rank or (options.only and clause.id not in options.only):
            continue
        own = tuple(r for r in results if clause.id in r.clauses)
        if not own and options.layers != LAYERS:
            continue
        warnings = tuple(
            r for r in own if r.starred and options.profile is Profile.SEED and r.outcome is Outcome.FAILED
        )
        outcome = combined(r.outcome for r in own if r not in warnings)
        if level is Level.MAY and any(r.outcome is Outcome.NOT_OFFERED for r in own) and outcome is Outcome.PASSED:
            outcome = Outcome.NOT_OFFERED
        verdicts.append(ClauseVerdict(clause, level, outcome, own, known.get(clause.id, ""), warnings))
    coverage = coverage or Coverage()
    return Verdict(
        target=target,
        options=options,
        clauses=tuple(verdicts),
        checks=results,
        causes=find_causes(results, [v.clause.id for v in verdicts], coverage.flaws, coverage.errors),
        coverage=coverage,
        found=found or {},
        again=command_line(arguments or (target,), options, found, needed(verdicts)),
        residue=residue,
        requests=requests,
        seconds=seconds,
    )


PROFILE_SENTENCE = {
    Profile.SEED: "judged by the MUST clauses as the seed states them; what binds the reference alone is a SHOULD",
    Profile.REFERENCE: "judged by everything the reference promises",
}


def read_baseline(path: Path) -> dict[str, str]:
    """The reason by clause id.

    The file is TOML::

        [[known]]
        clause = "SCN-17"
        reason = "Runs are processes of a batch system and cannot be stopped."

    Raises:
        KitError: The file cannot be read, lists an unknown clause or one twice, or an entry has no reason.
    """
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("known", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KitError(f"The baseline {path} cannot be read: {error}") from None
    known: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        clause = row.get("clause")
        reason = row.get("reason")
        if clause not in all_clauses():
            raise KitError(f"The baseline's entry {number} names {clause!r}, which is no clause.")
        if clause in known:
            raise KitError(f"The baseline lists {clause} twice.")
        if not isinstance(reason, str) or not reason.strip():
            raise KitError(f"The baseline's entry for {clause} has no reason.")
        known[clause] = reason.strip()
    return known


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
