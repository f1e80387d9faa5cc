"""`make bench`: measure the server beside a bare app, print the table, write benchmarks.json."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tests.benchmarks import datasets, executors, explorer, live, requests, sandbox, stores
from tests.benchmarks.bench import Bench, Row
from tests.benchmarks.load import tool

ROWS = requests.ROWS | datasets.ROWS | executors.ROWS | live.ROWS | explorer.ROWS | sandbox.ROWS | stores.ROWS


def render(rows: list[Row]) -> Table:
    """The table with figures and verdicts."""
    table = Table(show_lines=True)
    for title in ("work", "measured", "goal", ""):
        table.add_column(title, overflow="fold")
    for row in rows:
        figures = "\n".join(
            f"{name}: {value:,.3g}" if value < 1e3 else f"{name}: {value:,.0f}" for name, value in row.figures.items()
        )
        verdicts = "\n".join(f"[{'green]ok' if ok else 'red]no'}[/] {goal}" for goal, ok in row.goals.items())
        table.add_row(row.name, figures, verdicts, "[green]PASS" if row.passed else "[red]FAIL")
    return table


@click.command(context_settings={"show_default": True})
@click.argument("rows", nargs=-1, type=click.Choice(list(ROWS)))
@click.option("--repeat", default=3, help="How often each comparison is made.")
@click.option("--seconds", default=3.0, help="How long each load lasts.")
@click.option("--url", help="Measure the backend at this address instead of our own server.")
@click.option("--output", default="benchmarks.json", type=click.Path(path_type=Path), help="Where the figures go.")
def main(rows: tuple[str, ...], repeat: int, seconds: float, url: str | None, output: Path) -> None:
    """Measure the named ROWS, or all; exit with 1 when a goal is missed.

    Example: python -m tests.benchmarks.run status scenario --repeat 5
    """
    console = Console()
    console.print(f"Load from [bold]{tool()}[/], {os.cpu_count()} cores, Python {platform.python_version()}")
    bench = Bench(repeat, seconds, url)
    measured = []
    for name in rows or [name for name in ROWS if not (url and name == "start")]:
        with console.status(f"measuring {name}"):
            measured.append(ROWS[name](bench))
    console.print(render(measured))
    document = {
        "tool": tool(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "rows": [{**dataclasses.asdict(row), "passed": row.passed} for row in measured],
    }
    output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    raise SystemExit(0 if all(row.passed for row in measured) else 1)


if __name__ == "__main__":
    main()
