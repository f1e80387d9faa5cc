"""`algomancy-api scenarios`, and how a person names a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from algomancy_api.cli.commands import Command
from algomancy_api.cli.connection import connected
from algomancy_api.cli.output import fitting_columns, print_json, print_table

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient
    from algomancy_api.schemas import ScenarioSummary

SHORT_ID = 8


@click.command(cls=Command, examples=("algomancy-api scenarios", "algomancy-api scenarios --json"))
@connected()
def scenarios(client: AlgomancyClient, as_json: bool) -> None:
    """List the scenarios of a session, oldest first."""
    found = client.list_scenario_summaries()
    if as_json:
        print_json(found)
    elif not found:
        click.echo("The session has no scenarios yet.")
    else:
        columns = ("Id", "Tag", "Algorithm", "Dataset", "Status", "Done")
        rows: list[tuple[str, ...]] = [
            (s.id, s.tag, s.algorithm.name, s.input_data_key or "-", s.status.value, f"{s.progress:.0f} %")
            for s in found
        ]
        if fitting_columns([columns, *rows]) < len(columns):
            length = short_length(found)
            rows = [(identifier[:length], *others) for identifier, *others in rows]
        print_table(columns, rows, numbers=(5,))


def short_length(found: Sequence[ScenarioSummary]) -> int:
    """How many characters of an id tell these scenarios apart."""
    length = SHORT_ID
    while len({scenario.id[:length] for scenario in found}) < len(found):
        length += 1
    return length


def pick(found: Sequence[ScenarioSummary], name: str) -> ScenarioSummary:
    """The scenario of this id, of this tag, or with an id that starts like this.

    Raises:
        click.UsageError: there is none, or several ids start like this.
    """
    for scenario in [s for s in found if s.id == name] + [s for s in found if s.tag == name]:
        return scenario
    alike = [scenario for scenario in found if scenario.id.startswith(name)]
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise click.UsageError(f"{len(alike)} scenarios have an id that starts with '{name}': give more of it.")
    raise click.UsageError(f"There is no scenario '{name}': `algomancy-api scenarios` lists them.")
