"""ETL that needs no code: the schemas say everything."""

from __future__ import annotations

from algomancy_data.etl_pipeline import ETLConstructionError, ETLFactory
from algomancy_data.extractor import (
    CSVSingleExtractor,
    ExtractionSequence,
    Extractor,
    JSONMultiExtractor,
    JSONSingleExtractor,
    XLSXMultiExtractor,
    XLSXSingleExtractor,
)
from algomancy_data.file import File
from algomancy_data.schema import FileExtension, Schema
from algomancy_data.schema_validators import (
    DefaultValidator,
    ExtractionSuccessVerification,
    ForeignKeyValidator,
    MissingValueValidator,
    PrimaryKeyValidator,
    RequiredColumnsValidator,
    SchemaValidator,
    UniqueValueValidator,
)
from algomancy_data.validation import ValidationSequence


class SimpleETLFactory(ETLFactory):
    """Reads one file for each schema, checks everything the schemas say, changes nothing and makes a `DataSource`.

    Csv files may be separated by semicolons, commas, tabs or bars; of a workbook with one table the first sheet is
    read. Override any of the four methods to do one step your own way.
    """

    def create_extraction_sequence(self, files: dict[str, File]) -> ExtractionSequence:
        """Return an extractor for each schema.

        Raises:
            ETLConstructionError: A file is missing, or one that no schema describes was given.
            ValueError: A file is of another kind than its schema says.
        """
        expected = {schema.file_name(): schema for schema in self.schemas}
        given = ", ".join(f"'{file.file_name}'" for file in files.values())
        wanted = ", ".join(f"'{name}.{schema.extension()}'" for name, schema in expected.items())
        for name, schema in expected.items():
            if name not in files:
                raise ETLConstructionError(f"File '{name}.{schema.extension()}' is missing; given: {given}.")
        for name, file in files.items():
            if name not in expected:
                raise ETLConstructionError(f"File '{file.file_name}' is not expected; expected: {wanted or 'none'}.")
        extractors = [self._extractor(files[name], schema) for name, schema in expected.items()]
        return ExtractionSequence(extractors, self.logger)

    def create_validation_sequence(self) -> ValidationSequence:
        """Return validators for all that the schemas say."""
        expected = [table for schema in self.schemas for table in schema.tables()]
        validators = [
            ExtractionSuccessVerification(expected, self.logger),
            RequiredColumnsValidator(self.schemas, self.logger),
            DefaultValidator(self.schemas, self.logger),
            SchemaValidator(self.schemas, self.logger),
            MissingValueValidator(self.schemas, self.logger),
            PrimaryKeyValidator(self.schemas, self.logger),
            UniqueValueValidator(self.schemas, self.logger),
            ForeignKeyValidator(self.schemas, self.logger),
        ]
        return ValidationSequence(validators, self.logger)

    def _extractor(self, file: File, schema: Schema | type[Schema]) -> Extractor:
        match schema.extension(), schema.is_multi():
            case FileExtension.CSV, False:
                return CSVSingleExtractor(file, schema, self.logger, separator=None)
            case FileExtension.JSON, False:
                return JSONSingleExtractor(file, schema, self.logger)
            case FileExtension.JSON, True:
                return JSONMultiExtractor(file, schema, self.logger)
            case FileExtension.XLSX, False:
                return XLSXSingleExtractor(file, schema, 0, self.logger)
            case FileExtension.XLSX, True:
                return XLSXMultiExtractor(file, schema, self.logger)
        raise ETLConstructionError(f"The schema of '{file.file_name}' wants several tables, but csv files hold one.")
