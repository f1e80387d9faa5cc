"""What all commands share: examples in their help, the options of a connection, and how failures are told.

A failure is one line and an exit code, never a traceback.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient

DEFAULT_URL = "http://127.0.0.1:8051"
TOKEN_VARIABLE = "ALGOMANCY_TOKEN"
FAILED = 1
"""Exit code: what was asked for has failed."""
COULD_NOT = 2
"""Exit code: it could not be asked for."""

JSON_MODE = "algomancy_api.json"
"""Key in `click.Context.meta`: whether the person asked for JSON."""


class CouldNot(Exception):
    """What a command was asked for cannot be done; the message tells why, the exit code is 2."""


def examples(*lines: str) -> str:
    """The end of a command's help: whole lines that work as they stand, so they are not wrapped."""
    return "\n".join(("\b", "Example:" if len(lines) == 1 else "Examples:", *(f"  {line}" for line in lines)))


class ReportingGroup(click.Group):
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

            no_backend = isinstance(error, ImportError) and (error.name or "").startswith("algomancy_")
            if isinstance(error, CouldNot) or no_backend:
                report(ctx, str(error))
                ctx.exit(COULD_NOT)
            if isinstance(error, OSError) and not isinstance(error, AlgomancyError | BrokenPipeError):
                report(ctx, str(error.strerror or error))
                ctx.exit(COULD_NOT)
            if not isinstance(error, AlgomancyError):
                raise
            failed = isinstance(error, ScenarioFailed | UploadRejected | WaitTimeout)
            report(ctx, str(error), status=error.status if isinstance(error, ApiError) else None)
            ctx.exit(FAILED if failed else COULD_NOT)


class ListingGroup(click.Group):
    """A group of commands that lists what it is about when no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line, with `list` in it where there is no command."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def typed_again(*words: str) -> str:
    """A command line for the same server and session, to be copied: with what was given as options of this one."""
    context = click.get_current_context()
    for name in ("session", "url", "prefix"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            words = (*words, f"--{name}", context.params[name])
    return f"algomancy-api {shlex.join(words)}"


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


document_option = click.option(
    "--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file."
)


def print_or_write(text: str, output: Path | None) -> None:
    """Print a document, or write it to a file.

    Raises:
        click.UsageError: the file cannot be written.
    """
    if output is None:
        click.echo(text.encode(), nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise click.UsageError(f"'{output}' cannot be written: {error.strerror}.") from None
    click.echo(f"Wrote {output}.", err=True)


def connected(*, in_session: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of a connection, and `client` and `as_json` as its first arguments.

    Args:
        in_session: whether the command works within a session. Where none is named, it is the server's default one.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @click.option(
            "--url", envvar="ALGOMANCY_URL", default=DEFAULT_URL, show_default=True, help="Address of the server."
        )
        @click.option("--token", envvar=TOKEN_VARIABLE, help="Token, where the server asks for one.")
        @click.option(
            "--prefix", envvar="ALGOMANCY_PREFIX", default="/api/v1", show_default=True, help="Path of its routes."
        )
        @click.option(
            "--json",
            "as_json",
            is_flag=True,
            is_eager=True,  # known before anything else is found to be wrong
            callback=_remember,
            help="Answer in JSON, for programs.",
        )
        @wraps(command)
        def connect(url: str, token: str | None, prefix: str, as_json: bool, **others: Any) -> None:  # noqa: ANN401 - click's
            if any(value == "" or (isinstance(value, tuple) and "" in value) for value in others.values()):
                raise click.UsageError("A name must not be empty.")
            session = others.pop("session", None) if in_session else "main"
            with _client(url, token, prefix, session) as client:
                command(client, as_json, **others)

        if not in_session:
            return connect
        return click.option(
            "--session", envvar="ALGOMANCY_SESSION", help="Id or name of the session.  [default: the server's]"
        )(connect)

    return decorate


def _remember(context: click.Context, _: click.Parameter, as_json: bool) -> bool:
    context.meta[JSON_MODE] = as_json
    return as_json


def _client(url: str, token: str | None, prefix: str, session: str | None) -> AlgomancyClient:
    """A client of the server; without a session, of the server's default one."""
    from algomancy_api.client import AlgomancyClient

    try:
        client = AlgomancyClient(url, session or "main", token, prefix=prefix)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return client if session else client.in_session(client.list_sessions().default)
