"""What a person sees in the terminal: progress while a run goes on, and the summary at its end."""

from __future__ import annotations

import sys

import click

from ..options import Options
from ..outcomes import CheckResult, Outcome
from .causes import Cause
from .verdict import HEADINGS, PROFILE_SENTENCE, Answer, Verdict, needed, plural, split_causes, summary_rows

MARKS = {Outcome.PASSED: ".", Outcome.FAILED: "F", Outcome.ERROR: "E", Outcome.UNTESTED: "?", Outcome.NOT_OFFERED: "-"}
COLOURS = {Outcome.PASSED: "green", Outcome.FAILED: "red", Outcome.ERROR: "red"}
SHOWN_MESSAGE = 300
SHOWN_CURL = 400
MARKS_A_LINE = 100


class Progress:
    """A mark per check, as they come.

    Args:
        name: What is checked.
        options: How.
    """

    def __init__(self, name: str, options: Options) -> None:
        self._shown = 0
        self._out = sys.stdout  # pytest's own output is turned away while the suite runs
        click.echo(f"Target   {name}")
        click.echo(f"Profile  {options.profile}: {PROFILE_SENTENCE[options.profile]}")
        click.echo(f"Seed     {options.seed} ({options.examples} examples, {options.jobs} jobs)", nl=False)

    def show(self, result: CheckResult) -> None:
        """Add the mark of one check."""
        if self._shown % MARKS_A_LINE == 0:
            click.echo("\nChecks   " if not self._shown else "\n         ", nl=False, file=self._out)
        self._shown += 1
        click.secho(MARKS[result.outcome], fg=COLOURS.get(result.outcome, "yellow"), nl=False, file=self._out)

    def end(self) -> None:
        """End the line."""
        click.echo()


def print_verdict(verdict: Verdict) -> None:
    """Print the causes, the summary by resource and level, what could not be tried, and the verdict."""
    graver, lighter = split_causes(verdict)
    for title, causes in (("What breaks MUST clauses", graver), ("What else is not as it should be", lighter)):
        if causes:
            click.echo()
            click.secho(f"{title}: {len(causes)} distinct {plural('cause', causes)}", bold=True)
        for number, cause in enumerate(causes, 1):
            _print_cause(number, cause, verdict)
    for entry in verdict.errors:
        click.secho(f"\n{entry.outcome} {entry.clause.id} {entry.level}", fg="red", bold=True)
        for check in entry.bad_checks[:2]:
            click.echo(f"  {check.name}: {check.message[:SHOWN_MESSAGE]}")
    click.echo()
    _print_table(verdict)
    _print_notes(verdict)
    click.echo()
    colours = {Answer.CONFORMANT: "green", Answer.NOT_CONFORMANT: "red", Answer.INCOMPLETE: "yellow"}
    click.secho(verdict.sentence, fg=colours[verdict.answer], bold=True)
    click.echo(
        f"{verdict.requests} requests in {verdict.seconds:.1f} s. Once more, the same:"
        if not needed(verdict.clauses)
        else f"{verdict.requests} requests in {verdict.seconds:.1f} s. Once more, with what is missing in capitals:"
    )
    click.echo(f"  {verdict.again}")


def _print_cause(number: int, cause: Cause, verdict: Verdict) -> None:
    first = cause.checks[0]
    click.secho(f"{number:>3}. {cause.sentence}", fg="red")
    levels = {entry.clause.id: entry for entry in verdict.clauses}
    told = ", ".join(f"{i}{' (known)' if levels[i].known else ''}" for i in cause.clauses)
    seen = f"{len(cause.checks)} {plural('check', cause.checks)}"
    click.echo(f"     fails {told} in {seen}, such as {first.name}:")
    message = first.message if len(first.message) <= SHOWN_MESSAGE else first.message[:SHOWN_MESSAGE] + "…"
    click.echo("       " + message.replace("\n", "\n       "))
    if first.exchanges:
        line = first.exchanges[-1].curl
        click.echo(f"       {line if len(line) < SHOWN_CURL else '(a long request: --report has it whole)'}")


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
