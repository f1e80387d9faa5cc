"""What is printed or written to files: tables for people, plain columns for pipes, JSON for programs, csv and xlsx."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console
    from rich.progress import ProgressColumn

    from algomancy_api.schemas import Kpi, Scenario

PIPE_WIDTH = 100_000
"""Columns of a pipe: nothing is folded or cut there."""
GAP = 3
"""Columns of a terminal between two columns of a table."""


def print_json(value: BaseModel | Any) -> None:  # noqa: ANN401 - anything that is JSON
    """Print a model, or a value made of models and plain values, as indented JSON."""
    from pydantic import TypeAdapter

    adapter: TypeAdapter[Any] = TypeAdapter(Any)
    click.echo(adapter.dump_json(value, indent=2, serialize_as_any=True).decode("utf-8"))


def tell(value: BaseModel | Any, as_json: bool, text: str) -> None:  # noqa: ANN401 - anything that is JSON
    """Say what was done; in JSON, give what there is now."""
    if as_json:
        print_json(value)
    else:
        click.echo(shown(text))


def console(*, err: bool = False) -> Console:
    """Where tables and bars are drawn: in colour on a terminal, plain in a pipe."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    terminal = stream.isatty()
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not terminal,
        width=None if terminal else PIPE_WIDTH,
        force_terminal=None if terminal else False,
    )


@contextmanager
def progress_bar(*columns: ProgressColumn, hidden: bool = False) -> Iterator[Callable[..., None]]:
    """A bar on a terminal, seen from its first update on, and nothing elsewhere; gives `rich`'s update of it.

    Args:
        *columns: what is shown behind the bar.
        hidden: whether there is none on a terminal either.
    """
    out = console(err=True)
    if hidden or not out.is_terminal:
        yield lambda **_: None
        return
    from rich.progress import BarColumn, Progress, TextColumn

    with Progress(TextColumn("{task.description}"), BarColumn(), *columns, console=out) as progress:
        task = progress.add_task("", visible=False)
        yield lambda **now: progress.update(task, visible=True, **now)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()) -> None:
    """Print rows below the names of their columns.

    Args:
        columns: names of the columns.
        rows: one text per column; a `Best` one is shown in green.
        numbers: positions of the columns to align on the right.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table(
        box=box.SIMPLE_HEAD if out.is_terminal else None, show_edge=False, pad_edge=False, header_style="bold"
    )
    for position, name in enumerate(columns):
        table.add_column(Text(shown(name)), justify="right" if position in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell), style="green" if isinstance(cell, Best) else "") for cell in row))
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as drawn:
        out.print(table)
    for line in drawn.get().splitlines():
        click.echo(line.rstrip())


def fitting_columns(rows: Sequence[Sequence[str]]) -> int:
    """How many columns of these rows fit beside each other without folding; one at least, in a pipe all."""
    from rich.cells import cell_len

    left = console().width
    for position, cells in enumerate(zip(*rows, strict=True)):
        left -= max(cell_len(cell) for cell in cells) + GAP
        if left < -GAP:
            return max(1, position)
    return len(rows[0])


def print_rows(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, most: int, numbers: Sequence[int] = ()
) -> None:
    """Print the first rows; on a terminal, of as many columns as fit beside each other."""
    cells = [[_cell(row.get(name)) for name in columns] for row in rows[:most]]
    fitting = fitting_columns([columns, *cells])
    print_table(columns[:fitting], [row[:fitting] for row in cells], numbers=[i for i in numbers if i < fitting])
    if fitting < len(columns):
        click.echo(shown(f"… and {len(columns) - fitting} more columns: {', '.join(columns[fitting:])}."), err=True)
    if len(rows) > most:
        click.echo(f"… and {len(rows) - most:,} more rows.", err=True)


def _cell(value: Any) -> str:  # noqa: ANN401 - whatever a table holds
    return short_moment(value) if isinstance(value, str) else "" if value is None else str(value)


class Best(str):
    """The text of a cell that is better than the others of its row."""


def shown(text: str) -> str:
    """The text with whatever could steer the terminal made visible."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def number(value: float | None) -> str:
    """A measured value for a person: two decimals, more where it is small, a dash where there is none."""
    if value is None:
        return "-"
    if value != 0 and abs(value) < 0.01:
        return f"{value:.2e}"
    return f"{value:,.2f}"


def short_moment(text: str) -> str:
    """A moment in ISO 8601 without the zeros at its end; any other text as it is."""
    return text.removesuffix("T00:00:00").removesuffix(":00") if _MOMENT.fullmatch(text) else text


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


# --- KPIs -------------------------------------------------------------------------------------------------------------


def goal(kpi: Kpi) -> str:
    """What is good for this KPI, in words."""
    if kpi.threshold is not None and kpi.better_when in ("AT_LEAST", "AT_MOST"):
        return f"{'at least' if kpi.better_when == 'AT_LEAST' else 'at most'} {number(kpi.threshold)}"
    return str(kpi.better_when.value).lower().replace("_", " ")


def print_kpis(kpis: Mapping[str, Kpi]) -> None:
    """Print the KPIs of one scenario."""
    rows = [(name, number(kpi.value), kpi.unit or "", goal(kpi), verdict(kpi)) for name, kpi in kpis.items()]
    print_table(("KPI", "Value", "Unit", "Better when", ""), rows, numbers=(1,))


def verdict(kpi: Kpi) -> str:
    """Whether a KPI with a threshold keeps to it; empty for the others."""
    if kpi.value is None or kpi.threshold is None:
        return ""
    if kpi.better_when == "AT_LEAST":
        return "met" if kpi.value >= kpi.threshold else "missed"
    if kpi.better_when == "AT_MOST":
        return "met" if kpi.value <= kpi.threshold else "missed"
    return ""


def difference(base: float | None, value: float | None) -> float | None:
    """How much a value is above another one, in per cent; None where that cannot be told."""
    if base is None or value is None or base == 0:
        return None
    return 100 * (value - base) / abs(base)


def score(kpi: Kpi, value: float, *, by_threshold: bool = True) -> float:
    """How good a value is: the higher, the better.

    Args:
        kpi: tells the direction and the threshold.
        value: the value.
        by_threshold: whether values that keep to the threshold are equally good, however far they are from it.
    """
    sign = 1 if kpi.better_when in ("HIGHER", "AT_LEAST") else -1
    if by_threshold and kpi.threshold is not None and kpi.better_when in ("AT_LEAST", "AT_MOST"):
        return min(sign * value, sign * kpi.threshold)
    return sign * value


def better(kpis: Sequence[Kpi | None]) -> set[int]:
    """The positions of those that are better than the others; empty when there is nothing to choose between them."""
    scores = {
        position: score(kpi, kpi.value)
        for position, kpi in enumerate(kpis)
        if kpi is not None and kpi.value is not None
    }
    best = {position for position, reached in scores.items() if reached == max(scores.values())}
    return best if len(best) < len(scores) else set()


# --- files ------------------------------------------------------------------------------------------------------------


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
