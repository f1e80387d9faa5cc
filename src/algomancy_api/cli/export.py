"""Plans and comparisons as tables, and tables as csv or xlsx files."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

if TYPE_CHECKING:
    from algomancy_api.schemas import Scenario

Rows: TypeAlias = Sequence[Mapping[str, Any]]
"""A table: each row tells its cells by column; a column may be missing in some."""

SUMMARY = "summary"
"""The table of what a scenario tells once: its tag, parameters, KPIs and the single values of its result."""

output_option = click.option(
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file, .csv or .xlsx, instead of printing it.",
)


def columns_of(rows: Rows) -> list[str]:
    """All columns of a table, in the order of their first appearance."""
    return list(dict.fromkeys(name for row in rows for name in row))


def result_tables(scenario: Scenario) -> dict[str, Rows]:
    """The lists in a scenario's result, each as a table: of objects, or of one column `value`."""
    tables: dict[str, Rows] = {}
    for name, value in (scenario.result or {}).items():
        if isinstance(value, list):
            tables[name] = [row if isinstance(row, dict) else {"value": row} for row in value]
    return tables


def result_values(scenario: Scenario) -> dict[str, Any]:
    """What else is in its result."""
    return {name: value for name, value in (scenario.result or {}).items() if not isinstance(value, list)}


def plan_tables(scenario: Scenario) -> dict[str, Rows]:
    """A scenario as tables: its summary, and each list of its result."""
    facts: list[tuple[str, Any, Any]] = [
        ("tag", scenario.tag, None),
        ("status", scenario.status.value, None),
        ("dataset", scenario.input_data_key, None),
        ("algorithm", scenario.algorithm.name, None),
        *((f"parameter {name}", value, None) for name, value in scenario.algorithm.parameters.items()),
        *((name, kpi.value, kpi.unit) for name, kpi in scenario.kpis.items()),
        *((name, value, None) for name, value in result_values(scenario).items()),
    ]
    summary = [{"name": name, "value": value, "unit": unit} for name, value, unit in facts]
    return {SUMMARY: summary, **{name: rows for name, rows in result_tables(scenario).items() if name != SUMMARY}}


def write_tables(path: Path, tables: Mapping[str, Rows]) -> None:
    """Write tables to a file: the first one as csv, or each as a sheet of an xlsx workbook.

    Raises:
        click.UsageError: the file is of another kind, cannot be written, or needs a package that is not installed.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise click.UsageError(f"'{path}' must end in {' or '.join(_WRITERS)}.")
    try:
        write(path, tables)
    except OSError as error:
        raise click.UsageError(f"'{path}' cannot be written: {error.strerror}.") from None
    click.echo(f"Wrote {path}.", err=True)


def _write_csv(path: Path, tables: Mapping[str, Rows]) -> None:
    rows = next(iter(tables.values()))
    columns = columns_of(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_plain(row.get(name)) for name in columns] for row in rows)


def _write_xlsx(path: Path, tables: Mapping[str, Rows]) -> None:
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    except ImportError:
        raise click.UsageError("Writing xlsx needs openpyxl: `pip install openpyxl`, or write .csv.") from None
    workbook = Workbook(write_only=True)
    for title, rows in zip(_sheet_titles(tables), tables.values(), strict=True):
        sheet = workbook.create_sheet(title)
        columns = columns_of(rows)
        for cells in (columns, *([_plain(row.get(name)) for name in columns] for row in rows)):
            line = []
            for value in cells:
                if isinstance(value, str):
                    value = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", value)
                cell = WriteOnlyCell(sheet, value)
                if isinstance(value, str):
                    cell.data_type = "s"  # a text that begins with = is no formula
                line.append(cell)
            sheet.append(line)
    workbook.save(path)


_WRITERS: dict[str, Callable[[Path, Mapping[str, Rows]], None]] = {".csv": _write_csv, ".xlsx": _write_xlsx}
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORBIDDEN_IN_TITLE = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


def _sheet_titles(names: Mapping[str, Rows]) -> list[str]:
    """Titles that Excel takes: of 31 characters at most, without some signs, each once."""
    titles: list[str] = []
    for name in names:
        title = stem = _FORBIDDEN_IN_TITLE.sub("_", name).strip("'")[:31] or "table"
        number = 1
        while title.lower() in {other.lower() for other in titles}:
            number += 1
            title = f"{stem[:27]} {number}"
        titles.append(title)
    return titles


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A value that a cell can hold; lists and objects as JSON text."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
