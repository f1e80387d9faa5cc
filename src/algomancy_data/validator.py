"""Validators: what must hold of the tables extracted before they become a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from algomancy_data.schema import Column, DataType, Schema
from algomancy_data.validation import (
    ValidationMessage,
    ValidationResult,
    ValidationSequence,
    ValidationSeverity,
    Validator,
)

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_utils.logger import Logger

__all__ = [
    "DefaultValidator",
    "ExtractionSuccessVerification",
    "ForeignKeyValidator",
    "MissingValueValidator",
    "PrimaryKeyValidator",
    "RequiredColumnsValidator",
    "SchemaValidator",
    "UniqueValueValidator",
    "ValidationMessage",
    "ValidationResult",
    "ValidationSequence",
    "ValidationSeverity",
    "Validator",
]


SHOWN_PER_COLUMN = 10
"""Rows of one column that get a message of their own; the rest are counted."""

_KINDS = {
    DataType.STRING: "OTU",
    DataType.CATEGORICAL: "O",
    DataType.INTEGER: "iu",
    DataType.FLOAT: "fiu",
    DataType.BOOLEAN: "b",
    DataType.DATETIME: "M",
    DataType.INTERVAL: "O",
}


class ExtractionSuccessVerification(Validator):
    """Makes sure that extraction gave tables: at least one, and those that are expected.

    A missing table is critical, as the validators after this one could not look at it; one without rows is a warning.

    Args:
        expected_tables: The names of tables that must be there.
        logger: Where to report progress.
    """

    def __init__(self, expected_tables: Iterable[str] = (), logger: Logger | None = None) -> None:
        super().__init__(logger)
        self.expected_tables = list(expected_tables)

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Look which tables there are."""
        found: list[ValidationMessage] = []
        if not data:
            text = "No table was extracted."
            found.append(ValidationMessage(ValidationSeverity.CRITICAL, text, code="no_tables"))
        for table in self.expected_tables:
            if table not in data:
                text = f"Table '{table}' is missing."
                found.append(ValidationMessage(ValidationSeverity.CRITICAL, text, table, code="missing_table"))
        for table, frame in data.items():
            if frame.empty:
                text = f"Table '{table}' has no rows."
                found.append(ValidationMessage(ValidationSeverity.WARNING, text, table, code="empty_table"))
        return found


class _SchemasValidator(Validator):
    """What validators that follow schemas share: the tables that both the schemas and the data know.

    Args:
        schemas: One schema or several, as classes or objects.
        logger: Where to report progress.
    """

    def __init__(
        self, schemas: Schema | type[Schema] | Iterable[Schema | type[Schema]], logger: Logger | None = None
    ) -> None:
        super().__init__(logger)
        one = isinstance(schemas, (Schema, type))
        self.schemas: list[Schema | type[Schema]] = [schemas] if one else list(schemas)  # type: ignore[list-item, arg-type]

    def _tables(self, data: dict[str, pd.DataFrame]) -> Iterator[tuple[str, pd.DataFrame, list[Column]]]:
        for schema in self.schemas:
            for table, columns in schema.tables().items():
                if table in data:
                    yield table, data[table], columns


class RequiredColumnsValidator(_SchemasValidator):
    """Makes sure that every column is there that is not optional; one that is not is an error."""

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Look which columns the tables lack."""
        return [
            ValidationMessage(
                ValidationSeverity.ERROR,
                f"Column '{column.name}' is missing from table '{table}'.",
                table,
                column.name,
                code="missing_column",
            )
            for table, frame, columns in self._tables(data)
            for column in columns
            if not column.optional and column.name not in frame
        ]


class SchemaValidator(_SchemasValidator):
    """Holds the columns of the tables against the schemas.

    A column of another type than its schema says is an error (after extraction with that schema there is none); a
    column that the schema does not know is worth a note.
    """

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Compare columns and types."""
        found = []
        for table, frame, columns in self._tables(data):
            for column in columns:
                if column.name in frame and not _holds(frame[column.name], column.dtype):
                    text = f"Column '{column.name}' does not hold values of type {column.dtype}."
                    found.append(
                        ValidationMessage(ValidationSeverity.ERROR, text, table, column.name, code="wrong_type")
                    )
            known = {column.name for column in columns}
            for name in frame:
                if name not in known:
                    text = f"Column '{name}' is not part of the schema of table '{table}'; it is kept as it is."
                    found.append(
                        ValidationMessage(ValidationSeverity.INFO, text, table, str(name), code="unknown_column")
                    )
        return found


class MissingValueValidator(_SchemasValidator):
    """Makes sure that no cell is missing in a column that is not nullable; each one that is, is an error.

    A primary key is left to `PrimaryKeyValidator`.
    """

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Look for missing cells."""
        found = []
        for table, frame, columns in self._tables(data):
            for column in columns:
                if column.name in frame and not column.nullable and not column.primary_key:
                    rows = _positions(frame[column.name].isna())
                    found += row_messages("A value is missing.", rows, table, column.name, "missing_value")
        return found


class UniqueValueValidator(_SchemasValidator):
    """Makes sure that no value occurs twice in a column that is `unique`; missing cells do not count."""

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Look for values that occurred before."""
        found = []
        for table, frame, columns in self._tables(data):
            for column in columns:
                if column.unique and column.name in frame:
                    values = frame[column.name]
                    rows = _positions(values.duplicated() & values.notna())
                    found += row_messages("The value occurred before.", rows, table, column.name, "duplicate_value")
        return found


class PrimaryKeyValidator(_SchemasValidator):
    """Makes sure that the primary key is there in every row, and that no two rows have the same."""

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Look for missing keys and for keys that occurred before."""
        found = []
        for table, frame, columns in self._tables(data):
            keys = [column.name for column in columns if column.primary_key]
            if not keys or any(key not in frame for key in keys):
                continue
            missing = frame[keys].isna()
            for key in keys:
                text = "The primary key is missing."
                found += row_messages(text, _positions(missing[key]), table, key, "missing_key")
            rows = _positions(frame.duplicated(subset=keys) & ~missing.any(axis=1))
            text = "The primary key occurred before."
            found += row_messages(text, rows, table, ", ".join(keys), "duplicate_key")
        return found


class ForeignKeyValidator(_SchemasValidator):
    """Makes sure that each value of a column with a `foreign_key` occurs in the column that names.

    Missing cells refer to nothing and are left to `MissingValueValidator`.
    A foreign key `"table.column"` names the table as the schemas do: `file.column`, or `file.sheet.column`.
    """

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Look for values without a counterpart."""
        found = []
        for table, frame, columns in self._tables(data):
            for column in columns:
                if column.foreign_key is None or column.name not in frame:
                    continue
                target = find_column(data, column.foreign_key)
                if target is None:
                    text = f"There is no column '{column.foreign_key}', which column '{column.name}' refers to."
                    found.append(
                        ValidationMessage(
                            ValidationSeverity.ERROR, text, table, column.name, code="missing_foreign_column"
                        )
                    )
                    continue
                values = frame[column.name]
                rows = _positions(values.notna() & ~values.astype(object).isin(set(target.dropna())))
                text = f"The value does not occur in '{column.foreign_key}'."
                found += row_messages(text, rows, table, column.name, "foreign_key")
        return found


class DefaultValidator(_SchemasValidator):
    """Fills in the defaults of columns, in place: in missing cells, and in optional columns that are absent.

    It notes how many cells it filled. Let it run before the validators that look for what is missing.
    """

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Fill in the defaults."""
        from algomancy_data.cells.conversion import convert

        found = []
        for table, _, columns in self._tables(data):
            for column in columns:
                # An earlier column may have replaced the table.
                frame = data[table]
                if column.default is None or (column.name not in frame and not column.optional):
                    continue
                filled = _filled(frame, column)
                if filled is None:
                    continue
                count, values = filled
                converted = convert(values, column.dtype)
                data[table] = frame.assign(**{column.name: converted.array})
                text = f"{count:,} missing cells were given the default '{column.default}'."
                found.append(ValidationMessage(ValidationSeverity.INFO, text, table, column.name, code="default"))
        return found


def row_messages(text: str, rows: Sequence[int], table: str, column: str, code: str) -> list[ValidationMessage]:
    """Return an error for each of the first rows, and one that counts the rest."""
    found = [
        ValidationMessage(ValidationSeverity.ERROR, text, table, column, row, code) for row in rows[:SHOWN_PER_COLUMN]
    ]
    if (rest := len(rows) - len(found)) > 0:
        text = f"{text} The same holds of {rest:,} more rows."
        found.append(ValidationMessage(ValidationSeverity.ERROR, text, table, column, None, code))
    return found


def find_column(data: dict[str, pd.DataFrame], reference: str) -> pd.Series | None:
    """Return the column that `"table.column"` names, or None; both parts may hold dots themselves."""
    for table, frame in data.items():
        if reference.startswith(f"{table}.") and (name := reference[len(table) + 1 :]) in frame:
            column: pd.Series = frame[name]
            return column
    return None


def _filled(frame: pd.DataFrame, column: Column) -> tuple[int, pd.Series] | None:
    import pandas as pd

    if column.name not in frame:
        return len(frame), pd.Series([column.default] * len(frame), index=frame.index, dtype=object)
    values = frame[column.name]
    missing = values.isna()
    if not missing.any():
        return None
    return int(missing.sum()), values.astype(object).where(~missing, column.default)


def _positions(mask: pd.Series) -> list[int]:
    import numpy as np

    positions: list[int] = np.flatnonzero(mask.to_numpy(dtype=bool)).tolist()
    return positions


def _holds(values: pd.Series, dtype: DataType) -> bool:
    import pandas as pd

    if dtype is DataType.CATEGORICAL:
        return isinstance(values.dtype, pd.CategoricalDtype)
    if dtype is DataType.INTERVAL:
        return isinstance(values.dtype, pd.IntervalDtype)
    kind: Any = values.dtype.kind
    return kind in _KINDS[dtype] and not isinstance(values.dtype, (pd.CategoricalDtype, pd.IntervalDtype))
