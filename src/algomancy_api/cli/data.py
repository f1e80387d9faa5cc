"""`algomancy-api data`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from algomancy_api.cli.commands import FAILED, ListingGroup, connected, examples, report
from algomancy_api.cli.output import console, print_json, print_rows, print_table, shown
from algomancy_api.cli.template import template

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient
    from algomancy_api.schemas import DatasetKeys, EtlReport


_NUMERIC = ("int", "uint", "float")


@click.group(
    cls=ListingGroup,
    epilog=examples(
        "algomancy-api data list", 'algomancy-api data upload "Week 12" items.csv locations.json planning.xlsx'
    ),
)
def data() -> None:
    """List, show, upload, derive and delete datasets.

    Without a command they are listed.
    """


data.add_command(template)


@data.command("list", epilog=examples("algomancy-api data list"))
@connected()
def list_(client: AlgomancyClient, as_json: bool) -> None:
    """List the keys of the datasets."""
    _print_keys(client.list_datasets(), as_json)


@data.command(
    epilog=examples(
        'algomancy-api data show "Master data"', 'algomancy-api data show "Master data" --table items --rows 5'
    )
)
@click.argument("key")
@click.option("--table", "table_name", metavar="NAME", help="Show the rows of this table.")
@click.option("--rows", type=click.IntRange(min=1), default=10, show_default=True, help="How many rows to show.")
@connected()
def show(client: AlgomancyClient, as_json: bool, key: str, table_name: str | None, rows: int) -> None:
    """Show the tables of a dataset, or the first rows of one."""
    dataset = client.get_dataset(key)
    if table_name is not None and table_name not in dataset.tables:
        known = ", ".join(dataset.tables) or "it has none"
        raise click.UsageError(f"Dataset '{key}' has no table '{table_name}'. Its tables: {known}.")
    if as_json:
        print_json(dataset if table_name is None else dataset.tables[table_name])
    elif table_name is not None:
        table = dataset.tables[table_name]
        numbers = [i for i, name in enumerate(table.columns) if table.dtypes.get(name, "").lower().startswith(_NUMERIC)]
        print_rows(table.columns, table.data, most=rows, numbers=numbers)
    else:
        about = dataset.metadata
        click.echo(shown(f"{about.name}: {about.type.value}, made {about.creation_datetime}"))
        click.echo(shown(f"Id: {about.id}"))
        print_table(
            ("Table", "Rows", "Columns"),
            [(name, f"{len(table.data):,}", ", ".join(table.columns)) for name, table in dataset.tables.items()],
            numbers=(1,),
        )


@data.command(epilog=examples('algomancy-api data upload "Week 12" items.csv locations.json planning.xlsx'))
@click.argument("key")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
)
@connected()
def upload(client: AlgomancyClient, as_json: bool, key: str, files: tuple[Path, ...]) -> None:
    """Upload FILES as the dataset KEY.

    Files in csv, json and xlsx are read. The exit code is 1 when the data does not pass validation; nothing is stored
    then.
    """
    replaced = key in client.list_datasets().keys
    with _progress(hidden=as_json) as on_progress:
        outcome = client.run_etl(key, files, on_progress=on_progress)
    if as_json:
        print_json(outcome)
    else:
        _print_report(outcome, replaced=replaced)
    if not outcome.success:
        context = click.get_current_context()
        if not as_json:
            report(context, f"Dataset '{key}' did not pass validation; nothing was stored.")
        context.exit(FAILED)


@data.command(epilog=examples('algomancy-api data derive "Master data" "What if"'))
@click.argument("key")
@click.argument("new_key")
@connected()
def derive(client: AlgomancyClient, as_json: bool, key: str, new_key: str) -> None:
    """Copy the dataset KEY as NEW_KEY."""
    keys = client.derive_dataset(key, new_key)
    if as_json:
        print_json(keys)
    else:
        click.echo(shown(f"Derived '{new_key}' from '{key}'."))


@data.command(epilog=examples('algomancy-api data delete "What if"'))
@click.argument("key")
@connected()
def delete(client: AlgomancyClient, as_json: bool, key: str) -> None:
    """Delete the dataset KEY; not while a scenario reads it."""
    client.delete_dataset(key)
    if as_json:
        print_json(client.list_datasets())
    else:
        click.echo(shown(f"Deleted '{key}'."))


def _print_keys(keys: DatasetKeys, as_json: bool) -> None:
    if as_json:
        print_json(keys)
    elif keys.keys:
        print_table(("Dataset",), [(key,) for key in keys.keys])
    else:
        click.echo("The session has no datasets yet.")


def _print_report(outcome: EtlReport, *, replaced: bool) -> None:
    if outcome.messages:
        columns = ("Severity", "Table", "Column", "Row", "Message")
        rows = [
            (m.severity.value, m.table or "", m.column or "", "" if m.row is None else str(m.row), m.message)
            for m in outcome.messages
        ]
        print_table(columns, rows, numbers=(3,))
    if outcome.success:
        click.echo(shown(f"{'Replaced' if replaced else 'Stored'} '{outcome.dataset_name}'."))


@contextmanager
def _progress(*, hidden: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar of the bytes sent on a terminal, nothing elsewhere."""
    out = console(err=True)
    if hidden or not out.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    with Progress(TextColumn("Uploading"), BarColumn(), DownloadColumn(), console=out) as progress:
        task = progress.add_task("", total=None)
        yield lambda sent, total: progress.update(task, completed=sent, total=total)
