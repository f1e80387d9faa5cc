"""One run from start to verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from .options import Options
from .outcomes import CheckResult
from .run import Run, run_suite
from .target import Target
from .verdict import Verdict, judge


def check_target(
    target: Target,
    options: Options,
    *,
    name: str = "",
    baseline: Mapping[str, str] | None = None,
    on_result: Callable[[CheckResult], None] = lambda _: None,
) -> Verdict:
    """Run the suite against `target` and judge it.

    Args:
        target: What to check; it is not closed.
        options: What to do.
        name: What to call the target in the reports.
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
    return judge(
        name or target.url,
        options,
        run.results,
        baseline=baseline,
        residue=run.residue,
        requests=run.api.sent,
        seconds=time.monotonic() - started,
    )
