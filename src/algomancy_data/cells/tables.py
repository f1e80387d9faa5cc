"""Tables on their way from a file to a schema's types, and what is said of cells that cannot be converted.

Columns that no schema knows are kept as the file has them, as numbers only where that changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from algomancy_data.cells.conversion import Converted, convert, nullable_booleans, nullable_integers, texts_of
from algomancy_data.cells.numbers import INT64
from algomancy_data.cells.values import text_of
from algomancy_data.encoding import shown
from algomancy_data.schema import Column, DataType
from algomancy_data.validation import SHOWN_PER_COLUMN, ValidationMessage, ValidationSeverity

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

CONVERSION_FAILED = "CONVERSION_FAILED"
"""The code of messages about cells that cannot be converted."""

_TEXT_SHOWN = 60
_ROWS_OF_ONE_THREAD = 50_000
_THREADS = 2

_INTEGER = r"^(?:0|-?[1-9][0-9]{0,17})$"
_SHORTEST = r"^-?(?:0|[1-9][0-9]{0,14})(?:\.(?:0|[0-9]{0,14}[1-9]))?$"
_FIXED = r"^-?(?:0|[1-9][0-9]{0,8})\.[0-9]{1,6}$"


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
    """Convert the columns that a schema knows; others get a type only if every cell clearly has it.

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
    found = list(converted.unreadable.items())[:SHOWN_PER_COLUMN]
    told: list[tuple[str, int | None]] = [(f"{_shown(value)} {problem}.", row) for row, (value, problem) in found]
    if rest := converted.unreadable_count - len(found):
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

    if isinstance(value, bool):
        return f"'{text_of(value)}'"
    if isinstance(value, dict):
        return "An object"
    if pd.api.types.is_list_like(value):
        return "A list"
    return f"'{shown(value, _TEXT_SHOWN)}'"


def natural(series: pd.Series) -> Any:  # noqa: ANN401 - a series or an array
    """Return a column as integers, floats, booleans, text or times where each cell is one; else as it is.

    A text is a number only if it is written as programs write that number, or if all have the same count of decimals:
    codes with leading zeros or of many digits, `NA` and `1E5` stay text. Integers of more than 64 bits become text.

    Args:
        series: The column: of texts, or of Python values.
    """
    import pandas as pd

    if isinstance(series.dtype, pd.StringDtype):
        return _of_texts(series)
    return natural_values(series.tolist()) if series.dtype == object else series


def _of_texts(series: pd.Series) -> Any:  # noqa: ANN401 - as above
    import pandas as pd
    import pyarrow.compute as pc

    texts = texts_of(series)
    if texts.null_count == len(texts):
        return pd.array(texts, dtype="str")

    def all_match(pattern: str) -> bool:
        # Most patterns fail near the start.
        return not any(
            pc.any(pc.invert(pc.match_substring_regex(part, pattern))).as_py() for part in (texts.slice(0, 100), texts)
        )

    if all_match(_INTEGER):
        return nullable_integers(pc.cast(texts, "int64"))
    decimals_agree = all_match(_FIXED) and len(pc.unique(_decimals(texts)).drop_null()) == 1
    if decimals_agree or all_match(_SHORTEST):
        return pc.cast(texts, "double").to_numpy()
    words = set(pc.unique(texts.slice(0, 100)).drop_null().to_pylist())
    for true, false in (("True", "False"), ("true", "false"), ("TRUE", "FALSE")):
        if words <= {true, false} and all_match(f"^(?:{true}|{false})$"):
            return nullable_booleans(pc.equal(texts, true))
    return pd.array(texts, dtype="str")


def _decimals(texts: pa.ChunkedArray) -> Any:  # noqa: ANN401 - an array of lengths
    import pyarrow.compute as pc

    return pc.utf8_length(pc.replace_substring_regex(texts, r"^.*\.", ""))


def natural_values(values: Sequence[Any]) -> Any:  # noqa: ANN401 - an array, or a series of objects
    """Return Python values as a column of the type that all of them have, or as objects; see `natural`."""
    import pandas as pd
    import pyarrow as pa

    if (array := array_of(values)) is None:
        return _mixed(values)
    if (found := of_arrow(pa.chunked_array([array]))) is not None:
        return found
    objects = pd.Series(values, dtype=object)
    # What is all times, say, becomes a column of times; lists and objects stay.
    return objects if pa.types.is_nested(array.type) else objects.infer_objects()


def array_of(values: Sequence[Any]) -> pa.Array | None:
    """Return Python values as Arrow has them; None where they have no one type."""
    import pyarrow as pa

    try:
        array = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        return None
    # Behind a float Arrow takes true for 1.
    return None if pa.types.is_floating(array.type) and bool in set(map(type, values)) else array


def of_arrow(values: pa.ChunkedArray) -> Any:  # noqa: ANN401 - as above
    """Return a column of Arrow's as `natural_values` would its cells; None where it has no type that is known here."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return pd.array(values, dtype="str")
    if pa.types.is_int64(values.type):
        return nullable_integers(values)
    if pa.types.is_float64(values.type):
        return values.to_numpy()
    if pa.types.is_boolean(values.type):
        return nullable_booleans(values)
    return np.full(len(values), None, dtype=object) if pa.types.is_null(values.type) else None


def _mixed(values: Sequence[Any]) -> Any:  # noqa: ANN401 - as above
    import pandas as pd

    kinds = set(map(type, values)) - {type(None)}
    if not any(type(value) is int and value not in INT64 for value in values):
        return pd.Series(values, dtype=object)
    # No type of pandas holds such numbers, and JSON has but 64 bits: as text they keep their digits.
    texts = [str(value) if type(value) is int else value for value in values]
    return pd.array(texts, dtype="str") if kinds <= {int, str} else pd.Series(texts, dtype=object)
