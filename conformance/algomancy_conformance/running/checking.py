"""One run of the suite against one target, by pytest in this process, from start to verdict."""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from unittest import mock

import pytest

from ..judging.verdict import Verdict
from ..options import Options
from ..outcomes import CheckResult, KitError
from ..target.servers import Target
from .context import Run
from .plugin import SuitePlugin

SUITE = Path(__file__).parents[1] / "suite"
OWN_PYTEST = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
"""Keeps the user's own pytest plugins and options out of the run."""


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
