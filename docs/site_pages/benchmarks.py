"""The page of measured speed."""

from __future__ import annotations

import json
from pathlib import Path

from site_pages.markdown import GeneratedPage, table

_INTRODUCTION = """# Benchmarks

*Bare* is an application that returns the same number of bytes from memory under the same uvicorn. Ratios to it travel
between machines; absolute figures do not. `make bench` measures on yours.

Each row alternates between the two sides and shows medians. ETL is timed from the last byte sent, because sending is
the network's affair, and compared with `pandas.read_csv` reading the same bytes into the same types, in a process just
as fresh.

Measured with {tool} on {cores} cores, Python {python}.
"""


def benchmarks_page(source: Path) -> GeneratedPage:
    """The figures of `source`, a file that `make bench` wrote."""
    measured = json.loads(source.read_text(encoding="utf-8"))
    rows = (
        (
            row["name"],
            "<br>".join(f"{name}: {_figure(value)}" for name, value in row["figures"].items()),
            "<br>".join(f"{'✓' if reached else '✗'} {goal}" for goal, reached in row["goals"].items()),
        )
        for row in measured["rows"]
    )
    text = _INTRODUCTION.format(**measured) + "\n" + table(("work", "measured", "goal"), rows)
    return GeneratedPage("reference/benchmarks.md", "Benchmarks", text)


def _figure(value: float) -> str:
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
