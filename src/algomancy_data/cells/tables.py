"""Tables on their way from a file to a schema's types, and what is said of cells that cannot be converted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.conversion import Converted, convert
from algomancy_data.cells.natural import natural
from algomancy_data.encoding import shown
from algomancy_data.schema import Column, DataType
from algomancy_data.validation import ValidationMessage, ValidationSeverity, first_and_count

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CONVERSION_FAILED = "CONVERSION_FAILED"
"""The code of messages about cells that cannot be converted."""

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


def plain_columns(columns: Iterable[Column]) -> list[Column]:
    """Return the columns without what a user's class may have added: they go to another process."""
    return [Column(column.name, DataType(column.dtype)) for column in columns]


def convert_table(series: dict[str, pd.Series], columns: Sequence[Column], table: str) -> ReadTable:
    """Convert the columns that a schema knows; the others become what they are without a doubt.

    One with a cell that cannot be converted stays as it is.

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
        if name not in types:
            return Converted(natural(values))
        result = convert(values, types[name])
        if result.unreadable:
            # A column with cells that cannot be converted keeps what the file says.
            result.array = natural(values) if values.dtype == object else values
        return result

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
    found, rest = first_and_count(list(converted.unreadable.items()))
    told: list[tuple[str, int | None]] = [(f"{_shown(value)} {problem}.", row) for row, (value, problem) in found]
    if rest:
        problem = next(reversed(converted.unreadable.values()))[1]
        told.append((f"{rest:,} more cells of this column cannot be converted: what they hold {problem}.", None))
    error = ValidationSeverity.ERROR
    messages = [ValidationMessage(error, text, table, column, row, CONVERSION_FAILED) for text, row in told]
    for texts, severity, code in (
        (converted.doubts, ValidationSeverity.WARNING, "AMBIGUOUS"),
        (converted.remarks, ValidationSeverity.INFO, "READ_AS"),
    ):
        messages += [ValidationMessage(severity, text, table, column, None, code) for text in texts]
    return messages


def remark_messages(remarks: Sequence[str], table: str) -> list[ValidationMessage]:
    """Return what is said in passing of how a table was read."""
    return [ValidationMessage(ValidationSeverity.INFO, text, table, None, None, "READ_AS") for text in remarks]


def _shown(value: object) -> str:
    import pandas as pd

    if isinstance(value, dict):
        return "An object"
    if pd.api.types.is_list_like(value):
        return "A list"
    return f"'{shown(value, _TEXT_SHOWN)}'"
