"""The command ``algomancy-conformance``."""

from __future__ import annotations

import contextlib
import importlib
import json
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import click

from .clauses import Profile, clause_table
from .document import PUBLISHED_PREFIX, document_for_all, with_prefix
from .options import Options, flag_of, settings
from .outcomes import KitError

CANNOT_TEST = 2
HEAVY = ("pytest", "openpyxl", "openapi_spec_validator", "algomancy_conformance.randomised.fuzzing")
"""What takes long to be imported, and most runs need."""

Command = TypeVar("Command", bound=Callable[..., Any])


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="algomancy-conformance")
def main() -> None:
    """Tell whether a backend keeps the Algomancy HTTP contract, clause by clause."""


def _with_settings(command: Command, without: tuple[str, ...] = ()) -> Command:
    """`command` with an option for each setting of a run but some."""
    for name, (setting, default) in reversed(settings().items()):
        if name in without:
            continue
        more: dict[str, Any] = {"help": setting.help, "default": default}
        if isinstance(default, bool):
            more["is_flag"] = True
        elif setting.choices and setting.many:
            more |= {"type": click.Choice(setting.choices), "multiple": True, "default": None}
        elif setting.choices:
            more |= {"type": click.Choice(setting.choices), "default": str(default).lower(), "show_default": True}
        elif setting.least is not None:
            more |= {"type": click.IntRange(setting.least), "show_default": default is not None}
        else:
            more |= {"multiple": setting.many, "show_default": bool(default), "envvar": setting.variable or None}
        if setting.metavar:
            more["metavar"] = setting.metavar
        command = click.option(flag_of(name, setting), name, **more)(command)
    return command


@main.command()
@click.argument("url", required=False)
@click.option("--app", metavar="MODULE:FACTORY", help="Serve the application a function gives, and check that.")
@click.option("--serve", metavar="COMMAND", help="Start the target with COMMAND; {port} and {data} are filled in.")
@click.option("--allow-remote", is_flag=True, help="Let the target be on another machine.")
@click.option("--wait", type=click.IntRange(0), default=0, metavar="SECONDS", help="Give a target time to start.")
@click.option("--baseline", type=click.Path(path_type=Path), help="A file of known failures, each with its reason.")
@click.option("--report", type=click.Path(path_type=Path, file_okay=False), help="A folder for the reports.")
@_with_settings
def run(
    url: str | None,
    app: str | None,
    serve: str | None,
    allow_remote: bool,
    wait: int,
    baseline: Path | None,
    report: Path | None,
    **given: Any,  # noqa: ANN401
) -> None:
    """Check the backend at URL, or one the kit starts itself with --app or --serve.

    Ends with 0 when it is conformant, 1 when it is not, 2 when the answer is incomplete or nothing could be tested.
    """
    with _kit_errors(), _terminable():
        options = Options.given(given)
        from .judging.report import make_folder, write_reports
        from .judging.terminal import Progress, print_verdict
        from .judging.verdict import read_baseline
        from .running.plugin import check_target
        from .target.servers import find_target, wait_until_answering

        known = read_baseline(baseline) if baseline else {}
        if report is not None:
            make_folder(report)
        arguments = ["--app", app] if app else ["--serve", serve] if serve else [url or ""]
        arguments += ["--allow-remote"] if allow_remote else []
        with contextlib.ExitStack() as stack:
            with ThreadPoolExecutor(1) as meanwhile:  # a server takes a second to start
                meanwhile.submit(lambda: [importlib.import_module(module) for module in HEAVY])
                target, name = find_target(url, app, serve, options.replicas, allow_remote=allow_remote)
                stack.callback(target.close)
            for address in (target.url, *options.replicas) if wait else ():
                wait_until_answering(address, seconds=wait)
            progress = Progress(name, options)
            try:
                verdict = check_target(
                    target, options, name=name, arguments=arguments, baseline=known, on_result=progress.show
                )
            finally:
                progress.end()
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
@click.option(
    "--prefix", metavar="PATH", default=PUBLISHED_PREFIX, show_default=True, help="What the routes start with."
)
def document(prefix: str) -> None:
    """Print the OpenAPI document that the kit judges by: for your own generators, mocks and validators."""
    click.echo(json.dumps(with_prefix(document_for_all(), prefix), indent=1, ensure_ascii=False))


def _with_targets_settings(command: Command) -> Command:
    """`command` with the options that tell of a target."""
    return _with_settings(
        command,
        ("profile", "level", "only", "jobs", "read_only", "restart_command", "replicas", "disposable", "layers"),
    )


@main.command()
@click.argument("url", required=False)
@click.option("--only", metavar="MUTANT", multiple=True, help="Run this mutant, or those of this clause, alone.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="How many at a time.")
@click.option(
    "--unbroken", metavar="MODULE:FACTORY", multiple=True, help="Another application that must pass, profile seed."
)
@click.option("--skip-unbroken", is_flag=True, help="Leave out the runs against servers that are not broken.")
@click.option("--allow-remote", is_flag=True, help="Let the target be on another machine.")
@_with_targets_settings
def selftest(
    url: str | None,
    only: tuple[str, ...],
    jobs: int,
    unbroken: tuple[str, ...],
    skip_unbroken: bool,
    allow_remote: bool,
    **given: Any,  # noqa: ANN401
) -> None:
    """Prove the kit: every mutant is caught by the clause it breaks, and unbroken servers pass.

    The mutants are made of the reference. With a URL they are deviations in front of the backend there: each that can
    show on it must be caught, the others are listed with the reason.
    """
    with _kit_errors(), _terminable():
        from .selftest import REFERENCE, run_selftest, run_selftest_on
        from .target.servers import check_address

        if url:
            address = check_address(url, allow_remote=allow_remote)
            survivors = run_selftest_on(address, Options.given(given), only, jobs=jobs)
        else:
            others = () if skip_unbroken else (REFERENCE, *unbroken)
            survivors = run_selftest(only, jobs=jobs, unbroken=others)
    sys.exit(1 if survivors else 0)


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
