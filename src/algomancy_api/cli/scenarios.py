"""`algomancy-api scenarios` and `algomancy-api run`, and how a person names a scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from algomancy_api.cli.algorithms import parse_parameters
from algomancy_api.cli.commands import FAILED, connected, examples
from algomancy_api.cli.kpis import print_kpis
from algomancy_api.cli.output import console, fitting_columns, print_json, print_table, shown

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient
    from algomancy_api.schemas import ScenarioStatus, ScenarioSummary

SHORT_ID = 8


@click.command(epilog=examples("algomancy-api scenarios", "algomancy-api scenarios --json"))
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


@click.command(
    epilog=examples(
        'algomancy-api run Slow --dataset "Master data" --param duration=5',
        'algomancy-api run "Random slotting" --dataset "Master data" --param seed=7 --tag "seed 7" --json',
    ),
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
    when it could not be run.
    """
    from algomancy_api.client import ScenarioFailed

    algo_values = data_values = None
    if params:
        algo_values = parse_parameters(
            params, client.get_algorithm_parameters(algorithm).parameters, f"Algorithm '{algorithm}'"
        )
    if data_params:
        data_values = parse_parameters(
            data_params, client.get_data_parameters(dataset).parameters, f"Dataset '{dataset}'"
        )
    try:
        with _progress(algorithm, hidden=as_json) as on_progress:
            scenario = client.run_and_wait(
                algorithm,
                dataset,
                tag=tag,
                algo_params=algo_values,
                data_params=data_values,
                timeout=timeout,
                on_progress=on_progress,
            )
    except KeyboardInterrupt:
        click.echo("Stopped waiting; the scenario goes on at the server.", err=True)
        raise click.Abort from None
    except ScenarioFailed as failure:
        if not as_json:
            raise
        scenario = failure.scenario
    if as_json:
        print_json(scenario)
    else:
        click.echo(shown(f"Scenario '{scenario.tag}' is complete."))
        print_kpis(scenario.kpis)
    if scenario.status != "complete":
        click.get_current_context().exit(FAILED)


@contextmanager
def _progress(algorithm: str, *, hidden: bool) -> Iterator[Callable[[ScenarioStatus], None]]:
    """A bar on a terminal, nothing elsewhere."""
    out = console(err=True)
    if hidden or not out.is_terminal:
        yield lambda _: None
        return
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out) as progress:
        # Seen from the first word of the scenario on: one that is refused has no progress.
        task = progress.add_task("", total=100, visible=False)

        def move(status: ScenarioStatus) -> None:
            description = escape(f"{shown(algorithm)}: {status.status.value}")
            progress.update(task, completed=status.progress, description=description, visible=True)

        yield move
