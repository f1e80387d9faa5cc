"""What every extractor is, and running several of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from algomancy_data.cells.tables import CONVERSION_FAILED, FileRows, ReadTable, convert_table
from algomancy_data.file import ExtractionError, File
from algomancy_data.schema import Column, DataType, Schema
from algomancy_data.validation import ValidationMessage
from algomancy_utils.errors import PreconditionError

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_utils.logger import Logger


class DateFormatError(Exception):
    """Dates are written in no way that is known; for extractors of your own."""


@dataclass(frozen=True, slots=True)
class ConversionIssue:
    """A column of which not every cell could be converted.

    Attributes:
        table: The table.
        column: The column.
        target_type: The type the schema wants.
        reason: What is wrong with the first cell that could not be converted.
    """

    table: str
    column: str
    target_type: DataType
    reason: str


class DataTypeConverter:
    """Converts the columns of tables to the types of schemas."""

    @staticmethod
    def convert_dtypes(
        df: pd.DataFrame,
        schema_types: Mapping[str, DataType],
        issues: list[ConversionIssue] | None = None,
        table_name: str | None = None,
    ) -> pd.DataFrame:
        """Return a table with its columns converted. One of which a cell cannot be converted stays as it is.

        Args:
            df: The table; it is not altered.
            schema_types: The type wanted, by the column's name; columns that are not there are passed over.
            issues: Where to add what could not be converted.
            table_name: The name of the table, for `issues`.
        """
        read = _convert(df, schema_types, table_name or "")
        if issues is not None:
            issues += _issues(read.messages, schema_types)
        return read.frame


class Extractor(ABC):
    """Reads raw data into tables. Subclass it, or `SingleExtractor` or `MultiExtractor`, which convert the columns.

    Args:
        file: The file to read.
        logger: Where to report progress.

    Attributes:
        file: The file to read.
        logger: Where to report progress.
        messages: What there is to say of the cells read; the pipeline adds it to what validation says.
        conversion_issues: The columns of which not every cell could be converted; they keep their text.
        file_rows: Where the rows of its tables are in the file, by table; no entry for tables from elsewhere.
    """

    def __init__(self, file: File, logger: Logger | None = None) -> None:
        self.file = file
        self.logger = logger
        self.messages: list[ValidationMessage] = []
        self.conversion_issues: list[ConversionIssue] = []
        self.file_rows: dict[str, FileRows] = {}
        self._read: list[pd.DataFrame] = []

    @abstractmethod
    def extract(self) -> dict[str, pd.DataFrame]:
        """Read the data.

        Returns:
            The tables by name.

        Raises:
            ExtractionError: The data cannot be read at all.
        """

    def _extraction_message(self) -> None:
        if self.logger is not None:
            self.logger.log(f"Extracting from {self.file.name}")

    def _extraction_success_message(self) -> None:
        if self.logger is not None:
            self.logger.success(f"Extraction of {self.file.name} successful")

    def _keep(self, table: str, read: ReadTable, types: Mapping[str, DataType]) -> pd.DataFrame:
        """Keep what there is to say of a table read from the file, and return the table."""
        self.file_rows[table] = read.rows
        self._read.append(read.frame)
        return self._told(read, types)

    def _converted(self, table: str, frame: pd.DataFrame, types: Mapping[str, DataType]) -> pd.DataFrame:
        """Convert the columns of a table, unless they were converted while they were read."""
        if any(frame is read for read in self._read):
            return frame
        told = {issue.column for issue in self.conversion_issues if issue.table == table}
        wanted = {name: dtype for name, dtype in types.items() if name not in told}
        return self._told(_convert(frame, wanted, table), wanted)

    def _told(self, read: ReadTable, types: Mapping[str, DataType]) -> pd.DataFrame:
        self.messages += read.messages
        self.conversion_issues += _issues(read.messages, types)
        return read.frame

    def _begin(self) -> None:
        self.messages, self.conversion_issues, self.file_rows, self._read = [], [], {}, []
        self._extraction_message()


class SingleExtractor(Extractor):
    """Reads a file into one table, named after the file. Subclass it and write `_extract_file`.

    Args:
        file: The file to read.
        schema: The schema, as class or object.
        logger: Where to report progress.
    """

    def __init__(self, file: File, schema: Schema | type[Schema], logger: Logger | None = None) -> None:
        super().__init__(file, logger)
        self.schema = schema

    def extract(self) -> dict[str, pd.DataFrame]:
        """Read the file and convert the columns that the schema knows.

        Raises:
            ExtractionError: It is no such file, has no such sheet, or holds no table; the message says why.
            TooLargeError: It holds more than allowed.
        """
        self._begin()
        types = self.schema.datatypes()
        table = self._converted(self.file.name, self._extract_file(), types)
        self._extraction_success_message()
        return {self.file.name: table}

    @abstractmethod
    def _extract_file(self) -> pd.DataFrame:
        """Return the table as it is in the file."""


class MultiExtractor(Extractor):
    """Reads a file into several tables, named `file.group`. Subclass it and write `_extract_files`.

    Args:
        files: The file to read.
        schema: The schema, as class or object.
        logger: Where to report progress.
    """

    def __init__(self, files: File, schema: Schema | type[Schema], logger: Logger | None = None) -> None:
        super().__init__(files, logger)
        self.schema = schema

    def extract(self) -> dict[str, pd.DataFrame]:
        """Read the file and convert the columns that the schema knows.

        Raises:
            AssertionError: `_extract_files` gave a table that the schema does not describe.
        """
        self._begin()
        tables = self._extract_files()
        known = {self.get_extraction_key(name) for name in self.schema.sub_names()}
        if strangers := sorted(tables.keys() - known):
            raise PreconditionError(
                f"The schema of '{self.file.name}' describes {', '.join(sorted(known))}, not {', '.join(strangers)}."
            )
        converted = {
            table: self._converted(table, frame, self._get_schema_types(self.get_schema_name(table)))
            for table, frame in tables.items()
        }
        self._extraction_success_message()
        return converted

    def get_extraction_key(self, name: str) -> str:
        """Return the name of the table for a column group: `file.group`."""
        return f"{self.file.name}.{name}"

    def get_schema_name(self, extraction_key: str) -> str:
        """Return the name of the column group for a table."""
        return extraction_key.removeprefix(f"{self.file.name}.")

    def _keep_all(self, tables: Mapping[str, ReadTable]) -> dict[str, pd.DataFrame]:
        return {
            table: self._keep(table, read, self._get_schema_types(self.get_schema_name(table)))
            for table, read in tables.items()
        }

    def _get_schema_types(self, key: str) -> dict[str, DataType]:
        return self.schema.datatype_groups()[key]

    @abstractmethod
    def _extract_files(self) -> dict[str, pd.DataFrame]:
        """Return the tables as they are in the file, under `get_extraction_key` of their column group."""


class ExtractionSequence:
    """Runs extractors one after the other and gathers their tables.

    Args:
        extractors: The extractors, in order.
        logger: Where to report progress.

    Attributes:
        logger: Where to report progress.
        messages: What the extractors had to say, once they have run; rows are those of the table's index.
        file_rows: Where the rows of tables are in their files, by table.
    """

    def __init__(self, extractors: Iterable[Extractor] | None = None, logger: Logger | None = None) -> None:
        self.logger = logger
        self.messages: list[ValidationMessage] = []
        self.file_rows: dict[str, FileRows] = {}
        self._extractors = list(extractors or ())
        self._data: dict[str, pd.DataFrame] = {}
        self._issues: list[ConversionIssue] = []
        self._completed = False

    @property
    def completed(self) -> bool:
        """Whether the extractors have run."""
        return self._completed

    @property
    def data(self) -> dict[str, pd.DataFrame]:
        """The tables by name; the extractors run when they have not run yet."""
        return self._data if self._completed else self.run_extraction()

    @property
    def conversion_issues(self) -> list[ConversionIssue]:
        """The columns of which not every cell could be converted."""
        return self._issues

    def add_extractor(self, extractor: Extractor) -> None:
        """Add an extractor at the end."""
        self._extractors.append(extractor)

    def add_extractors(self, extractors: Iterable[Extractor]) -> None:
        """Add extractors at the end."""
        self._extractors.extend(extractors)

    def run_extraction(self) -> dict[str, pd.DataFrame]:
        """Run the extractors.

        Returns:
            The tables of all of them by name.

        Raises:
            ExtractionError: Some data cannot be read at all, or two extractors make a table of one name.
        """
        self._data, self.messages, self.file_rows, self._issues = {}, [], {}, []
        for extractor in self._extractors:
            extracted = extractor.extract()
            if twins := self._data.keys() & extracted.keys():
                raise ExtractionError(f"Two files hold a table named '{min(twins)}'.")
            self._data.update(extracted)
            # An extractor of the user's may do without the constructor.
            self.messages += getattr(extractor, "messages", ())
            self._issues += getattr(extractor, "conversion_issues", ())
            self.file_rows |= getattr(extractor, "file_rows", {})
        self._completed = True
        return self._data


def _convert(frame: pd.DataFrame, types: Mapping[str, DataType], table: str) -> ReadTable:
    columns = [Column(name, DataType(dtype)) for name, dtype in types.items() if name in frame]
    if not columns:
        return ReadTable(frame.copy(deep=False))
    read = convert_table({column.name: frame[column.name] for column in columns}, columns, table)
    return ReadTable(frame.assign(**{column.name: read.frame[column.name] for column in columns}), read.messages)


def _issues(messages: Iterable[ValidationMessage], types: Mapping[str, DataType]) -> list[ConversionIssue]:
    """Return an issue for each column of which cells could not be converted."""
    found: dict[str, ConversionIssue] = {}
    for message in messages:
        name = message.column or ""
        if message.code == CONVERSION_FAILED and name not in found:
            found[name] = ConversionIssue(message.table or "", name, types[name], message.message)
    return list(found.values())
