"""The command ``algomancy-conformance``."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from .clauses import Level, Profile, all_clauses, clause_table
from .options import LAYERS, Options
from .outcomes import KitError

CANNOT_TEST = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="algomancy-conformance")
def main() -> None:
    """Tell whether a backend keeps the Algomancy HTTP contract, clause by clause."""


@main.command()
@click.argument("url", required=False)
@click.option("--app", metavar="MODULE:FACTORY", help="Serve the application a function gives, and check that.")
@click.option("--serve", metavar="COMMAND", help="Start the target with COMMAND; {port} and {data} are filled in.")
@click.option("--prefix", default="/api/v1", show_default=True, help="What the routes start with.")
@click.option("--profile", type=click.Choice([p.value for p in Profile]), default="seed", show_default=True)
@click.option("--level", type=click.Choice([v.value.lower() for v in Level]), default="may", show_default=True)
@click.option("--only", metavar="CLAUSE", multiple=True, help="Check this clause alone; may be given again.")
@click.option("--examples", type=click.IntRange(1), default=20, show_default=True, help="Random cases per operation.")
@click.option("--seed", type=click.IntRange(0), help="What the random layers start from, to replay a run.")
@click.option("--read-only", is_flag=True, help="Send GETs only.")
@click.option("--token", envvar="ALGOMANCY_TOKEN", help="A bearer token; also read from ALGOMANCY_TOKEN.")
@click.option("--baseline", type=click.Path(path_type=Path), help="A file of known failures, each with its reason.")
@click.option("--report", type=click.Path(path_type=Path, file_okay=False), help="A folder for the reports.")
@click.option("--allow-remote", is_flag=True, help="Let the target be on another machine.")
@click.option("--slow", metavar="NAME", help="The algorithm that takes time.")
@click.option("--fast", metavar="NAME", help="The algorithm that ends at once.")
@click.option("--failing", metavar="NAME", help="The algorithm that fails.")
@click.option("--crashing", metavar="NAME", help="An algorithm whose parameters raise when they are asked for.")
@click.option("--dataset", metavar="KEY", help="The dataset to work with a copy of.")
@click.option(
    "--etl-files", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Files the ETL accepts."
)
@click.option("--cors-origin", metavar="ORIGIN", help="An origin the target allows.")
@click.option("--restart-command", metavar="COMMAND", help="Kills the target with SIGKILL and starts it again.")
@click.option("--disposable", is_flag=True, help="The target is the kit's to wipe.")
@click.option("--layer", "layers", type=click.Choice(LAYERS), multiple=True, help="Run this layer alone.")
def run(url: str | None, app: str | None, serve: str | None, **given: Any) -> None:  # noqa: ANN401
    """Check the backend at URL, or one the kit starts itself with --app or --serve.

    Ends with 0 when it is conformant, 1 when it is not, 2 when it could not be tested.
    """
    baseline_file, report, allow_remote = given.pop("baseline"), given.pop("report"), given.pop("allow_remote")
    with _kit_errors(), _terminable():
        options = _options(given)
        need_the_extra()
        from .baseline import read_baseline
        from .report import make_folder, write_reports
        from .session import check_target
        from .target import find_target
        from .terminal import Progress, print_verdict

        known = read_baseline(baseline_file) if baseline_file else {}
        if report is not None:
            make_folder(report)
        target, name = find_target(url, app, serve, allow_remote=allow_remote)
        try:
            progress = Progress(name, options)
            try:
                verdict = check_target(target, options, name=name, baseline=known, on_result=progress.show)
            finally:
                progress.end()
        finally:
            target.close()
        print_verdict(verdict)
        if report is not None:
            write_reports(verdict, report)
            click.echo(f"Reports: {report}")
    sys.exit(verdict.exit_code)


@main.command()
@click.option("--profile", type=click.Choice([p.value for p in Profile]), help="Show the levels of this profile.")
def clauses(profile: str | None) -> None:
    """Print the clause table."""
    click.echo(clause_table(Profile(profile) if profile else None), nl=False)


@main.command()
@click.option("--only", metavar="MUTANT", multiple=True, help="Run this mutant, or those of this clause, alone.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="How many at a time.")
@click.option("--skip-unbroken", is_flag=True, help="Leave out the runs against servers that are not broken.")
def selftest(only: tuple[str, ...], jobs: int, skip_unbroken: bool) -> None:
    """Prove the kit: every mutant is caught by the clause it breaks, and unbroken servers pass."""
    with _kit_errors(), _terminable():
        need_the_extra()
        from .selftest import run_selftest

        survivors = run_selftest(only, jobs=jobs, unbroken=not skip_unbroken)
    sys.exit(1 if survivors else 0)


def _options(given: dict[str, Any]) -> Options:
    """The run's options from the command line's.

    Raises:
        KitError: `--only` names something that is no clause, or `--prefix` is no path.
    """
    if not re.fullmatch(r"[\w.~%/-]*", given["prefix"], re.ASCII):
        raise KitError(f"--prefix {given['prefix']}: a path is wanted, such as /api/v1.")
    unknown = [name for name in given["only"] if name not in all_clauses()]
    if unknown:
        raise KitError(f"--only {unknown[0]}: there is no such clause; `algomancy-conformance clauses` lists them.")
    seed = given.pop("seed")
    more = {"seed": seed} if seed is not None else {}
    given["layers"] = given["layers"] or LAYERS
    return Options(**{**given, "profile": Profile(given["profile"]), "level": Level(given["level"].upper()), **more})


def need_the_extra() -> None:
    """Make sure that what the kit needs is installed.

    Raises:
        KitError: It is not.
    """
    missing = [m for m in ("pytest", "schemathesis", "hypothesis", "jinja2") if importlib.util.find_spec(m) is None]
    if missing:
        raise KitError(f"{', '.join(missing)} missing: pip install algomancy-conformance")


@contextlib.contextmanager
def _kit_errors() -> Iterator[None]:
    try:
        yield
    except KitError as error:
        click.echo(f"Could not test: {error}", err=True)
        sys.exit(CANNOT_TEST)
    except KeyboardInterrupt as broken_off:
        click.echo(
            f"Broken off; {f'left behind: {broken_off}' if str(broken_off) else 'nothing is left behind'}.", err=True
        )
        sys.exit(CANNOT_TEST)
    except Exception as error:  # a fault of the kit says nothing of the target, and 1 would
        traceback.print_exc()
        click.echo(f"Could not test: the kit broke, {type(error).__name__}: {error}", err=True)
        sys.exit(CANNOT_TEST)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does, so that it cleans up."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
