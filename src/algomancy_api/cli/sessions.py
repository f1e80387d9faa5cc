"""`algomancy-api sessions`, and `algomancy-api copy-state`, which copies all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from algomancy_api.cli.commands import CouldNot, ListingGroup, connected, examples
from algomancy_api.cli.output import print_json, print_table, progress_bar, tell

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient


@click.group(cls=ListingGroup, epilog=examples("algomancy-api sessions", 'algomancy-api sessions copy main "What if"'))
def sessions() -> None:
    """List, create, copy, rename and delete sessions.

    SESSION is the id or the name of one. Without a command they are listed.
    """


@sessions.command("list", epilog=examples("algomancy-api sessions list --url http://127.0.0.1:8051"))
@connected(in_session=False)
def list_(client: AlgomancyClient, as_json: bool) -> None:
    """List the sessions of a server."""
    found = client.list_sessions()
    if as_json:
        print_json(found)
    else:
        rows = [(s.display_name, s.id, "default" if s.id == found.default else "") for s in found.sessions]
        print_table(("Session", "Id", ""), rows)


@sessions.command(epilog=examples('algomancy-api sessions create "Next year"'))
@click.argument("name")
@connected(in_session=False)
def create(client: AlgomancyClient, as_json: bool, name: str) -> None:
    """Create the session NAME, empty of data and scenarios."""
    tell(client.create_session(name), as_json, f"Created '{name}'.")


@sessions.command(epilog=examples('algomancy-api sessions copy main "What if"'))
@click.argument("session", metavar="SESSION")
@click.argument("name")
@connected(in_session=False)
def copy(client: AlgomancyClient, as_json: bool, session: str, name: str) -> None:
    """Copy SESSION with its data and scenarios as NAME."""
    tell(client.copy_session(session, name), as_json, f"Copied '{session}' as '{name}'.")


@sessions.command(epilog=examples('algomancy-api sessions rename "What if" "Plan B"'))
@click.argument("session", metavar="SESSION")
@click.argument("name")
@connected(in_session=False)
def rename(client: AlgomancyClient, as_json: bool, session: str, name: str) -> None:
    """Give SESSION another name; its id stays."""
    client.rename_session(session, name)
    tell(client.list_sessions(), as_json, f"Renamed '{session}' to '{name}'.")


@sessions.command(epilog=examples('algomancy-api sessions delete "Next year"'))
@click.argument("session", metavar="SESSION")
@connected(in_session=False)
def delete(client: AlgomancyClient, as_json: bool, session: str) -> None:
    """Delete SESSION with all its data and scenarios.

    A fresh session named main takes the place of the last one.
    """
    tell(client.delete_session(session), as_json, f"Deleted '{session}'.")


@click.command(
    "copy-state",
    epilog=examples(
        "algomancy-api copy-state state sqlite:///state.db", "algomancy-api copy-state sqlite:///state.db state-again"
    ),
)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option(
    "--config",
    metavar="MODULE:ATTRIBUTE",
    help="The configuration, where datasets are of a class of its own, or there as raw files.",
)
def copy_state(source: str, target: str, config: str | None) -> None:
    """Copy a state between folder and database.

    FROM and TO, which must be empty, are each a folder or the URL of a database, such as sqlite:///state.db or
    postgresql://user@host/name. Sessions, datasets and scenarios keep their ids, times and results; what was queued is
    queued. Stop the servers of both first.
    """
    from algomancy_api.cli.served import load_configuration
    from algomancy_scenario.sessionmanager import SessionManager

    copy = getattr(SessionManager, "copy_state", None)
    if copy is None:
        raise CouldNot("This backend does not offer that.")
    found = None if config is None else load_configuration(config)
    from rich.progress import MofNCompleteColumn

    with progress_bar(MofNCompleteColumn()) as move:
        try:
            counts = copy(
                source, target, found, lambda done, total: move(description="Copying", completed=done, total=total)
            )
        except (ValueError, TypeError, OSError) as error:
            raise CouldNot(str(error)) from error
    told = (f"{number} {kind.removesuffix('s') if number == 1 else kind}" for kind, number in counts.items())
    click.echo(f"Copied {', '.join(told)}.")
