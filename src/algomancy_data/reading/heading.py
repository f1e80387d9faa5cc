"""Which row of a sheet or csv file is the heading, and what becomes of columns that it gives no name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from algomancy_data.cells.tables import natural
from algomancy_data.file import ExtractionError

if TYPE_CHECKING:
    import pandas as pd

ROWS = 20
"""Among how many rows the heading is looked for."""


def find_heading(rows: Sequence[Sequence[str]], wanted: Collection[str]) -> int | None:
    """Return which row is the heading: the first that holds anything, or one below it that alone has wanted names.

    Args:
        rows: The first rows, blank ones included.
        wanted: The names of the schema's columns.

    Returns:
        The number of the row, from 0; None when all are blank.
    """
    filled = [number for number, row in enumerate(rows) if any(cell.strip() for cell in row)]
    if not filled:
        return None
    known = {number: len({cell.strip() for cell in rows[number]}.intersection(wanted)) for number in filled}
    # Titles above the table have none of its names.
    return filled[0] if known[filled[0]] else max(filled, key=lambda number: known[number])


def column_names(row: Sequence[str], subject: str) -> list[str]:
    """Return the names in a heading, without the blank ones at its end; the others may be blank.

    Raises:
        ExtractionError: Two columns have one name.
    """
    names = [name.strip() for name in row]
    while names and not names[-1]:
        names.pop()
    seen: set[str] = set()
    for name in filter(None, names):
        if name in seen:
            raise ExtractionError(f"{subject} has more than one column named '{name[:100]}'.")
        seen.add(name)
    return names


def named_columns(
    names: Sequence[str], columns: list[pd.Series], subject: str, remarks: list[str]
) -> dict[str, pd.Series]:
    """Return the columns by name. One without a name is left out when it is blank, or counts rows as pandas writes.

    Args:
        names: The names; blank or missing for columns without one.
        columns: The columns, blank cells being missing.
        subject: What is read, as messages name it.
        remarks: Where to say what was left out.

    Raises:
        ExtractionError: A column without a name holds values.
    """
    named: dict[str, pd.Series] = {}
    for position, column in enumerate(columns):
        name = names[position] if position < len(names) else ""
        if name:
            named[name] = column
        elif column.isna().all():
            if position < len(names) or not remarks:
                remarks.append("Columns without heading and values are left out.")
        elif position == 0 and column.notna().all() and list(natural(column)) == list(range(len(column))):
            remarks.append("The first column has no heading and counts the rows: it is left out.")
        else:
            hint = ", or write the file without index" if position == 0 else ""
            raise ExtractionError(f"{subject}: column {position + 1} has no heading. Name it in the heading{hint}.")
    remarks[:] = dict.fromkeys(remarks)
    return named
