"""Extractors for each kind of file: from raw data to tables of the types a schema wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from algomancy_data.cells.tables import ReadTable, plain_columns
from algomancy_data.extraction import (
    ConversionIssue,
    DataTypeConverter,
    DateFormatError,
    ExtractionSequence,
    Extractor,
    MultiExtractor,
    SingleExtractor,
)
from algomancy_data.file import ExtractionError, File
from algomancy_data.reading.csv_reader import read_csv_table
from algomancy_data.reading.json_reader import read_json_table, read_json_tables, root_records
from algomancy_data.reading.offload import WORKER, NoWorkerError, WorkerDiedError
from algomancy_data.reading.xlsx_reader import inflated_size, read_xlsx_tables
from algomancy_data.schema import Column, FileExtension, Schema, SchemaType, source_paths_of
from algomancy_data.stored.tables import column_names

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_utils.logger import Logger

__all__ = [
    "EXTRACTORS",
    "CSVSingleExtractor",
    "ConversionIssue",
    "DataFrameExtractor",
    "DataTypeConverter",
    "DateFormatError",
    "ExtractionError",
    "ExtractionSequence",
    "Extractor",
    "JSONMultiExtractor",
    "JSONSingleExtractor",
    "MultiExtractor",
    "SingleExtractor",
    "XLSXMultiExtractor",
    "XLSXSingleExtractor",
]


class CSVSingleExtractor(SingleExtractor):
    """Reads a csv file into one table, named after the file.

    Args:
        file: The file: UTF-8, with a heading row.
        schema: The schema, as class or object.
        logger: Where to report progress.
        separator: What separates cells; None takes the one of `;`, `,`, tab and `|` that gives most of the schema's
            columns.

    Raises:
        ValueError: The separator is not a single character.
    """

    def __init__(
        self, file: File, schema: Schema | type[Schema], logger: Logger | None = None, separator: str | None = ";"
    ) -> None:
        super().__init__(file, schema, logger)
        if separator is not None and len(separator) != 1:
            raise ValueError("The separator of a csv file must be a single character.")
        self._separator = separator

    def _extract_file(self) -> pd.DataFrame:
        """Read the table."""
        columns = list(self.schema.columns().values())
        read = read_csv_table(self.file, columns, self.file.name, self._separator)
        return self._keep(self.file.name, read, self.schema.datatypes())


class JSONSingleExtractor(SingleExtractor):
    """Reads a JSON list of records into one table, named after the file; member `b` of object `a` is column `a.b`."""

    def _extract_file(self) -> pd.DataFrame:
        """Read the table."""
        read = read_json_table(self.file, list(self.schema.columns().values()), self.file.name)
        return self._keep(self.file.name, read, self.schema.datatypes())


class XLSXSingleExtractor(SingleExtractor):
    """Reads one sheet of a workbook into one table, named after the file.

    Args:
        file: The workbook.
        schema: The schema, as class or object.
        sheet_name: The sheet, by name or by number from 0; numbers below 0 count from the end. Hidden sheets do not
            count, unless all are hidden.
        logger: Where to report progress.
    """

    def __init__(
        self, file: File, schema: Schema | type[Schema], sheet_name: str | int = 0, logger: Logger | None = None
    ) -> None:
        super().__init__(file, schema, logger)
        self._sheet_name = sheet_name

    def _extract_file(self) -> pd.DataFrame:
        """Read the table."""
        table, columns = self.file.name, plain_columns(self.schema.columns().values())
        read = _read_workbook(self.file, {table: (self._sheet_name, columns)})
        return self._keep(table, read[table], self.schema.datatypes())


class XLSXMultiExtractor(MultiExtractor):
    """Reads a workbook into one table for each column group of the schema: the sheet of that name, as `file.sheet`.

    Args:
        file: The file.
        schema: The schema, as class or object.
        logger: Where to report progress.
    """

    def __init__(self, file: File, schema: Schema | type[Schema], logger: Logger | None = None) -> None:
        super().__init__(file, schema, logger)

    def _extract_files(self) -> dict[str, pd.DataFrame]:
        """Read the tables. Sheets that the schema does not know are left out."""
        sheets: dict[str, tuple[str | int, list[Column]]] = {
            self.get_extraction_key(name): (name, plain_columns(columns.values()))
            for name, columns in self.schema.column_groups().items()
        }
        return self._keep_all(_read_workbook(self.file, sheets))


class JSONMultiExtractor(MultiExtractor):
    """Reads a JSON document into one table for each column group of the schema, named `file.group`.

    The document is a list of records, or an object with one list as a member. A group without `source_path` has a row
    for each record; another one has the rows found at its path in each record. Where the document holds several lists,
    a group is the list of its name.

    Args:
        file: The file.
        schema: The schema, as class or object.
        logger: Where to report progress.
    """

    def __init__(self, file: File, schema: Schema | type[Schema], logger: Logger | None = None) -> None:
        super().__init__(file, schema, logger)

    def _load_root_records(self) -> list[Any]:
        """Return the records of the document.

        Raises:
            ExtractionError: It has none, or several lists.
        """
        return root_records(self.file.read_bytes(), self.file.subject)

    def _extract_files(self) -> dict[str, pd.DataFrame]:
        """Read the tables."""
        paths = source_paths_of(self.schema)
        groups = {
            self.get_extraction_key(name): (name, paths.get(name, ()), plain_columns(columns.values()))
            for name, columns in self.schema.column_groups().items()
        }
        return self._keep_all(read_json_tables(self.file, groups))


class DataFrameExtractor(Extractor):
    """Takes a table that is in memory already, and converts its columns.

    Args:
        name: The name of the table.
        df: The table; it is not altered.
        schema: The schema, as class or object.
        logger: Where to report progress.

    Raises:
        ValueError: The schema has several tables.
    """

    def __init__(
        self, name: str, df: pd.DataFrame, schema: Schema | type[Schema], logger: Logger | None = None
    ) -> None:
        from algomancy_data.file import CSVFile

        super().__init__(CSVFile(name), logger)
        if not schema.is_single():
            raise ValueError(f"Table '{name}' needs a schema with one table.")
        self.schema = schema
        self._df = df

    def extract(self) -> dict[str, pd.DataFrame]:
        """Return the table, converted.

        Raises:
            ValueError: Two of its columns have one name.
        """
        self._begin()
        column_names(self._df, self.file.name)
        table = self._converted(self.file.name, self._df, self.schema.datatypes())
        self._extraction_success_message()
        return {self.file.name: table}


EXTRACTORS: dict[tuple[FileExtension, SchemaType], type[Extractor]] = {
    (FileExtension.CSV, SchemaType.SINGLE): CSVSingleExtractor,
    (FileExtension.JSON, SchemaType.SINGLE): JSONSingleExtractor,
    (FileExtension.JSON, SchemaType.MULTI): JSONMultiExtractor,
    (FileExtension.XLSX, SchemaType.SINGLE): XLSXSingleExtractor,
    (FileExtension.XLSX, SchemaType.MULTI): XLSXMultiExtractor,
}
"""Which class reads which kind of file, unless others are registered."""


def _read_workbook(file: File, sheets: dict[str, tuple[str | int, list[Column]]]) -> dict[str, ReadTable]:
    source, _ = file.source()
    # What is no workbook, or too large, costs no round trip.
    inflated_size(source, file.subject, file.limits)
    try:
        return WORKER.run(read_xlsx_tables, source, sheets, file.subject, file.limits)
    except WorkerDiedError:
        text = f"{file.subject} cannot be read: it is a damaged workbook, or needs far more memory than its size."
        raise ExtractionError(text) from None
    except NoWorkerError as error:
        raise ExtractionError(f"{file.subject}: {error}") from None
