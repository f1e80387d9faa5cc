"""Tables on their way from a file to a schema's types, and what is said of cells that cannot be converted."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.conversion import Converted, convert
from algomancy_data.cells.natural import natural
from algomancy_data.schema import Column
from algomancy_data.validation import ValidationMessage, ValidationSeverity

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SHOWN_PER_COLUMN = 10
"""Cells of one column that get a message of their own; the rest are counted."""

_TEXT_SHOWN = 60
_ROWS_OF_ONE_THREAD = 50_000
_THREADS = 2


@dataclass(frozen=True)
class FileRows:
    """Where the rows of a table are in their file, as a person counts: the first row is 1, be it a heading or not.

    Attributes:
        first: The row of the file that the table's first row is, if none was left out before it.
        kept: Which rows from there on became rows of the table; None for all.
    """

    first: int = 1
    kept: np.ndarray[Any, Any] | None = None

    def number(self, row: int) -> int:
        """Return the row of the file that a row of the table, counted from 0, was."""
        if self.kept is not None and row < len(self.kept):
            row = int(self.kept[row])
        return self.first + row


@dataclass
class ReadTable:
    """A table read.

    Attributes:
        frame: The table, its columns converted.
        messages: What could not be converted.
        rows: Where its rows are in the file.
    """

    frame: pd.DataFrame
    messages: list[ValidationMessage] = field(default_factory=list)
    rows: FileRows = field(default_factory=FileRows)


def plain_columns(columns: Sequence[Column]) -> list[Column]:
    """Return the columns without what a user's class may have added: they go to another process."""
    return [Column(column.name, column.dtype, optional=column.optional, nullable=column.nullable) for column in columns]


def convert_table(series: dict[str, pd.Series], columns: Sequence[Column], table: str) -> ReadTable:
    """Convert the columns that a schema knows; the others become what they are without a doubt.

    Args:
        series: The columns as read, by name; it is emptied, so that there are never two copies of the whole table.
        columns: The schema's columns; those absent are left to the validators.
        table: The name of the table.
    """
    import pandas as pd

    types = {column.name: column.dtype for column in columns}
    names = list(series)
    index = next((values.index for values in series.values()), None)

    def converted(name: str) -> Converted:
        values = series.pop(name)
        return convert(values, types[name]) if name in types else Converted(natural(values))

    if index is None or len(index) < _ROWS_OF_ONE_THREAD:
        found = list(map(converted, names))
    else:
        # Nearly all of it happens in Arrow and numpy, which let go of the interpreter's lock.
        with ThreadPoolExecutor(_THREADS) as pool:
            found = list(pool.map(converted, names))
    data = {name: each.array for name, each in zip(names, found, strict=True)}
    frame = pd.DataFrame(data, index=index, columns=pd.Index(names, dtype="str"), copy=False)
    return ReadTable(
        frame, [m for name, each in zip(names, found, strict=True) for m in conversion_messages(each, table, name)]
    )


def conversion_messages(converted: Converted, table: str, column: str) -> list[ValidationMessage]:
    """Return an error for each of the first cells that could not be converted, one that counts the rest, and notes."""
    messages = [
        ValidationMessage(ValidationSeverity.ERROR, f"{_shown(value)} {problem}.", table, column, row, "conversion")
        for row, (value, problem) in list(converted.unreadable.items())[:SHOWN_PER_COLUMN]
    ]
    if (rest := len(converted.unreadable) - len(messages)) > 0:
        problem = next(reversed(converted.unreadable.values()))[1]
        text = f"{rest:,} more cells of this column cannot be converted: what they hold {problem}."
        messages.append(ValidationMessage(ValidationSeverity.ERROR, text, table, column, None, "conversion"))
    for texts, severity, code in (
        (converted.doubts, ValidationSeverity.WARNING, "ambiguous"),
        (converted.remarks, ValidationSeverity.INFO, "read_as"),
    ):
        messages += [ValidationMessage(severity, text, table, column, None, code) for text in texts]
    return messages


def remark_messages(remarks: Sequence[str], table: str) -> list[ValidationMessage]:
    """Return what is said in passing of how a table was read."""
    return [ValidationMessage(ValidationSeverity.INFO, text, table, None, None, "read_as") for text in remarks]


def _shown(value: object) -> str:
    import pandas as pd

    if isinstance(value, dict):
        return "An object"
    if pd.api.types.is_list_like(value):
        return "A list"
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(value))
    return f"'{text[:_TEXT_SHOWN]}…'" if len(text) > _TEXT_SHOWN else f"'{text}'"
