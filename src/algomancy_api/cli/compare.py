"""`algomancy-api compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from algomancy_api.cli.commands import connected, examples
from algomancy_api.cli.kpis import better, goal
from algomancy_api.cli.output import Best, number, print_json, print_table
from algomancy_api.cli.scenarios import pick

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient
    from algomancy_api.schemas import ScenarioSummary


@click.command(epilog=examples('algomancy-api compare "as it is" "greedy"'))
@click.argument("scenarios", metavar="ID ID...", nargs=-1, required=True)
@connected()
def compare(client: AlgomancyClient, as_json: bool, scenarios: tuple[str, ...]) -> None:
    """Show the KPIs of scenarios side by side.

    What is better is marked with *. ID is the id of a scenario, the start of one, or a tag.
    """
    if len(scenarios) < 2:
        raise click.UsageError("Give two scenarios or more to compare.")
    known = client.list_scenario_summaries()
    chosen = [pick(known, name) for name in scenarios]
    facts = _facts(chosen)
    if as_json:
        compared = [{"id": s.id, "tag": s.tag, "status": s.status.value} for s in chosen]
        print_json({"scenarios": compared, "kpis": facts})
        return
    # The mark has a column of its own, so that the numbers line up.
    rows = [
        (
            f"{fact['name']} ({fact['unit']})" if fact["unit"] else fact["name"],
            fact["goal"],
            *(
                text
                for scenario, value in zip(chosen, fact["values"], strict=True)
                for text in ((Best(number(value)), Best("*")) if scenario.id in fact["better"] else (number(value), ""))
            ),
        )
        for fact in facts
    ]
    columns = ("KPI", "Better when", *(text for scenario in chosen for text in (scenario.tag, "")))
    print_table(columns, rows, numbers=range(2, len(columns), 2))
    for scenario in chosen:
        if scenario.status != "complete":
            click.echo(f"Scenario '{scenario.tag}' is {scenario.status.value}: it has no values.", err=True)


def _facts(chosen: list[ScenarioSummary]) -> list[dict[str, Any]]:
    """One entry per KPI that any of the scenarios has."""
    names = dict.fromkeys(name for scenario in chosen for name in scenario.kpis)
    facts = []
    for name in names:
        kpis = [scenario.kpis.get(name) for scenario in chosen]
        first = next(kpi for kpi in kpis if kpi is not None)
        facts.append(
            {
                "name": name,
                "unit": first.unit,
                "better_when": first.better_when.value,
                "threshold": first.threshold,
                "goal": goal(first),
                "values": [kpi.value if kpi else None for kpi in kpis],
                "better": [chosen[position].id for position in sorted(better(kpis))],
            }
        )
    return facts
