"""`algomancy-api sessions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from algomancy_api.cli.commands import connected, examples
from algomancy_api.cli.output import print_json, print_table

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient


@click.command(epilog=examples("algomancy-api sessions --url http://127.0.0.1:8051"))
@connected(in_session=False)
def sessions(client: AlgomancyClient, as_json: bool) -> None:
    """List the sessions of a server."""
    found = client.list_sessions()
    if as_json:
        print_json(found)
    else:
        rows = [(s.display_name, s.id, "default" if s.id == found.default else "") for s in found.sessions]
        print_table(("Session", "Id", ""), rows)
