"""Tables on their way from a file to a schema's types, and what is said of cells that cannot be converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.conversion import convert
from algomancy_data.cells.values import Converted
from algomancy_data.schema import Column
from algomancy_data.validation_message import ValidationMessage, ValidationSeverity

if TYPE_CHECKING:
    import pandas as pd

SHOWN_PER_COLUMN = 10
"""Cells of one column that get a message of their own; the rest are counted."""

_TEXT_SHOWN = 60


@dataclass
class ReadTable:
    """A table read.

    Attributes:
        frame: The table, its columns converted.
        messages: What could not be converted.
    """

    frame: pd.DataFrame
    messages: list[ValidationMessage] = field(default_factory=list)


def plain_columns(columns: Sequence[Column]) -> list[Column]:
    """Return the columns without what a user's class may have added: they go to another process."""
    return [Column(column.name, column.dtype, optional=column.optional, nullable=column.nullable) for column in columns]


def convert_table(series: Mapping[str, pd.Series], columns: Sequence[Column], table: str) -> ReadTable:
    """Convert the columns that a schema knows, and leave the others as they are.

    Args:
        series: The columns as read, by name.
        columns: The schema's columns; those absent are left to the validators.
        table: The name of the table.
    """
    import pandas as pd

    types = {column.name: column.dtype for column in columns}
    messages: list[ValidationMessage] = []
    data: dict[str, Any] = {}
    for name, values in series.items():
        if name not in types:
            data[name] = values
            continue
        converted = convert(values, types[name])
        messages += conversion_messages(converted, table, name)
        data[name] = pd.Series(converted.array, index=values.index, copy=False)
    return ReadTable(pd.DataFrame(data, columns=pd.Index(list(series), dtype="str"), copy=False), messages)


def conversion_messages(converted: Converted, table: str, column: str) -> list[ValidationMessage]:
    """Return an error for each of the first cells that could not be converted, and one that counts the rest."""
    messages = [
        ValidationMessage(
            ValidationSeverity.ERROR, f"{_shown(value)} {converted.problem}.", table, column, row, "conversion"
        )
        for row, value in list(converted.unreadable.items())[:SHOWN_PER_COLUMN]
    ]
    if (rest := len(converted.unreadable) - len(messages)) > 0:
        text = f"{rest:,} more cells of this column cannot be converted: what they hold {converted.problem}."
        messages.append(ValidationMessage(ValidationSeverity.ERROR, text, table, column, None, "conversion"))
    return messages


def _shown(value: object) -> str:
    import pandas as pd

    if isinstance(value, dict):
        return "An object"
    if pd.api.types.is_list_like(value):
        return "A list"
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(value))
    return f"'{text[:_TEXT_SHOWN]}…'" if len(text) > _TEXT_SHOWN else f"'{text}'"
