"""What is printed: tables for people, plain columns for pipes, JSON for programs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

PIPE_WIDTH = 100_000
"""Columns of a pipe: nothing is folded or cut there."""
GAP = 3
"""Columns of a terminal between two columns of a table."""


def print_json(value: BaseModel | Any) -> None:  # noqa: ANN401 - anything that is JSON
    """Print a model, or a value made of models and plain values, as indented JSON."""
    from pydantic import TypeAdapter

    adapter: TypeAdapter[Any] = TypeAdapter(Any)
    click.echo(adapter.dump_json(value, indent=2, serialize_as_any=True).decode("utf-8"))


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
