"""Extractors for each kind of file: from raw data to tables of the types a schema wants."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING

from algomancy_data.cells.tables import FileRows, ReadTable, convert_table, plain_columns
from algomancy_data.file import ExtractionError, File
from algomancy_data.reading.csv_reader import read_csv_table
from algomancy_data.reading.json_reader import read_json_table, read_json_tables
from algomancy_data.reading.offload import WORKER, NoWorkerError, WorkerDiedError, run_by_size
from algomancy_data.reading.xlsx_reader import inflated_size, read_xlsx_tables
from algomancy_data.schema import Column, FileExtension, Schema
from algomancy_data.stored.tables import column_names
from algomancy_data.validation import MessageKeeper, ValidationMessage, ValidationSeverity

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_utils.logger import Logger


class Extractor(MessageKeeper, ABC):
    """Reads raw data into tables. Subclass it and write `extract`.

    What is wrong with single values is no exception: `extract` keeps it with `add_message`, and the pipeline passes it
    on.

    Args:
        logger: Where to report progress.
    """

    file_rows: dict[str, FileRows]
    """Where the rows of its tables are in their files, by table; without an entry for tables from elsewhere."""

    def __init__(self, logger: Logger | None = None) -> None:
        self.logger = logger

    @abstractmethod
    def extract(self) -> dict[str, pd.DataFrame]:
        """Read the data.

        Returns:
            The tables by name.

        Raises:
            ExtractionError: The data cannot be read at all.
        """


class ExtractionSequence:
    """Runs extractors one after the other and gathers their tables.

    Args:
        extractors: The extractors, in order.
        logger: Where to report progress.

    Attributes:
        messages: What the extractors had to say, once they have run; rows are counted from 0 within the table.
        file_rows: Where the rows of tables are in their files, by table.
    """

    def __init__(self, extractors: Iterable[Extractor] | None = None, logger: Logger | None = None) -> None:
        self.extractors = list(extractors or ())
        self.logger = logger
        self.messages: list[ValidationMessage] = []
        self.file_rows: dict[str, FileRows] = {}

    def add_extractor(self, extractor: Extractor) -> None:
        """Add an extractor at the end."""
        self.extractors.append(extractor)

    def add_extractors(self, extractors: Iterable[Extractor]) -> None:
        """Add extractors at the end."""
        self.extractors.extend(extractors)

    def extract(self) -> dict[str, pd.DataFrame]:
        """Run the extractors.

        Returns:
            The tables of all of them by name.

        Raises:
            ExtractionError: Some data cannot be read at all, or two extractors make a table of one name.
        """
        self.messages, self.file_rows = [], {}
        tables: dict[str, pd.DataFrame] = {}
        for extractor in self.extractors:
            extractor.clear_messages()
            extracted = extractor.extract()
            extractor.flush_buffer()
            if twins := tables.keys() & extracted.keys():
                raise ExtractionError(f"Two files hold a table named '{min(twins)}'.")
            tables.update(extracted)
            self.messages.extend(extractor.messages)
            self.file_rows.update(getattr(extractor, "file_rows", {}))
            if self.logger is not None:
                for name, table in extracted.items():
                    self.logger.log(f"Table '{name}': {len(table)} rows extracted.")
        return tables


class FileExtractor(Extractor):
    """Reads one file by one schema.

    Args:
        file: The file.
        schema: The schema, as class or object.
        logger: Where to report progress.

    Raises:
        ValueError: The file is of another kind than the extractor reads; the message names it.
    """

    extension: FileExtension
    """The kind of file this extractor reads."""

    def __init__(self, file: File, schema: Schema | type[Schema], logger: Logger | None = None) -> None:
        super().__init__(logger)
        if file.extension is not self.extension:
            raise ValueError(f"{file.subject} must have the extension {self.extension}.")
        self.file = file
        self.schema = schema
        self.file_rows = {}

    def _keep(self, table: str, read: ReadTable | None, what: str) -> dict[str, pd.DataFrame]:
        if read is None:
            text = f"{self.file.subject} has no {what}."
            self.add_message(ValidationSeverity.ERROR, text, table, code="missing_table")
            return {}
        for message in read.messages:
            self.add_message(message)
        self.file_rows[table] = read.rows
        return {table: read.frame}


class CSVSingleExtractor(FileExtractor):
    """Reads a csv file into one table, named after the file.

    Args:
        file: The file: UTF-8, with a heading row.
        schema: The schema, as class or object.
        logger: Where to report progress.
        separator: What separates cells; None takes the one of `;`, `,`, tab and `|` that gives most of the schema's
            columns.
    """

    extension = FileExtension.CSV

    def __init__(
        self,
        file: File,
        schema: Schema | type[Schema],
        logger: Logger | None = None,
        separator: str | None = ";",
    ) -> None:
        super().__init__(file, schema, logger)
        if separator is not None and len(separator) != 1:
            raise ValueError("The separator of a csv file must be a single character.")
        self.separator = separator

    def extract(self) -> dict[str, pd.DataFrame]:
        """Read the table.

        Raises:
            ExtractionError: The file is no csv file: not UTF-8, or with rows of unequal length.
            TooLargeError: It has more rows, columns or cells than allowed.
        """
        table = self.file.name
        return self._keep(table, read_csv_table(self.file, self.schema.columns(), table, self.separator), "table")


class JSONSingleExtractor(FileExtractor):
    """Reads a JSON list of records into one table, named after the file; member `b` of object `a` is column `a.b`."""

    extension = FileExtension.JSON

    def extract(self) -> dict[str, pd.DataFrame]:
        """Read the table.

        Raises:
            ExtractionError: The file is no JSON, or no list of records.
            TooLargeError: It has more rows, columns or cells than allowed.
        """
        table, columns, (source, size) = self.file.name, plain_columns(self.schema.columns()), _source(self.file)
        read = run_by_size(size, read_json_table, source, columns, table, self.file.subject, self.file.limits)
        return self._keep(table, read, "table")


class JSONMultiExtractor(FileExtractor):
    """Reads a JSON document into one table for each column group of the schema, named `file.group`.

    A group's records are where its `source_path` says.
    """

    extension = FileExtension.JSON

    def extract(self) -> dict[str, pd.DataFrame]:
        """Read the tables. A group without records in the document is an error message.

        Raises:
            ExtractionError: The file is no JSON, or holds something else than records where a group should be.
            TooLargeError: A table has more rows, columns or cells than allowed.
        """
        groups = {
            f"{self.file.name}.{group.name}": (tuple(group.source_path) or (group.name,), plain_columns(group.columns))
            for group in self.schema.column_groups()
        }
        source, size = _source(self.file)
        read = run_by_size(size, read_json_tables, source, groups, self.file.subject, self.file.limits)
        tables: dict[str, pd.DataFrame] = {}
        for table, found in read.items():
            tables |= self._keep(table, found, f"records at '{'.'.join(groups[table][0])}'")
        return tables


class XLSXSingleExtractor(FileExtractor):
    """Reads one sheet of a workbook into one table, named after the file.

    Args:
        file: The workbook.
        schema: The schema, as class or object.
        sheet_name: The sheet, by name or by number from 0.
        logger: Where to report progress.
    """

    extension = FileExtension.XLSX

    def __init__(
        self,
        file: File,
        schema: Schema | type[Schema],
        sheet_name: str | int = 0,
        logger: Logger | None = None,
    ) -> None:
        super().__init__(file, schema, logger)
        self.sheet_name = sheet_name

    def extract(self) -> dict[str, pd.DataFrame]:
        """Read the table. A missing sheet is an error message.

        Raises:
            ExtractionError: The file is no workbook, or the sheet no table.
            TooLargeError: It holds more than allowed.
        """
        table = self.file.name
        read = _read_workbook(self.file, {table: (self.sheet_name, plain_columns(self.schema.columns()))})
        sheet = f"'{self.sheet_name}'" if isinstance(self.sheet_name, str) else f"number {self.sheet_name}"
        return self._keep(table, read[table], f"sheet {sheet}")


class XLSXMultiExtractor(FileExtractor):
    """Reads a workbook into one table for each column group of the schema: the sheet of that name, as `file.sheet`."""

    extension = FileExtension.XLSX

    def extract(self) -> dict[str, pd.DataFrame]:
        """Read the tables. A missing sheet is an error message; sheets the schema does not know are left out.

        Raises:
            ExtractionError: The file is no workbook, or a sheet no table.
            TooLargeError: It holds more than allowed.
        """
        sheets: dict[str, tuple[str | int, list[Column]]] = {
            f"{self.file.name}.{group.name}": (group.name, plain_columns(group.columns))
            for group in self.schema.column_groups()
        }
        tables: dict[str, pd.DataFrame] = {}
        for table, found in _read_workbook(self.file, sheets).items():
            tables |= self._keep(table, found, f"sheet '{sheets[table][0]}'")
        return tables


class DataFrameExtractor(Extractor):
    """Takes a table that is in memory already, and converts its columns.

    Args:
        name: The name of the table.
        df: The table; it is not altered.
        schema: The schema, as class or object; None leaves the table as it is.
        logger: Where to report progress.
    """

    def __init__(
        self,
        name: str,
        df: pd.DataFrame,
        schema: Schema | type[Schema] | None = None,
        logger: Logger | None = None,
    ) -> None:
        super().__init__(logger)
        self.name = name
        self.df = df
        self.schema = schema

    def extract(self) -> dict[str, pd.DataFrame]:
        """Return the table, converted.

        Raises:
            ValueError: Two of its columns have one name.
        """
        names = column_names(self.df, self.name)
        if self.schema is None:
            return {self.name: self.df.copy(deep=False)}
        series = {name: self.df.iloc[:, position] for position, name in enumerate(names)}
        read = convert_table(series, self.schema.columns(), self.name)
        for message in read.messages:
            self.add_message(message)
        return {self.name: read.frame}


def _source(file: File) -> tuple[bytes | str, int]:
    """Return what a worker reads the file from, its bytes or its path, and how many bytes that are."""
    if file.path is None or file.content is not None:
        content = file.read_bytes()
        return content, len(content)
    with file.open() as stream:
        return str(file.path), stream.seek(0, io.SEEK_END)


def _read_workbook(file: File, sheets: dict[str, tuple[str | int, list[Column]]]) -> dict[str, ReadTable | None]:
    source, _ = _source(file)
    # What is no workbook, or too large, costs no round trip.
    inflated_size(source, file.subject, file.limits)
    try:
        return WORKER.run_apart(read_xlsx_tables, source, sheets, file.subject, file.limits)
    except WorkerDiedError:
        text = f"{file.subject} cannot be read: it is a damaged workbook, or needs far more memory than its size."
        raise ExtractionError(text) from None
    except NoWorkerError as error:
        raise ExtractionError(f"{file.subject}: {error}") from None
