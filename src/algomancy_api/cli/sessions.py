"""`algomancy-api sessions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from algomancy_api.cli.commands import ListingGroup, connected, examples
from algomancy_api.cli.output import print_json, print_table, shown

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient
    from algomancy_api.schemas import SessionList


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
    _tell(client.create_session(name), as_json, f"Created '{name}'.")


@sessions.command(epilog=examples('algomancy-api sessions copy main "What if"'))
@click.argument("session", metavar="SESSION")
@click.argument("name")
@connected(in_session=False)
def copy(client: AlgomancyClient, as_json: bool, session: str, name: str) -> None:
    """Copy SESSION with its data and scenarios as NAME."""
    _tell(client.copy_session(session, name), as_json, f"Copied '{session}' as '{name}'.")


@sessions.command(epilog=examples('algomancy-api sessions rename "What if" "Plan B"'))
@click.argument("session", metavar="SESSION")
@click.argument("name")
@connected(in_session=False)
def rename(client: AlgomancyClient, as_json: bool, session: str, name: str) -> None:
    """Give SESSION another name; its id stays."""
    client.rename_session(session, name)
    _tell(client.list_sessions(), as_json, f"Renamed '{session}' to '{name}'.")


@sessions.command(epilog=examples('algomancy-api sessions delete "Next year"'))
@click.argument("session", metavar="SESSION")
@connected(in_session=False)
def delete(client: AlgomancyClient, as_json: bool, session: str) -> None:
    """Delete SESSION with all its data and scenarios.

    A fresh session named main takes the place of the last one.
    """
    _tell(client.delete_session(session), as_json, f"Deleted '{session}'.")


def _tell(left: SessionList, as_json: bool, told: str) -> None:
    """Say what was done; in JSON, give the sessions there are now."""
    if as_json:
        print_json(left)
    else:
        click.echo(shown(told))
