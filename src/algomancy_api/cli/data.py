"""`algomancy-api data`: datasets, and the files, sheets and columns that the ETL of a project expects."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from algomancy_api.cli.commands import FAILED, ListingGroup, connected, examples, report
from algomancy_api.cli.output import print_json, print_rows, print_table, progress_bar, shown, tell, write_tables

if TYPE_CHECKING:
    from algomancy_api.client import AlgomancyClient
    from algomancy_api.schemas import EtlReport

_NUMERIC = ("int", "uint", "float")
_TYPES = {
    "string": "text",
    "datetime64[ns]": "date and time",
    "int64": "whole number",
    "float64": "number",
    "boolean": "yes or no",
    "categorical": "category",
    "interval": "interval",
}


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


@data.command("list", epilog=examples("algomancy-api data list"))
@connected()
def list_(client: AlgomancyClient, as_json: bool) -> None:
    """List the keys of the datasets."""
    found = client.list_datasets()
    if as_json:
        print_json(found)
    elif found.keys:
        print_table(("Dataset",), [(key,) for key in found.keys])
    else:
        click.echo("The session has no datasets yet.")


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
    from rich.progress import DownloadColumn

    with progress_bar(DownloadColumn(), hidden=as_json) as move:

        def on_progress(sent: int, total: int) -> None:
            move(description="Uploading", completed=sent, total=total)

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
    tell(client.derive_dataset(key, new_key), as_json, f"Derived '{new_key}' from '{key}'.")


@data.command(epilog=examples('algomancy-api data delete "What if"'))
@click.argument("key")
@connected()
def delete(client: AlgomancyClient, as_json: bool, key: str) -> None:
    """Delete the dataset KEY; not while a scenario reads it."""
    client.delete_dataset(key)
    tell(client.list_datasets(), as_json, f"Deleted '{key}'.")


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


@data.command(
    epilog=examples("algomancy-api data template", "algomancy-api data template --config my_project:cfg --output empty")
)
@click.option(
    "--config",
    "target",
    metavar="MODULE:ATTRIBUTE",
    help="The configuration whose schemas are meant, as for `serve`.  [default: the bundled example]",
)
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the files into this folder, with headings and no rows.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")
def template(target: str | None, output: Path | None, as_json: bool) -> None:
    """Show which files, sheets and columns are expected.

    It needs no server: the schemas of the configuration say it.
    """
    from algomancy_api.cli.served import EXAMPLE, load_schemas

    schemas = load_schemas(target or EXAMPLE)
    tables = [(schema.file_name_with_extension(), table, columns) for schema, table, columns in _tables(schemas)]
    rows = [_described(file, table, column) for file, table, columns in tables for column in columns.values()]
    if output is not None:
        _write(output, tables)
    if as_json:
        print_json(rows)
    elif output is None:
        head = ("File", "Sheet", "Column", "Type", "Column may be absent", "Cells may be empty", "Notes")
        cells = [["yes" if v is True else "" if v in (False, None) else str(v) for v in row.values()] for row in rows]
        print_table(head, cells)


def _tables(schemas: Iterable[Any]) -> Iterable[tuple[Any, str | None, Mapping[str, Any]]]:
    for schema in schemas:
        if schema.is_multi():
            for name, columns in schema.column_groups().items():
                yield schema, name, columns
        else:
            yield schema, None, schema.columns()


def _described(file: str, table: str | None, column: Any) -> dict[str, Any]:  # noqa: ANN401 - a column of either make
    reference = column.foreign_key
    notes = (
        "key" if column.primary_key else "",
        "each value once" if column.unique else "",
        f"refers to {reference if isinstance(reference, str) else '.'.join(reference)}" if reference else "",
        f"{column.default} where it is missing" if column.default is not None else "",
        column.description,
    )
    return {
        "file": file,
        "sheet": table,
        "column": column.name,
        "type": _TYPES.get(str(column.dtype), str(column.dtype)),
        "may_be_absent": column.optional,
        "may_be_empty": column.nullable and not column.primary_key,
        "notes": "; ".join(filter(None, notes)),
    }


def _write(folder: Path, tables: Iterable[tuple[str, str | None, Mapping[str, Any]]]) -> None:
    """Write a file per schema. Files that are there already are left alone.

    Raises:
        click.UsageError: one of them is there.
    """
    files: dict[Path, dict[str, list[str]]] = {}
    for file, table, columns in tables:
        files.setdefault(folder / file, {})[table or Path(file).stem] = list(columns)
    for path in files:
        if path.exists():
            raise click.UsageError(f"'{path}' is there already: nothing was written.")
    folder.mkdir(parents=True, exist_ok=True)
    for path, sheets in files.items():
        if path.suffix == ".csv":
            with path.open("w", encoding="utf-8", newline="") as opened:
                csv.writer(opened, delimiter=";").writerow(next(iter(sheets.values())))
        elif path.suffix == ".json":
            records = {name: [_nested(columns)] for name, columns in sheets.items()}
            content = records if len(records) > 1 else next(iter(records.values()))
            path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        else:
            write_tables(path, {name: [dict.fromkeys(columns)] for name, columns in sheets.items()})
            continue
        click.echo(f"Wrote {path}.", err=True)


def _nested(columns: Iterable[str]) -> dict[str, Any]:
    """An empty record: what is after a dot in a name is within an object."""
    record: dict[str, Any] = {}
    for name in columns:
        *path, last = name.split(".")
        place = record
        for step in path:
            place = place.setdefault(step, {})
        place[last] = None
    return record
