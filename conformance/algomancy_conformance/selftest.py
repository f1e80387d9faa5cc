"""Proves the kit: every mutant is caught by the clause it breaks, and servers that are not broken pass.

Each job is a run of the very suite a user runs, in a process of its own kind: mutants are served by a thread of that
process, so that one takes about a second.
"""

from __future__ import annotations

import multiprocessing
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from .clauses import Level, Profile, all_clauses
from .judging.coverage import coverage_rows
from .mutants import MUTANTS
from .mutants.reference import CRASHING, NATIVE_CRASH, ORIGIN, SILENT, reference_app
from .mutants.wire import Deviant, Mutant
from .options import Options
from .outcomes import KitError, Outcome, Untried
from .running.plugin import check_target
from .target.proxy import Proxy
from .target.servers import Server, Target, serve_command, serve_factory
from .target.serving import App, ThreadServer

REFERENCE_TOLD = Options(seed=1, crashing=CRASHING, crashing_native=NATIVE_CRASH, silent=SILENT, cors_origin=ORIGIN)
"""What the kit is told of the reference."""
REFERENCE = f"{shlex.quote(sys.executable)} -m algomancy_conformance.mutants.reference {{port}} {{data}}"


class AppTarget:
    """An application served by threads of this process, as often as the checks need one.

    Args:
        make: Makes the application.
    """

    served_by_kit = True

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._servers: list[ThreadServer] = []
        self.url = self.fresh().url

    def fresh(self) -> Server:
        """Serve another one."""
        server = ThreadServer(self._make())
        self._servers.append(server)
        return server

    def durable(self, folder: Path | None = None) -> Server:  # noqa: ARG002
        """Not to be had: a thread cannot be killed."""
        raise KitError("A mutant of the durability clauses names a factory.")

    def close(self) -> None:
        """Stop them all."""
        for server in self._servers:
            server.stop()


@dataclass(frozen=True)
class Finding:
    """What became of one mutant, or of one server that is not broken.

    Attributes:
        name: Its name.
        clause: The clause that should catch it; empty for a server that is not broken.
        caught: Whether all is as it should be.
        said: What the clause's check said, or what is wrong.
        seconds: How long it took.
        shows: Whether it can be seen on the server at all.
    """

    name: str
    clause: str
    caught: bool
    said: str
    seconds: float
    shows: bool = True


class ProxyTarget(AppTarget):
    """A user's server with a proxy in front of it; there is one of it."""

    def fresh(self) -> Server:
        """The proxy itself, once."""
        if self._servers:
            raise Untried("a server the kit may wipe is needed, and there is the user's alone")
        return super().fresh()

    def durable(self, folder: Path | None = None) -> Server:  # noqa: ARG002
        """Not to be had: the server is somebody else's."""
        raise Untried("a server the kit may kill is needed, and there is the user's alone")


def try_mutant(index: int, url: str = "", given: Options | None = None) -> Finding:
    """Run the clause of one mutant against it.

    Args:
        index: Which one.
        url: A user's server to have the deviation in front of; else it is made of the reference.
        given: What the user tells of that server.
    """
    mutant = MUTANTS[index]
    started = time.monotonic()
    options = options_for(mutant, given)
    deviants: list[Deviant] = []

    def found(caught: bool, said: str, *, shows: bool = True) -> Finding:
        return Finding(mutant.name, mutant.clause, caught, said, time.monotonic() - started, shows)

    def plain() -> App:
        return Proxy(url) if url else reference_app()

    def deviant(app: App) -> Deviant:
        deviants.append(Deviant(app, mutant.deviation, options.prefix))
        return deviants[-1]

    try:
        with ExitStack() as stack:

            def serve(make: Callable[[], App]) -> Target:
                return stack.enter_context(closing((ProxyTarget if url else AppTarget)(make)))

            if mutant.factory:
                target: Target = stack.enter_context(closing(target_of(mutant.factory)))
            elif mutant.replica:
                target = serve(plain)
                options = replace(options, replicas=(serve(lambda: deviant(Proxy(target.url))).url,))
            else:
                target = serve(lambda: deviant(plain()))
            verdict = check_target(target, options, name=mutant.name)
    except KitError as error:
        return found(False, f"ERROR: {error}")
    faults = [fault for each in deviants for fault in each.faults]
    if faults and not url:
        return found(False, f"the mutant itself is broken: {faults[0]}")
    entry = next((c for c in verdict.clauses if c.clause.id == mutant.clause), None)
    if entry is None and not url:
        others = ", ".join(sorted({c for r in verdict.checks if r.outcome is Outcome.FAILED for c in r.clauses}))
        return found(False, f"caught by {others or 'nothing'} instead")
    said = " ".join((entry.reasons[0] if entry and entry.reasons else "nothing was said").split())
    if entry is not None and entry.outcome is Outcome.FAILED:
        return found(True, said)
    if url and faults:
        return found(True, "it is made for answers of the reference", shows=False)
    if url and not any(each.bent for each in deviants):
        return found(True, "nothing that was asked has an answer for it to change", shows=False)
    if url and (entry is None or entry.outcome is not Outcome.PASSED):
        return found(True, said, shows=False)
    return found(False, f"{entry.outcome if entry else Outcome.UNTESTED}: {said}")


def run_selftest_on(url: str, options: Options, only: Sequence[str] = (), *, jobs: int = 2) -> int:
    """Put the deviations as a proxy in front of a user's server, and print which of them would be caught there.

    Args:
        url: Where the server is.
        options: What the user tells of it.
        only: Names of mutants or clauses; empty means all of them.
        jobs: How many to run at a time.

    Returns:
        How many deviations that can show there were not caught.

    Raises:
        KitError: The server cannot be tested, or `only` names nothing there is.
    """
    chosen = [i for i in matching(only) if MUTANTS[i].deviation is not None]
    started = time.monotonic()
    clauses = tuple(dict.fromkeys(MUTANTS[i].clause for i in chosen))
    with closing(ProxyTarget(lambda: Proxy(url))) as proxy:
        plain = check_target(proxy, replace(options, profile=Profile.REFERENCE, only=clauses, jobs=1), name=url)
    outcomes = {entry.clause.id: entry for entry in plain.clauses}
    click.echo(
        f"Without a deviation, through the proxy: {len(plain.of(Outcome.PASSED))} of {len(clauses)} clauses pass."
    )
    findings: list[Finding] = []
    known: dict[str, Any] = {name: value for name, value in plain.found.items() if getattr(options, name) is None}
    calls: list[Call] = []
    for index in chosen:
        mutant, entry = MUTANTS[index], outcomes[MUTANTS[index].clause]
        if entry.outcome is Outcome.PASSED:
            calls.append((try_mutant, index, url, replace(options, **known)))
        else:
            reason = f"the clause is {entry.outcome} without it: {' '.join(''.join(entry.reasons[:1]).split())}"
            findings.append(Finding(mutant.name, mutant.clause, True, reason, 0.0, shows=False))
    findings += findings_of(calls, jobs)
    show(findings)
    silent = [f for f in findings if not f.shows]
    survivors = [f for f in findings if not f.caught]
    click.secho(
        f"{len(chosen)} deviations: {len(chosen) - len(silent) - len(survivors)} caught, {len(survivors)} survived, "
        f"{len(silent)} cannot show here, in {time.monotonic() - started:.0f} s",
        fg="red" if survivors else "green",
        bold=True,
    )
    return len(survivors)


Call = tuple[Any, ...]
"""A function and its arguments."""


def findings_of(calls: Iterable[Call], jobs: int) -> Iterator[Finding]:
    """What becomes of each call, made by so many processes at a time; a mark for each is printed as it comes."""
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=quiet) as pool:
        for done in as_completed([pool.submit(*call) for call in calls]):
            finding: Finding = done.result()
            click.secho("." if finding.caught else "F", nl=False, fg="green" if finding.caught else "red")
            yield finding
    click.echo()


def matching(only: Sequence[str]) -> list[int]:
    """The indexes of the mutants with these names or clauses; of all of them where none are given.

    Raises:
        KitError: There is none.
    """
    chosen = [i for i, m in enumerate(MUTANTS) if not only or m.name in only or m.clause in only]
    if not chosen:
        raise KitError(f"There is no mutant and no clause named {only[0]!r}.")
    return chosen


def options_for(mutant: Mutant, given: Options | None = None) -> Options:
    """The run that must catch a mutant, on the reference or on a server of which this is `given`."""
    told = given or replace(REFERENCE_TOLD, fast="Greedy slotting")
    return replace(told, profile=Profile.REFERENCE, only=(mutant.clause,), layers=(mutant.layer,), jobs=1)


def target_of(factory: str) -> Target:
    """A server that is a process of its own: ``module:function``, or a command line."""
    return serve_command(factory) if " " in factory else serve_factory(factory)


def try_unbroken(factory: str) -> Finding:
    """Run the whole suite against a server that is not broken."""
    if factory == REFERENCE:
        name = "the reference"
        options = replace(REFERENCE_TOLD, profile=Profile.REFERENCE, jobs=1)
    else:
        name, options = factory, Options(seed=1, jobs=1)
    started = time.monotonic()
    try:
        with closing(target_of(factory)) as target:
            verdict = check_target(target, options, name=name)
    except KitError as error:
        return Finding(name, "", False, f"ERROR: {error}", time.monotonic() - started)
    accused = [c for c in verdict.of(Outcome.FAILED) if c.level is Level.MUST or options.profile is Profile.REFERENCE]
    wrong = [f"{c.clause.id}: {c.outcome}" for c in (*accused, *verdict.of(Outcome.ERROR))]
    if verdict.residue:
        wrong.append(verdict.residue)
    if options.profile is Profile.REFERENCE:
        wrong += [f"{row.operation}: {row.gist}" for row in coverage_rows(verdict) if row.unseen]
    if not verdict.conformant:
        wrong.append(verdict.sentence)
    return Finding(name, "", not wrong, "; ".join(wrong) or verdict.sentence, time.monotonic() - started)


def run_selftest(only: Sequence[str] = (), *, jobs: int = 2, unbroken: Sequence[str] = (REFERENCE,)) -> int:
    """Run the mutants and the servers that are not broken, and print a table.

    Args:
        only: Names of mutants or clauses; empty means all of them, and the servers that are not broken.
        jobs: How many to run at a time.
        unbroken: Application factories of servers that are not broken; all but the reference are judged as others are.

    Returns:
        How many mutants survived or servers were accused wrongly.

    Raises:
        KitError: `only` names nothing there is.
    """
    chosen = matching(only)
    started = time.monotonic()
    calls: list[Call] = [(try_unbroken, factory) for factory in (unbroken if not only else ())]
    findings = list(findings_of([*calls, *((try_mutant, index) for index in chosen)], jobs))
    show(findings)
    wrong = [f for f in findings if not f.caught]
    missing = unguarded() if not only else []
    if missing:
        click.echo(f"MUST clauses without a mutant: {', '.join(missing)}")
    survivors = [f for f in wrong if f.clause]
    click.secho(
        f"{len(chosen)} mutants, survivors: {len(survivors)}, false alarms: {len(wrong) - len(survivors)}, "
        f"in {time.monotonic() - started:.0f} s",
        fg="red" if wrong else "green",
        bold=True,
    )
    return len(wrong) + len(missing)


def unguarded() -> list[str]:
    """The MUST clauses no mutant breaks."""
    broken = {mutant.clause for mutant in MUTANTS}
    return [c.id for c in all_clauses().values() if c.level_in(Profile.REFERENCE) is Level.MUST and c.id not in broken]


def quiet() -> None:
    """Keep the tracebacks that servers under test log out of the table."""
    import logging

    logging.disable(logging.CRITICAL)
    os.environ["PYTHONWARNINGS"] = "ignore"


def show(findings: Sequence[Finding]) -> None:
    """Print a line per finding, in the order of the contract."""
    order = list(all_clauses())
    for finding in sorted(findings, key=lambda f: (order.index(f.clause) if f.clause else -1, f.name)):
        mark = "caught" if finding.caught else "SURVIVED"
        mark = mark if finding.shows else "–"
        if not finding.clause:
            mark = "passes" if finding.caught else "ACCUSED"
        said = finding.said[:90]
        click.echo(f"{mark:<9}{finding.clause or '-':<8}{finding.name:<44}{finding.seconds:5.1f} s  {said}")
