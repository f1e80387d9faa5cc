"""`algomancy-api data template`: the files, sheets and columns that the ETL of a project expects."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from algomancy_api.cli.commands import COULD_NOT, examples, report
from algomancy_api.cli.export import write_tables
from algomancy_api.cli.output import print_json, print_table

_TYPES = {
    "string": "text",
    "datetime64[ns]": "date and time",
    "int64": "whole number",
    "float64": "number",
    "boolean": "yes or no",
    "categorical": "category",
    "interval": "interval",
}


@click.command(
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
    from algomancy_api.cli.served import EXAMPLE, NotServable, load_schemas

    context = click.get_current_context()
    try:
        schemas = load_schemas(target or EXAMPLE)
    except NotServable as error:
        report(context, str(error))
        context.exit(COULD_NOT)
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
