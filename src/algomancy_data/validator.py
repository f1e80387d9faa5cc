"""Validators: what must hold of the tables extracted before they become a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from algomancy_data.relations import keys_of, resolve_relations_from_schemas
from algomancy_data.schema import Column, DataType, Schema, tables_of
from algomancy_data.validation import (
    ValidationError,
    ValidationMessage,
    ValidationResult,
    ValidationSequence,
    ValidationSeverity,
    Validator,
    first_and_count,
)
from algomancy_utils.typed_parameter import shown

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DefaultValidator",
    "ExtractionSuccessVerification",
    "ForeignKeyValidator",
    "MissingValueValidator",
    "PrimaryKeyValidator",
    "RequiredColumnsValidator",
    "SchemaValidator",
    "UniqueValueValidator",
    "ValidationError",
    "ValidationMessage",
    "ValidationResult",
    "ValidationSequence",
    "ValidationSeverity",
    "Validator",
]

_HOLDS = {
    DataType.STRING: ("str", "string"),
    DataType.DATETIME: ("datetime64[",),
    DataType.INTEGER: ("int64", "Int64"),
    DataType.FLOAT: ("float64",),
    DataType.BOOLEAN: ("boolean",),
    DataType.CATEGORICAL: ("category",),
    DataType.INTERVAL: ("interval[",),
}
"""The types of column, as pandas names them or begins to, that hold values of a schema's type."""


class DefaultValidator(Validator):
    """Says that validation was successful, whatever the tables hold."""

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:  # noqa: ARG002 - nothing is looked at
        """Add the message."""
        self.add_message(ValidationSeverity.INFO, "Validation successful")
        return self.messages


class ExtractionSuccessVerification(Validator):
    """Makes sure that every table extracted has rows; one that has none is critical (`EMPTY_EXTRACTION`)."""

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Look for tables without rows."""
        for table, frame in data.items():
            if frame.empty:
                text = f"Table '{table}' has no rows."
                self.add_message(ValidationSeverity.CRITICAL, text, table, code="EMPTY_EXTRACTION")
        return self.messages


class _SchemasValidator(Validator):
    """What validators that follow schemas share: which tables the schemas describe.

    Args:
        schemas: The schemas, as classes or objects.
        severity: The severity of what is found.
    """

    def __init__(
        self, schemas: Iterable[Schema | type[Schema]], severity: ValidationSeverity = ValidationSeverity.ERROR
    ) -> None:
        super().__init__()
        self._schemas = list(schemas or ())
        self._severity = severity

    def _columns(self) -> dict[str, dict[str, Column]]:
        return {table: columns for schema in self._schemas for table, columns in tables_of(schema).items()}

    def _tables(self, data: dict[str, pd.DataFrame]) -> Iterator[tuple[str, pd.DataFrame, dict[str, Column]]]:
        for table, columns in self._columns().items():
            if table in data:
                yield table, data[table], columns


class SchemaValidator(_SchemasValidator):
    """Compares the columns of the tables with the schemas.

    A column whose values are not of its schema's type is a warning (`DTYPE_MISMATCH`). Of the severity given are a
    column that the schema does not know (`UNEXPECTED_COLUMN`) and a table that no schema describes (`NO_SCHEMA`).

    Args:
        schemas: The schemas, as classes or objects.
        severity: The severity of what is found.
    """

    def __init__(
        self,
        schemas: Iterable[Schema | type[Schema]] | None = None,
        severity: ValidationSeverity = ValidationSeverity.ERROR,
    ) -> None:
        super().__init__(schemas or (), severity)

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Compare columns and types."""
        known = self._columns()
        if not known:
            self.add_message(self._severity, "No schema was given to compare the tables with.")
            return self.messages
        for table, frame in data.items():
            if table not in known:
                self.buffer_message(self._severity, f"No schema describes table '{table}'.", table, code="NO_SCHEMA")
                continue
            for name in map(str, frame):
                column = known[table].get(name)
                if column is None:
                    text = f"Column '{name}' is not part of the schema of table '{table}'."
                    self.buffer_message(self._severity, text, table, name, code="UNEXPECTED_COLUMN")
                elif not str(frame[name].dtype).startswith(_HOLDS[DataType(column.dtype)]):
                    text = f"Column '{name}' of table '{table}' does not hold values of type {column.dtype}."
                    self.buffer_message(ValidationSeverity.WARNING, text, table, name, code="DTYPE_MISMATCH")
            self.flush_buffer(f"Table '{table}' is as its schema says.")
        return self.messages


class RequiredColumnsValidator(_SchemasValidator):
    """Makes sure that every column is there that is not optional (`MISSING_REQUIRED_COLUMN`).

    Args:
        schemas: The schemas, as classes or objects.
        severity: The severity of what is found.
    """

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Look which columns the tables lack."""
        for table, frame, columns in self._tables(data):
            for name, column in columns.items():
                if not column.optional and name not in frame:
                    text = f"Column '{name}' is missing from table '{table}'{_instead(frame, columns)}."
                    self.add_message(self._severity, text, table, name, code="MISSING_REQUIRED_COLUMN")
        return self.messages


class PrimaryKeyValidator(_SchemasValidator):
    """Makes sure that the primary key is there in every row (`PK_NULL`), and that no two rows have the same.

    Of rows with the same key all are named (`PK_DUPLICATE`). A key column may be missing (`MISSING_PK_COLUMN`).

    Args:
        schemas: The schemas, as classes or objects.
        severity: The severity of what is found.
    """

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Look for missing keys and for keys that occur more than once."""
        for table, frame, columns in self._tables(data):
            key = [name for name, column in columns.items() if column.primary_key]
            absent = [name for name in key if name not in frame]
            for name in absent:
                text = f"Column '{name}', part of the primary key, is missing from table '{table}'."
                self.add_message(self._severity, text, table, name, code="MISSING_PK_COLUMN")
            if absent or not key:
                continue
            missing = frame[key].isna().any(axis=1)
            twins = frame.duplicated(subset=key, keep=False) & ~missing
            names = ",".join(key)
            text = "{} occurs more than once; it is the primary key."
            _add_rows(self, self._severity, "The primary key is missing.", missing, table, names, "PK_NULL")
            _add_rows(self, self._severity, text, twins, table, names, "PK_DUPLICATE", frame[key])
        return self.messages


class _ColumnsValidator(Validator):
    """What validators of some columns of one table share.

    Args:
        table: The table.
        columns: The columns.
        severity: The severity of what is found.
    """

    def __init__(
        self, table: str, columns: Iterable[str], severity: ValidationSeverity = ValidationSeverity.ERROR
    ) -> None:
        super().__init__()
        self.table = table
        self.columns = list(columns)
        self.severity = severity

    def _series(self, data: dict[str, pd.DataFrame]) -> Iterator[tuple[str, pd.Series]]:
        """Yield the columns that are there, and say which are not (`TABLE_NOT_FOUND`, `COLUMN_NOT_FOUND`)."""
        if not _has_table(self, self.severity, data, self.table):
            return
        for name in self.columns:
            if _has_columns(self, self.severity, data, self.table, [name]):
                yield name, data[self.table][name]


class UniqueValueValidator(_ColumnsValidator):
    """Makes sure that no value occurs twice in a column; missing cells do not count.

    Of rows with the same value all are named (`DUPLICATE_VALUE`). Each column is looked at for itself.

    Args:
        table: The table.
        columns: The columns.
        severity: The severity of what is found.
    """

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Look for values that occur more than once."""
        for name, values in self._series(data):
            twins = values.duplicated(keep=False) & values.notna()
            text = "{} occurs more than once."
            _add_rows(self, self.severity, text, twins, self.table, name, "DUPLICATE_VALUE", values.to_frame())
        return self.messages


class MissingValueValidator(_ColumnsValidator):
    """Makes sure that no cell of a column is missing (`NULL_VALUE`).

    Args:
        table: The table.
        columns: The columns.
        severity: The severity of what is found.
    """

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Look for missing cells."""
        for name, values in self._series(data):
            _add_rows(self, self.severity, "A value is missing.", values.isna(), self.table, name, "NULL_VALUE")
        return self.messages


class ForeignKeyValidator(Validator):
    """Makes sure that what a table refers to occurs in another table (`FK_VIOLATION`).

    A row of which a part is missing refers to nothing. Values of two types, such as `1` and `"1"`, are not equal.

    Args:
        left_table: The table that refers to the other.
        left_col: Its column, or its columns.
        right_table: The table referred to.
        right_col: The column referred to, or as many columns.
        severity: The severity of what is found.

    Raises:
        ValueError: There are more columns on one side than on the other.
    """

    def __init__(
        self,
        left_table: str,
        left_col: str | Sequence[str],
        right_table: str,
        right_col: str | Sequence[str],
        severity: ValidationSeverity = ValidationSeverity.ERROR,
    ) -> None:
        super().__init__()
        self.left_table = left_table
        self.left_col = [left_col] if isinstance(left_col, str) else list(left_col)
        self.right_table = right_table
        self.right_col = [right_col] if isinstance(right_col, str) else list(right_col)
        self.severity = severity
        if len(self.left_col) != len(self.right_col):
            raise ValueError(
                f"A foreign key needs as many columns on both sides: {len(self.left_col)} of '{left_table}' cannot "
                f"refer to {len(self.right_col)} of '{right_table}'."
            )

    @classmethod
    def from_schemas(
        cls, schemas: Iterable[Schema | type[Schema]], severity: ValidationSeverity = ValidationSeverity.ERROR
    ) -> list[ForeignKeyValidator]:
        """Return a validator for each foreign key of schemas with one table.

        Columns of a table that refer to the same other table make one key together.

        Args:
            schemas: The schemas, as classes or objects.
            severity: The severity of what is found.
        """
        return [
            cls(each.child_table, each.child_cols, each.parent_table, each.parent_cols, severity)
            for each in resolve_relations_from_schemas(list(schemas))
        ]

    def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
        """Look for values without a counterpart."""
        sides = ((self.left_table, self.left_col), (self.right_table, self.right_col))
        if not all(_has_table(self, self.severity, data, table) for table, _ in sides):
            return self.messages
        if not all(_has_columns(self, self.severity, data, table, columns) for table, columns in sides):
            return self.messages
        left = data[self.left_table][self.left_col]
        orphans = left.notna().all(axis=1) & ~keys_of(left).isin(set(keys_of(data[self.right_table][self.right_col])))
        text = f"{{}} does not occur in '{self.right_table}.{','.join(self.right_col)}'."
        _add_rows(self, self.severity, text, orphans, self.left_table, ",".join(self.left_col), "FK_VIOLATION", left)
        return self.messages


def _has_table(validator: Validator, severity: ValidationSeverity, data: dict[str, pd.DataFrame], table: str) -> bool:
    if table not in data:
        validator.add_message(severity, f"There is no table '{table}'.", table, code="TABLE_NOT_FOUND")
    return table in data


def _has_columns(
    validator: Validator, severity: ValidationSeverity, data: dict[str, pd.DataFrame], table: str, names: list[str]
) -> bool:
    absent = next((name for name in names if name not in data[table]), None)
    if absent is not None:
        text = f"Table '{table}' has no column '{absent}'."
        validator.add_message(severity, text, table, absent, code="COLUMN_NOT_FOUND")
    return absent is None


def _add_rows(
    validator: Validator,
    severity: ValidationSeverity,
    text: str,
    rows: pd.Series,
    table: str,
    column: str,
    code: str,
    values: pd.DataFrame | None = None,
) -> None:
    """Add a message for each of the first rows, and one that counts the rest.

    Args:
        validator: Whose messages they are.
        severity: Of each.
        text: What is said; `{}` stands for the value, and is there where `values` are given.
        rows: Which rows are meant.
        table: The table.
        column: The column, or the columns.
        code: Of each message.
        values: What the rows hold in the columns.
    """
    found, rest = first_and_count(rows.to_numpy(dtype=bool).nonzero()[0].tolist())
    for position, row in zip(found, rows.index[found].tolist(), strict=True):
        told = text if values is None else text.replace("{}", _told(values.iloc[position].tolist()), 1)
        validator.add_message(severity, told, table, column, row if isinstance(row, int) else None, code)
    if rest:
        told = f"{text.replace('{}', 'The value', 1)} The same holds of {rest:,} more rows."
        validator.add_message(severity, told, table, column, None, code)


def _told(values: list[Any]) -> str:
    """Return the values of a row as a message shows them."""
    plain = (each.item() if hasattr(each, "item") else each for each in values)
    return ", ".join(shown(each if isinstance(each, str | int | float) else str(each)) for each in plain)


def _instead(frame: pd.DataFrame, columns: Mapping[str, Column]) -> str:
    """Return which columns are there that nobody asked for: one of them may be misspelt."""
    found, rest = first_and_count([shown(str(name)) for name in frame if name not in columns])
    more = f" and {rest} more" if rest else ""
    return f"; there is {', '.join(found)}{more} instead" if found else ""
