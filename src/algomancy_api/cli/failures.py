"""How the command line tells what went wrong: one line and an exit code, never a traceback for a person's mistake."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click

from algomancy_api.cli.commands import Group

FAILED = 1
"""Exit code: what was asked for has failed."""
COULD_NOT = 2
"""Exit code: it could not be asked for."""

JSON_MODE = "algomancy_api.json"
"""Key in `click.Context.meta`: whether the person asked for JSON."""


class ReportingGroup(Group):
    """A group of commands whose known failures end in one line on standard error."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever a command returns
        """Run a command; report what the client or the file system complained about."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                # A name that the terminal has no characters for is no reason to stop.
                stream.reconfigure(errors="replace")
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if not ctx.meta.get(JSON_MODE):
                raise
            report(ctx, error.format_message())
            ctx.exit(COULD_NOT)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            from algomancy_api.client.exceptions import (
                AlgomancyError,
                ApiError,
                ScenarioFailed,
                UploadRejected,
                WaitTimeout,
            )

            if isinstance(error, OSError) and not isinstance(error, AlgomancyError | BrokenPipeError):
                report(ctx, str(error.strerror or error))
                ctx.exit(COULD_NOT)
            if not isinstance(error, AlgomancyError):
                raise
            failed = isinstance(error, ScenarioFailed | UploadRejected | WaitTimeout)
            report(ctx, str(error), status=error.status if isinstance(error, ApiError) else None)
            ctx.exit(FAILED if failed else COULD_NOT)


def report(ctx: click.Context, message: str, status: int | None = None) -> None:
    """Write a failure to standard error, as JSON where that was asked for."""
    from algomancy_api.cli.output import shown

    if ctx.meta.get(JSON_MODE):
        fact: dict[str, Any] = {"detail": message}
        if status is not None:
            fact["status"] = status
        click.echo(json.dumps(fact), err=True)
    else:
        colour = False if os.environ.get("NO_COLOR") else None
        click.echo(f"{click.style('Error:', fg='red')} {shown(message)}", err=True, color=colour)
