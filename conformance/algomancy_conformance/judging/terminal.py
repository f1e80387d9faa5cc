"""What a person sees in the terminal: progress while a run goes on, and the summary at its end."""

from __future__ import annotations

import shlex
import sys

import click

from ..options import LAYERS, Options
from ..outcomes import CheckResult, Outcome
from .verdict import HEADINGS, PROFILE_SENTENCE, ClauseVerdict, Verdict, summary_rows

MARKS = {Outcome.PASSED: ".", Outcome.FAILED: "F", Outcome.ERROR: "E", Outcome.UNTESTED: "?", Outcome.NOT_OFFERED: "-"}
COLOURS = {Outcome.PASSED: "green", Outcome.FAILED: "red", Outcome.ERROR: "red"}
SHOWN_MESSAGE = 600


class Progress:
    """A line per chapter of the suite, a mark per check.

    Args:
        name: What is checked.
        options: How.
    """

    def __init__(self, name: str, options: Options) -> None:
        self._chapter = ""
        self._out = sys.stdout  # pytest's own output is turned away while the suite runs
        click.echo(f"Target   {name}")
        click.echo(f"Profile  {options.profile}: {PROFILE_SENTENCE[options.profile]}")
        click.echo(f"Seed     {options.seed} ({options.examples} examples)", nl=False)

    def show(self, result: CheckResult) -> None:
        """Add the mark of one check."""
        chapter = result.name.partition("::")[0]
        if chapter != self._chapter:
            self._chapter = chapter
            click.echo(f"\n{chapter:<12} ", nl=False, file=self._out)
        click.secho(MARKS[result.outcome], fg=COLOURS.get(result.outcome, "yellow"), nl=False, file=self._out)

    def end(self) -> None:
        """End the line."""
        click.echo()


def print_verdict(verdict: Verdict) -> None:
    """Print failures, the summary by resource and level, and the verdict."""
    for entry in verdict.clauses:
        if entry.outcome in (Outcome.FAILED, Outcome.ERROR):
            _print_failure(entry)
    click.echo()
    _print_table(verdict)
    _print_notes(verdict)
    click.echo()
    click.secho(verdict.sentence, fg="green" if verdict.conformant else "red", bold=True)
    click.echo(
        f"{verdict.requests} requests in {verdict.seconds:.1f} s. Replay the random layers: {replay(verdict.options)}"
    )


def replay(options: Options) -> str:
    """The options that repeat the random layers of a run."""
    parts = ["--seed", str(options.seed), "--examples", str(options.examples)]
    for clause in options.only:
        parts += ["--only", clause]
    for layer in options.layers if options.layers != LAYERS else ():
        parts += ["--layer", layer]
    return shlex.join(parts)


def _print_failure(entry: ClauseVerdict) -> None:
    click.echo()
    known = " (known)" if entry.known else ""
    click.secho(f"{entry.outcome} {entry.clause.id} {entry.level}{known}", fg="red", bold=True)
    click.echo(f"  {entry.clause.sentence}")
    if entry.known:
        click.echo(f"  Known: {entry.known}")
    for check in entry.bad_checks[:5]:
        click.echo(f"  {check.name}: {check.message[:SHOWN_MESSAGE]}")
        if check.exchanges:
            click.echo(f"    {check.exchanges[-1].curl[:SHOWN_MESSAGE]}")
    if len(entry.bad_checks) > 5:
        click.echo(f"  … and {len(entry.bad_checks) - 5} more checks")


def _print_table(verdict: Verdict) -> None:
    rows = [HEADINGS, *((r.resource, *r.levels, *(str(n or "") for n in r.others)) for r in summary_rows(verdict))]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
    for row in rows:
        click.echo(
            "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        )


def _print_notes(verdict: Verdict) -> None:
    for outcome in (Outcome.UNTESTED, Outcome.NOT_OFFERED):
        for entry in verdict.of(outcome):
            click.echo(f"{outcome} {entry.clause.id} {entry.level}: {'; '.join(entry.reasons) or 'no check was made'}")
    for entry in verdict.clauses:
        if entry.untried_parts:
            click.echo(f"tried in part {entry.clause.id} {entry.level}: {'; '.join(entry.untried_parts)}")
    for entry in verdict.stale:
        click.echo(f"{entry.clause.id} passes, but the baseline lists it as broken: take it out.")
    if verdict.residue:
        click.echo(f"Left behind: {verdict.residue}")
