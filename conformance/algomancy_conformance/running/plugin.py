"""One run of the suite by pytest in this process: which checks are made, and what became of each."""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from ..clauses import all_clauses
from ..judging.terminal import print_verdict
from ..judging.verdict import Verdict
from ..options import Options, flag_of, settings
from ..outcomes import Broken, CheckResult, KitError, NotOffered, Outcome, Untried, leaves_of
from ..target.servers import Target, find_target
from .context import Run
from .jobs import can_fork, run_forked

RUN = pytest.StashKey[Run]()
SHOWN_EXCHANGES = 6
PYTEST_FLAGS = {"seed": "--conformance-seed"}
"""Options that have another name here, for other plugins may have taken theirs."""
GIVE_UP = 3
"""After so many requests in a row without an answer the rest is not tried: each might wait half a minute."""


SUITE = Path(__file__).parents[1] / "suite"
OWN_PYTEST = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
"""Keeps the user's own pytest plugins and options out of the run."""


def clause(
    *ids: str,
    operation: str = "",
    layer: str = "clauses",
    read_only: bool = False,
    whole_run: bool = False,
    starred: bool = False,
) -> pytest.MarkDecorator:
    """Declare the clauses a test checks, or a row of a parametrized one.

    Args:
        ids: The clauses; the test's outcome counts for each.
        operation: The operationId it is mostly about.
        layer: ``clauses``, ``fuzzing``, ``model`` or ``document``.
        read_only: Whether it sends GETs only.
        whole_run: Whether it judges what the other checks saw, and so comes last.
        starred: Whether it checks what is MUST* within a clause that is a MUST: for others a warning.

    Raises:
        KeyError: An id is no clause of the contract.
    """
    known = tuple(all_clauses()[i].id for i in ids)
    return pytest.mark.clause(
        ids=known, operation=operation, layer=layer, read_only=read_only, whole_run=whole_run, starred=starred
    )


def check_target(
    target: Target,
    options: Options,
    *,
    name: str = "",
    arguments: Sequence[str] = (),
    baseline: Mapping[str, str] | None = None,
    on_result: Callable[[CheckResult], None] = lambda _: None,
) -> Verdict:
    """Run the suite against `target` and judge it.

    Args:
        target: What to check; it is not closed.
        options: What to do.
        name: What to call the target in the reports.
        arguments: The words that name the target on a command line, when they are not its address.
        baseline: Known failures, the reason by clause id.
        on_result: Told of each result as it comes.

    Raises:
        KitError: The target cannot be reached, or the suite cannot be run.
        KeyboardInterrupt: The user broke it off; it says what is left behind.
    """
    started = time.monotonic()
    run = Run(target, options, on_result)
    try:
        run_suite(run)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(run.residue) from None
    seconds = time.monotonic() - started
    return run.verdict(name, arguments=arguments, baseline=baseline, seconds=seconds)


def run_suite(run: Run) -> None:
    """Run the suite, and clean up after it also when it is broken off.

    Raises:
        KitError: The target cannot be reached, or pytest itself could not run the suite.
        KeyboardInterrupt: The user broke it off.
    """
    arguments = [
        str(SUITE),
        f"--rootdir={SUITE}",
        f"--config-file={SUITE / 'pytest.ini'}",
        "--import-mode=importlib",
        "--quiet",
        "--no-header",
        "--no-summary",
        "--capture=no",
        "--tb=native",  # nobody sees the tracebacks, and pytest's own take a while to make
        "-pno:unraisableexception",  # which collects garbage five times over at the end
    ]
    output = io.StringIO()
    try:
        run.open()
        with mock.patch.dict(os.environ, OWN_PYTEST), contextlib.redirect_stdout(output):
            code = pytest.main(arguments, plugins=[SuitePlugin(run, run.options.jobs)])
    finally:
        run.close()
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR) or (code and not run.results):
        raise KitError(f"pytest could not run the suite: {output.getvalue()[-2000:]}")


class SuitePlugin:
    """Chooses the checks of one run and collects their outcomes.

    Args:
        run: The run they belong to.
        jobs: In how many processes to make them.
    """

    def __init__(self, run: Run, jobs: int = 1) -> None:
        self.run = run
        self._jobs = jobs

    @pytest.hookimpl
    def pytest_configure(self, config: pytest.Config) -> None:
        """Make the run known to the suite's fixtures."""
        config.stash[RUN] = self.run
        config.addinivalue_line("markers", "clause: the clauses of the contract a test checks")

    @pytest.hookimpl
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the checks this run asks for; those that judge the whole run go last.

        Before a server is killed, and started again, it may be looked at as a fresh one.
        """
        chosen: list[pytest.Item] = []
        left_out: list[pytest.Item] = []
        for item in items:
            if "clause" not in item.keywords:
                chosen.append(item)
                continue
            (chosen if self._wanted(item) else left_out).append(item)
        chosen.sort(
            key=lambda item: (
                bool(_marked(item).get("whole_run")),
                self._alone(item),
                "restart" in getattr(item, "fixturenames", ()),
            )
        )
        items[:] = chosen
        config.hook.pytest_deselected(items=left_out)

    def _alone(self, item: pytest.Item) -> bool:
        """Whether a check wipes or restarts the very target that others are using."""
        options, fixtures = self.run.options, getattr(item, "fixturenames", ())
        return (options.disposable and "fresh" in fixtures) or (
            options.restart_command is not None and "restart" in fixtures
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Make the checks in several processes, then here those that judge the whole run."""
        shared = [i for i in session.items if not _marked(i).get("whole_run") and not self._alone(i)]
        if not can_fork(self._jobs, shared):
            return None
        self.run.prepare(any("fuzzer" in getattr(item, "fixturenames", ()) for item in shared))
        run_forked(self.run, shared, self._jobs)
        rest = [item for item in session.items if item not in shared]
        for item, following in zip(rest, [*rest[1:], None], strict=False):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return True

    def _wanted(self, item: pytest.Item) -> bool:
        options, marked = self.run.options, _marked(item)
        if marked["layer"] not in options.layers:
            return False
        ids = [i for i in marked["ids"] if not options.only or i in options.only]
        levels = [all_clauses()[i].level_in(options.profile) for i in ids]
        return any(level.rank <= options.level.rank for level in levels)

    @pytest.hookimpl
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Forget the requests of the check before; leave out what a read-only run must not do."""
        self.run.api.recent.clear()
        self.run.watcher.begin(_marked(item).get("ids", ()))
        if "clause" in item.keywords and self.run.api.unanswered >= GIVE_UP:
            raise KitError("the target has stopped answering")
        if self.run.options.read_only and "clause" in item.keywords and not _marked(item)["read_only"]:
            raise Untried("the run is read-only")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn what a check raised into an outcome."""
        report = yield
        if "clause" in item.keywords and (call.when == "call" or call.excinfo is not None):
            error = call.excinfo.value if call.excinfo else None
            if not isinstance(error, KeyboardInterrupt):
                for result in self._results(item, call, error):
                    self.run.add(result)
            if isinstance(error, Untried | NotOffered):
                report.outcome = "skipped"
                report.longrepr = (str(item.path), 0, f"{outcome_of(error)}: {error}")
        return report

    def _results(
        self, item: pytest.Item, call: pytest.CallInfo[None], error: BaseException | None
    ) -> Iterator[CheckResult]:
        marked = _marked(item)
        sentence = " ".join((getattr(item, "function", None).__doc__ or "").split())
        recent = tuple(self.run.api.recent[-SHOWN_EXCHANGES:])
        for leaf in leaves_of(error) if error else [None]:
            broken = leaf if isinstance(leaf, Broken) else None
            outcome = outcome_of(leaf)
            passed = outcome in (Outcome.PASSED, Outcome.NOT_OFFERED)
            yield CheckResult(
                name=f"{Path(str(item.path)).stem.removeprefix('test_')}::{item.name}",
                sentence=sentence,
                clauses=tuple(getattr(leaf, "clauses", ()) or marked["ids"]),
                layer=marked["layer"],
                outcome=outcome,
                message="" if leaf is None else self.run.api.hide(message_of(leaf)),
                exchanges=() if passed else ((broken and broken.shown) or recent),
                fault=broken.fault if broken else None,
                needs=leaf.needs if isinstance(leaf, Untried | NotOffered) else "",
                starred=bool(marked.get("starred")),
                seconds=call.duration,
            )


def _marked(item: pytest.Item) -> dict[str, Any]:
    marker = item.get_closest_marker("clause")
    return dict(marker.kwargs) if marker else {}


def outcome_of(error: BaseException | None) -> Outcome:
    """What an exception says of a check."""
    if error is None:
        return Outcome.PASSED
    if isinstance(error, Untried):
        return Outcome.UNTESTED
    if isinstance(error, NotOffered):
        return Outcome.NOT_OFFERED
    if isinstance(error, KitError) or not isinstance(
        error, AssertionError | LookupError | TypeError | AttributeError | ValueError
    ):
        return Outcome.ERROR
    return Outcome.FAILED


def message_of(error: BaseException) -> str:
    """What to tell a person about `error`, with hypothesis' notes on how to replay it."""
    text = (
        str(error)
        if isinstance(error, AssertionError | KitError | Untried | NotOffered)
        else f"{type(error).__name__}: {error}"
    )
    notes = "\n".join(getattr(error, "__notes__", [])) if isinstance(error, AssertionError) else ""
    return f"{text}\n{notes}".strip() or type(error).__name__


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of ``pytest conformance``: those of ``algomancy-conformance run``."""
    group = parser.getgroup("conformance")
    group.addoption("--base-url", help="The target, for example http://127.0.0.1:8051.")
    group.addoption("--app", help="MODULE:FACTORY of an application to serve and check.")
    group.addoption("--serve", help="A command that serves the target on {port}.")
    group.addoption("--allow-remote", action="store_true", help="Let the target be on another machine.")
    for name, (setting, default) in settings().items():
        more: dict[str, Any] = {"help": setting.help, "dest": f"conformance_{name}"}
        if isinstance(default, bool):
            more["action"] = "store_true"
        else:
            more |= {"action": "append"} if setting.many else {}
            more |= {"choices": setting.choices} if setting.choices else {}
            more |= {"type": int} if setting.least is not None else {}
            more |= {"default": os.environ.get(setting.variable)} if setting.variable else {}
        group.addoption(PYTEST_FLAGS.get(name, flag_of(name, setting)), **more)


def pytest_configure(config: pytest.Config) -> None:
    """Start a run when this module is a plugin of somebody's own pytest session."""
    given = config.getoption
    if config.option.collectonly or config.option.help:
        config.addinivalue_line("markers", "clause: the clauses of the contract a test checks")
        return
    try:
        options = Options.given({name: given(f"conformance_{name}") for name in settings()})
        target, _ = find_target(
            given("--base-url"),
            given("--app"),
            given("--serve"),
            options.replicas,
            allow_remote=given("--allow-remote"),
        )
    except KitError as error:
        raise pytest.UsageError(str(error).replace("a URL,", "--base-url,")) from None
    run = Run(target, options)
    config.add_cleanup(target.close)
    try:
        run.open()
    except KitError as error:
        raise pytest.UsageError(str(error)) from None
    config.add_cleanup(run.close)
    config.pluginmanager.register(SuitePlugin(run))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what the outcomes mean for the clauses."""
    if RUN in config.stash:
        run = config.stash[RUN]
        terminalreporter.section("clauses")
        print_verdict(run.verdict(run.target.url))
