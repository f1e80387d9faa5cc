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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
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
from .running.checking import check_target
from .target.proxy import Proxy
from .target.servers import Server, Target, serve_command, serve_factory
from .target.serving import App, ThreadServer

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

    def durable(self, folder: Path) -> Server:  # noqa: ARG002
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
    """A user's server with a deviation in front of it; there is one of it."""

    def __init__(self, app: Callable[..., Any]) -> None:
        super().__init__(lambda: app)

    def fresh(self) -> Server:
        """The proxy itself, once."""
        if self._servers:
            raise Untried("a server the kit may wipe is needed, and there is the user's alone")
        return super().fresh()

    def durable(self, folder: Path) -> Server:  # noqa: ARG002
        """Not to be had: the server is somebody else's."""
        raise Untried("a server the kit may kill is needed, and there is the user's alone")


def try_mutant_on(url: str, index: int, options: Options) -> Finding:
    """Run the clause of one mutant against a user's server with that deviation in front of it."""
    mutant = MUTANTS[index]
    started = time.monotonic()
    deviant = Deviant(Proxy(url), mutant.deviation, options.prefix)
    chosen = replace(options, profile=Profile.REFERENCE, only=(mutant.clause,), layers=(mutant.layer,), jobs=1)
    try:
        with closing(ProxyTarget(deviant)) as deviating, closing(ProxyTarget(Proxy(url))) as plain:
            target = plain if mutant.replica else deviating
            chosen = replace(chosen, replicas=(deviating.url,)) if mutant.replica else chosen
            verdict = check_target(target, chosen, name=mutant.name)
    except KitError as error:
        return Finding(mutant.name, mutant.clause, False, f"ERROR: {error}", time.monotonic() - started)
    seconds = time.monotonic() - started
    entry = next((c for c in verdict.clauses if c.clause.id == mutant.clause), None)
    said = " ".join((entry.reasons[0] if entry and entry.reasons else "nothing was said").split())
    if entry is not None and entry.outcome is Outcome.FAILED:
        return Finding(mutant.name, mutant.clause, True, said, seconds)
    if not deviant.bent or deviant.faults or entry is None or entry.outcome is not Outcome.PASSED:
        reason = (
            "it is made for answers of the reference"
            if deviant.faults
            else "nothing that was asked has an answer for it to change"
            if not deviant.bent
            else said
        )
        return Finding(mutant.name, mutant.clause, True, reason, seconds, shows=False)
    return Finding(mutant.name, mutant.clause, False, said, seconds)


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
    proxy = ProxyTarget(Proxy(url))
    try:
        plain = check_target(proxy, replace(options, profile=Profile.REFERENCE, only=clauses, jobs=1), name=url)
    finally:
        proxy.close()
    outcomes = {entry.clause.id: entry for entry in plain.clauses}
    click.echo(
        f"Without a deviation, through the proxy: {len(plain.of(Outcome.PASSED))} of {len(clauses)} clauses pass."
    )
    findings: list[Finding] = []
    known: dict[str, Any] = {name: value for name, value in plain.found.items() if getattr(options, name) is None}
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=quiet) as pool:
        futures: list[Future[Finding]] = []
        for index in chosen:
            mutant, entry = MUTANTS[index], outcomes[MUTANTS[index].clause]
            if entry.outcome is not Outcome.PASSED:
                reason = f"the clause is {entry.outcome} without it: {' '.join(''.join(entry.reasons[:1]).split())}"
                findings.append(Finding(mutant.name, mutant.clause, True, reason, 0.0, shows=False))
                continue
            futures.append(pool.submit(try_mutant_on, url, index, replace(options, **known)))
        for done in as_completed(futures):
            findings.append(done.result())
            click.secho("." if findings[-1].caught else "F", nl=False, fg="green" if findings[-1].caught else "red")
    click.echo()
    for line in table(findings):
        click.echo(line)
    silent = [f for f in findings if not f.shows]
    survivors = [f for f in findings if not f.caught]
    click.secho(
        f"{len(chosen)} deviations: {len(chosen) - len(silent) - len(survivors)} caught, {len(survivors)} survived, "
        f"{len(silent)} cannot show here, in {time.monotonic() - started:.0f} s",
        fg="red" if survivors else "green",
        bold=True,
    )
    return len(survivors)


def matching(only: Sequence[str]) -> list[int]:
    """The indexes of the mutants with these names or clauses; of all of them where none are given.

    Raises:
        KitError: There is none.
    """
    chosen = [i for i, m in enumerate(MUTANTS) if not only or m.name in only or m.clause in only]
    if not chosen:
        raise KitError(f"There is no mutant and no clause named {only[0]!r}.")
    return chosen


def options_for(mutant: Mutant) -> Options:
    """The run that must catch a mutant."""
    return Options(
        profile=Profile.REFERENCE,
        only=(mutant.clause,),
        layers=(mutant.layer,),
        examples=20,
        seed=1,
        fast="Greedy slotting",
        crashing=CRASHING,
        crashing_native=NATIVE_CRASH,
        silent=SILENT,
        cors_origin=ORIGIN,
        jobs=1,
    )


def target_of(mutant: Mutant) -> Target:
    """A server that is a process of its own."""
    return serve_command(mutant.factory) if " " in mutant.factory else serve_factory(mutant.factory)


def try_mutant(index: int) -> Finding:
    """Run the clause of one mutant against it."""
    mutant = MUTANTS[index]
    started = time.monotonic()
    options = options_for(mutant)
    deviants: list[Deviant] = []

    def make(app: App) -> Deviant:
        deviants.append(Deviant(app, mutant.deviation))
        return deviants[-1]

    try:
        with ExitStack() as stack:
            if mutant.replica:
                target: Target = stack.enter_context(closing(AppTarget(reference_app)))
                second = stack.enter_context(closing(AppTarget(lambda: make(Proxy(target.url)))))
                options = replace(options, replicas=(second.url,))
            elif mutant.factory:
                target = stack.enter_context(closing(target_of(mutant)))
            else:
                target = stack.enter_context(closing(AppTarget(lambda: make(reference_app()))))
            verdict = check_target(target, options, name=mutant.name)
    except KitError as error:
        return Finding(mutant.name, mutant.clause, False, f"ERROR: {error}", time.monotonic() - started)
    faults = [fault for deviant in deviants for fault in deviant.faults]
    if faults:
        said = f"the mutant itself is broken: {faults[0]}"
        return Finding(mutant.name, mutant.clause, False, said, time.monotonic() - started)
    entry = next((c for c in verdict.clauses if c.clause.id == mutant.clause), None)
    if entry is None:
        others = ", ".join(sorted({c for r in verdict.checks if r.outcome is Outcome.FAILED for c in r.clauses}))
        said = f"caught by {others or 'nothing'} instead"
        return Finding(mutant.name, mutant.clause, False, said, time.monotonic() - started)
    caught = entry.outcome is Outcome.FAILED
    said = entry.reasons[0] if entry.reasons else entry.outcome.value
    said = " ".join(said.split())
    return Finding(
        mutant.name, mutant.clause, caught, said if caught else f"{entry.outcome}: {said}", time.monotonic() - started
    )


def try_unbroken(factory: str) -> Finding:
    """Run the whole suite against a server that is not broken."""
    if factory == REFERENCE:
        name = "the reference"
        options = Options(
            profile=Profile.REFERENCE,
            crashing=CRASHING,
            crashing_native=NATIVE_CRASH,
            silent=SILENT,
            cors_origin=ORIGIN,
            seed=1,
            jobs=1,
        )
    else:
        name, options = factory, Options(seed=1, jobs=1)
    started = time.monotonic()
    try:
        target = serve_command(factory) if " " in factory else serve_factory(factory)
        try:
            verdict = check_target(target, options, name=name)
        finally:
            target.close()
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
    findings: list[Finding] = []
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=quiet) as pool:
        futures: list[Future[Finding]] = []
        for factory in unbroken if not only else ():
            futures.append(pool.submit(try_unbroken, factory))
        futures += [pool.submit(try_mutant, index) for index in chosen]
        for done in as_completed(futures):
            findings.append(done.result())
            click.secho("." if findings[-1].caught else "F", nl=False, fg="green" if findings[-1].caught else "red")
    click.echo()
    wrong = [f for f in findings if not f.caught]
    for line in table(findings):
        click.echo(line)
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


def table(findings: Sequence[Finding]) -> Iterator[str]:
    """A line per finding, in the order of the contract."""
    order = list(all_clauses())
    for finding in sorted(findings, key=lambda f: (order.index(f.clause) if f.clause else -1, f.name)):
        mark = "caught" if finding.caught else "SURVIVED"
        mark = mark if finding.shows else "–"
        if not finding.clause:
            mark = "passes" if finding.caught else "ACCUSED"
        yield f"{mark:<9}{finding.clause or '-':<8}{finding.name:<44}{finding.seconds:5.1f} s  {finding.said[:90]}"
