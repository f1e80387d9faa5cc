"""`algomancy-api scenarios` and `algomancy-api run`, and how a person names a scenario."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from algomancy_api.cli.commands import FAILED, ListingGroup, connected, examples, report, typed_again
from algomancy_api.cli.output import (
    columns_of,
    fitting_columns,
    plan_tables,
    print_json,
    print_kpis,
    print_rows,
    print_table,
    progress_bar,
    result_tables,
    result_values,
    short_moment,
    shown,
    tell,
    write_tables,
)
from algomancy_api.cli.sessions import parse_parameters, value_text

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient
    from algomancy_api.schemas import Scenario, ScenarioStatus, ScenarioSummary

SHORT_ID = 8


@click.group(cls=ListingGroup, epilog=examples("algomancy-api scenarios", 'algomancy-api scenarios show "greedy"'))
def scenarios() -> None:
    """List, show, export, run, cancel, reset and delete scenarios.

    ID is the id of a scenario, the start of one, or a tag. Without a command they are listed.
    """


@scenarios.command("list", epilog=examples("algomancy-api scenarios list", "algomancy-api scenarios list --json"))
@connected()
def list_(client: AlgomancyClient, as_json: bool) -> None:
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


@scenarios.command(
    epilog=examples('algomancy-api scenarios show "greedy"', 'algomancy-api scenarios show "greedy" --table layout')
)
@click.argument("scenario", metavar="ID")
@click.option("--wait", is_flag=True, help="Wait for its end first, where it is queued or running.")
@click.option("--table", "table_name", metavar="NAME", help="Show the rows of this list of its result.")
@click.option("--rows", type=click.IntRange(min=1), default=10, show_default=True, help="How many rows to show.")
@connected()
def show(client: AlgomancyClient, as_json: bool, scenario: str, wait: bool, table_name: str | None, rows: int) -> None:
    """Show a scenario with its KPIs and its result."""
    found = pick(client.list_scenario_summaries(), scenario)
    if wait and found.status in ("queued", "processing"):
        _wait(client, found, as_json)
    whole = client.get_scenario(found.id)
    tables = result_tables(whole)
    if table_name is not None and table_name not in tables:
        known = ", ".join(tables) or "it has none"
        raise click.UsageError(f"The result of scenario '{whole.tag}' has no list '{table_name}'. Its lists: {known}.")
    if as_json:
        print_json(whole if table_name is None else tables[table_name])
    elif table_name is not None:
        print_rows(columns_of(tables[table_name]), tables[table_name], most=rows)
    else:
        _print_scenario(whole)


def _print_scenario(scenario: Scenario) -> None:
    parameters = ", ".join(f"{name} = {value_text(value)}" for name, value in scenario.algorithm.parameters.items())
    moments = {"Created": scenario.created_at, "Started": scenario.started_at, "Finished": scenario.finished_at}
    facts = {
        "Scenario": scenario.tag,
        "Id": scenario.id,
        "Status": f"{scenario.status.value}, {scenario.progress:.0f} %",
        "Error": scenario.error or str((scenario.result or {}).get("error") or ""),
        "Algorithm": f"{scenario.algorithm.name}{f' ({parameters})' if parameters else ''}",
        "Dataset": scenario.input_data_key or "",
        **{name: f"{moment:%Y-%m-%d %H:%M:%S} UTC" for name, moment in moments.items() if moment is not None},
    }
    if scenario.status == "complete":
        for name, value in result_values(scenario).items():
            facts[f"Result {name}"] = short_moment(value) if isinstance(value, str) else value_text(value)
        for name, rows in result_tables(scenario).items():
            facts[f"Result {name}"] = f"{len(rows):,} rows: {', '.join(columns_of(rows)) or 'none'}"
    width = max(len(name) for name in facts)
    for name, text in facts.items():
        if text:
            click.echo(shown(f"{name:<{width}}  {text}"))
    click.echo()
    print_kpis(scenario.kpis)


@scenarios.command(
    epilog=examples(
        'algomancy-api scenarios export "greedy" plan.xlsx',
        'algomancy-api scenarios export "greedy" layout.csv --table layout',
    )
)
@click.argument("scenario", metavar="ID")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--table", "table_name", metavar="NAME", help="Write this list of the result alone, or its summary.")
@connected()
def export(client: AlgomancyClient, as_json: bool, scenario: str, file: Path, table_name: str | None) -> None:
    """Write the result of a scenario to FILE, in csv or xlsx.

    A workbook has a sheet for the summary with the KPIs, and one for each list of the result. A csv file holds one
    table: the only list, or the one named.
    """
    found = client.get_scenario(pick(client.list_scenario_summaries(), scenario).id)
    tables = plan_tables(found)
    if table_name is not None and table_name not in tables:
        raise click.UsageError(f"Scenario '{found.tag}' has no table '{table_name}'. Its tables: {', '.join(tables)}.")
    if table_name is None and file.suffix.lower() == ".csv":
        table_name, *others = list(tables)[1:] or list(tables)
        if others:
            raise click.UsageError(f"A csv file holds one table: choose by --table one of {', '.join(tables)}.")
    write_tables(file, tables if table_name is None else {table_name: tables[table_name]})
    if as_json:
        print_json({"file": str(file), "tables": list(tables) if table_name is None else [table_name]})


@scenarios.command("run", epilog=examples('algomancy-api scenarios run "greedy"'))
@click.argument("scenario", metavar="ID")
@connected()
def run_again(client: AlgomancyClient, as_json: bool, scenario: str) -> None:
    """Run a scenario that was created or reset, and show its KPIs."""
    found = pick(client.list_scenario_summaries(), scenario)
    client.run_scenario(found.id)
    _print_outcome(_wait(client, found, as_json), as_json)


@scenarios.command(epilog=examples('algomancy-api scenarios cancel "long one"'))
@click.argument("scenario", metavar="ID")
@connected()
def cancel(client: AlgomancyClient, as_json: bool, scenario: str) -> None:
    """Stop a scenario that is queued or running.

    It ends as failed.
    """
    found = pick(client.list_scenario_summaries(), scenario)
    tell(client.cancel_scenario(found.id), as_json, f"Cancelled '{found.tag}'.")


@scenarios.command(epilog=examples('algomancy-api scenarios reset "greedy"'))
@click.argument("scenario", metavar="ID")
@connected()
def reset(client: AlgomancyClient, as_json: bool, scenario: str) -> None:
    """Forget the result of a scenario that has ended.

    Then it can run again.
    """
    found = pick(client.list_scenario_summaries(), scenario)
    tell(client.reset_scenario(found.id), as_json, f"Reset '{found.tag}'.")


@scenarios.command(epilog=examples('algomancy-api scenarios delete "long one"'))
@click.argument("scenario_names", metavar="ID...", nargs=-1, required=True)
@connected()
def delete(client: AlgomancyClient, as_json: bool, scenario_names: tuple[str, ...]) -> None:
    """Delete scenarios; a run of one is stopped."""
    known = client.list_scenario_summaries()
    found = {scenario.id: scenario for scenario in (pick(known, name) for name in scenario_names)}
    for scenario in found.values():
        client.delete_scenario(scenario.id)
        if not as_json:
            click.echo(shown(f"Deleted '{scenario.tag}'."))
    if as_json:
        print_json(client.list_scenario_summaries())


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


@click.command(
    epilog=examples(
        'algomancy-api run Slow --dataset "Master data" --param duration=5',
        'algomancy-api run "Random slotting" --dataset "Master data" --param seed=7 --tag "seed 7" --json',
    )
)
@click.argument("algorithm")
@click.option("--dataset", metavar="KEY", required=True, help="Key of the dataset to read.")
@click.option("--param", "params", metavar="NAME=VALUE", multiple=True, help="Value of a parameter; may be repeated.")
@click.option(
    "--data-param", "data_params", metavar="NAME=VALUE", multiple=True, help="The same for the dataset's parameters."
)
@click.option("--tag", help="Name of the scenario.  [default: made of algorithm and moment]")
@click.option(
    "--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="How long to wait for the end at most."
)
@connected()
def run(
    client: AlgomancyClient,
    as_json: bool,
    algorithm: str,
    dataset: str,
    params: tuple[str, ...],
    data_params: tuple[str, ...],
    tag: str | None,
    timeout: float | None,
) -> None:
    """Run ALGORITHM on a dataset, and show the KPIs of the result.

    Lists of choices and the two ends of an interval are separated by commas; `algomancy-api algorithms NAME` lists the
    parameters. The exit code is 0 when the scenario is complete, 1 when it has failed or is not done in time, and 2
    when it could not be run. Ctrl-C ends the waiting; the scenario goes on.
    """
    algo_values = data_values = None
    if params:
        algo_values = parse_parameters(
            params, client.get_algorithm_parameters(algorithm).parameters, f"Algorithm '{algorithm}'"
        )
    if data_params:
        data_values = parse_parameters(
            data_params, client.get_data_parameters(dataset).parameters, f"Dataset '{dataset}'"
        )

    def run_and_wait(on_progress: Callable[[ScenarioStatus], None]) -> Scenario:
        return client.run_and_wait(
            algorithm,
            dataset,
            tag=tag,
            algo_params=algo_values,
            data_params=data_values,
            timeout=timeout,
            on_progress=on_progress,
        )

    _print_outcome(_watched(algorithm, as_json, run_and_wait), as_json)


def _wait(client: AlgomancyClient, scenario: ScenarioSummary, as_json: bool) -> Scenario:
    """Wait for the end of a scenario, however it ends."""
    return _watched(scenario.algorithm.name, as_json, lambda move: client.wait(scenario.id, on_progress=move))


def _watched(algorithm: str, as_json: bool, wait: Callable[[Callable[[ScenarioStatus], None]], Scenario]) -> Scenario:
    """Wait with a bar for the end of a scenario, however it ends.

    Where the waiting ends before, by Ctrl-C or in time, say how to look at the scenario later.
    """
    from rich.markup import escape
    from rich.progress import TaskProgressColumn, TimeElapsedColumn

    from algomancy_api.client import ScenarioFailed, WaitTimeout

    context = click.get_current_context()
    last: ScenarioStatus | None = None

    def watch(status: ScenarioStatus) -> None:
        nonlocal last
        last = status
        description = escape(f"{shown(algorithm)}: {status.status.value}")
        move(description=description, completed=status.progress, total=100)

    try:
        with progress_bar(TaskProgressColumn(), TimeElapsedColumn(), hidden=as_json) as move:
            return wait(watch)
    except ScenarioFailed as failure:
        return failure.scenario
    except WaitTimeout as timeout:
        told = f"Scenario '{last.tag}' has not ended within {timeout.timeout:g} seconds" if last else str(timeout)
    except KeyboardInterrupt:
        told = f"Stopped waiting for scenario '{last.tag}'" if last else "Stopped waiting"
    if last is not None:
        told += f": it goes on at the server, {last.status.value} at {last.progress:.0f} %."
    report(context, told)
    if last is not None and not as_json:
        click.echo(f"See it:  {shown(typed_again('scenarios', 'show', last.tag))}", err=True)
        click.echo(f"Stop it: {shown(typed_again('scenarios', 'cancel', last.tag))}", err=True)
    raise click.exceptions.Exit(FAILED)


def _print_outcome(scenario: Scenario, as_json: bool) -> None:
    """Show how a run ended; the exit code tells, too."""
    context = click.get_current_context()
    if as_json:
        print_json(scenario)
    elif scenario.status == "complete":
        click.echo(shown(f"Scenario '{scenario.tag}' is complete."))
        print_kpis(scenario.kpis)
    else:
        report(context, f"Scenario '{scenario.tag}' failed: {scenario.error or (scenario.result or {}).get('error')}")
    if scenario.status != "complete":
        context.exit(FAILED)
