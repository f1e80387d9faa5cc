"""`algomancy-api compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from algomancy_api.cli.commands import connected, examples
from algomancy_api.cli.output import (
    Best,
    Rows,
    better,
    difference,
    fitting_columns,
    goal,
    number,
    output_option,
    print_json,
    print_table,
    score,
    shown,
    verdict,
    write_tables,
)
from algomancy_api.cli.scenarios import pick

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient
    from algomancy_api.schemas import ScenarioSummary


@click.command(
    epilog=examples(
        'algomancy-api compare "as it is" "greedy"',
        'algomancy-api compare --sort "Travel distance" --output comparison.xlsx',
    )
)
@click.argument("scenarios", metavar="[ID ID...]", nargs=-1)
@click.option("--sort", "sorted_by", metavar="KPI", help="Show the scenario with the best value of this KPI first.")
@output_option
@connected()
def compare(
    client: AlgomancyClient, as_json: bool, scenarios: tuple[str, ...], sorted_by: str | None, output: Path | None
) -> None:
    """Show the KPIs of scenarios side by side.

    ID is the id of a scenario, the start of one, or a tag; without any, all that are complete are compared. Differences
    are to the first one shown. What is better is marked with *, and a KPI with a threshold is met or missed.
    """
    if len(scenarios) == 1:
        raise click.UsageError("Give two scenarios or more to compare.")
    known = client.list_scenario_summaries()
    chosen = [pick(known, name) for name in scenarios] or [s for s in known if s.status == "complete"]
    if len(chosen) < 2:
        raise click.UsageError("There are not yet two complete scenarios to compare.")
    if sorted_by is not None:
        chosen = _sorted(chosen, sorted_by)
    facts = _facts(chosen)
    if output is not None:
        write_tables(output, {"comparison": _as_rows(chosen, facts)})
    if as_json:
        compared = [{"id": s.id, "tag": s.tag, "status": s.status.value} for s in chosen]
        print_json({"scenarios": compared, "kpis": facts})
    elif output is None:
        _print(chosen, facts)
        for scenario in chosen:
            if scenario.status != "complete":
                told = f"Scenario '{scenario.tag}' is {scenario.status.value}: it has no values."
                click.echo(shown(told), err=True)


def _sorted(chosen: list[ScenarioSummary], name: str) -> list[ScenarioSummary]:
    """The scenarios with the best value of a KPI first, those without one last."""
    names = dict.fromkeys(kpi for scenario in chosen for kpi in scenario.kpis)
    if name not in names:
        raise click.UsageError(f"There is no KPI '{name}'. The KPIs: {', '.join(names)}.")

    def key(scenario: ScenarioSummary) -> tuple[bool, float]:
        kpi = scenario.kpis.get(name)
        return (True, 0.0) if kpi is None or kpi.value is None else (False, -score(kpi, kpi.value, by_threshold=False))

    return sorted(chosen, key=key)


def _facts(chosen: list[ScenarioSummary]) -> list[dict[str, Any]]:
    """One entry per KPI that any of the scenarios has."""
    names = dict.fromkeys(name for scenario in chosen for name in scenario.kpis)
    facts = []
    for name in names:
        kpis = [scenario.kpis.get(name) for scenario in chosen]
        first = next(kpi for kpi in kpis if kpi is not None)
        values = [kpi.value if kpi else None for kpi in kpis]
        facts.append(
            {
                "name": name,
                "unit": first.unit,
                "better_when": first.better_when.value,
                "threshold": first.threshold,
                "goal": goal(first),
                "values": values,
                "differences": [None, *(difference(values[0], value) for value in values[1:])],
                "verdicts": [verdict(kpi) or None if kpi else None for kpi in kpis],
                "better": [chosen[position].id for position in sorted(better(kpis))],
            }
        )
    return facts


def _print(chosen: list[ScenarioSummary], facts: list[dict[str, Any]]) -> None:
    """Print a column per scenario, or where these do not fit, a table per KPI."""
    # The notes have a column of their own, so that the numbers line up.
    columns = ("KPI", "Better when", *(text for scenario in chosen for text in (scenario.tag, "")))
    rows = [
        (
            _named(fact),
            fact["goal"],
            *(text for position in range(len(chosen)) for text in _cells(chosen, fact, position)),
        )
        for fact in facts
    ]
    if fitting_columns([columns, *rows]) == len(columns):
        print_table(columns, rows, numbers=range(2, len(columns), 2))
        return
    for fact in facts:
        lines = [(scenario.tag, *_cells(chosen, fact, position)) for position, scenario in enumerate(chosen)]
        print_table((f"{_named(fact)}, better when {fact['goal']}", "", ""), lines, numbers=(1,))
        click.echo()


def _named(fact: dict[str, Any]) -> str:
    return f"{fact['name']} ({fact['unit']})" if fact["unit"] else str(fact["name"])


def _cells(chosen: list[ScenarioSummary], fact: dict[str, Any], position: int) -> tuple[str, str]:
    """The value of a scenario's KPI, and what is to be said of it."""
    value, changed = number(fact["values"][position]), fact["differences"][position]
    is_best = chosen[position].id in fact["better"]
    notes = ("" if changed is None else f"{changed:+.1f} %", fact["verdicts"][position] or "", "*" if is_best else "")
    note = " ".join(filter(None, notes))
    return (Best(value), Best(note)) if is_best else (value, note)


def _as_rows(chosen: list[ScenarioSummary], facts: list[dict[str, Any]]) -> Rows:
    """The comparison as a table for files: a row per KPI and scenario, ready for a pivot table."""
    return [
        {
            "KPI": fact["name"],
            "unit": fact["unit"],
            "better when": fact["goal"],
            "scenario": scenario.tag,
            "value": fact["values"][position],
            "difference in %": fact["differences"][position],
            "threshold": fact["verdicts"][position],
            "best": scenario.id in fact["better"],
        }
        for fact in facts
        for position, scenario in enumerate(chosen)
    ]
