"""What every command that talks to a server shares: where it is, which session, and in which form to answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from algomancy_api.cli.failures import JSON_MODE

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient

DEFAULT_URL = "http://127.0.0.1:8051"


def connected(*, in_session: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of a connection, and `client` and `as_json` as its first arguments.

    Args:
        in_session: whether the command works within a session. Where none is named, it is the server's default one.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @click.option(
            "--url", envvar="ALGOMANCY_URL", default=DEFAULT_URL, show_default=True, help="Address of the server."
        )
        @click.option("--token", envvar="ALGOMANCY_TOKEN", help="Token, where the server asks for one.")
        @click.option(
            "--json",
            "as_json",
            is_flag=True,
            is_eager=True,  # known before anything else is found to be wrong
            callback=_remember,
            help="Answer in JSON, for programs.",
        )
        @wraps(command)
        def connect(url: str, token: str | None, as_json: bool, **others: Any) -> None:  # noqa: ANN401 - click's
            if "" in others.values():
                raise click.UsageError("A name must not be empty.")
            session = others.pop("session", None)
            with _client(url, token, session, in_session) as client:
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


def _client(url: str, token: str | None, session: str | None, in_session: bool) -> AlgomancyClient:
    from algomancy_api.client import AlgomancyClient

    try:
        client = AlgomancyClient(url, session or "main", token)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if in_session and not session:
        return client.in_session(client.list_sessions().default)
    return client
