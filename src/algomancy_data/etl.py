"""ETL: from raw files to a data source, by extraction, validation, transformation and loading."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from algomancy_data.cells.tables import FileRows
from algomancy_data.datasource import BaseDataSource, DataClassification
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
from algomancy_data.loader import DataSourceLoader, Loader
from algomancy_data.schema import FileExtension, Schema
from algomancy_data.transformation import NoopTransformer, TransformationSequence
from algomancy_data.validation import ValidationMessage, ValidationResult, ValidationSequence, log_message
from algomancy_data.validator import (
    DefaultValidator,
    ExtractionSuccessVerification,
    ForeignKeyValidator,
    MissingValueValidator,
    PrimaryKeyValidator,
    RequiredColumnsValidator,
    SchemaValidator,
    UniqueValueValidator,
)

if TYPE_CHECKING:
    from algomancy_utils.logger import Logger


class ETLConstructionError(ValueError):
    """A pipeline cannot be made of the files given; the message names the file."""


@dataclass
class ETLResult:
    """What a pipeline came to.

    Attributes:
        status: `"success"`, or `"failed"` when validation found an error.
        datasource: What was loaded; None when failed.
        validation_result: Everything extraction and validation had to say.
    """

    status: str
    datasource: BaseDataSource | None = None
    validation_result: ValidationResult = field(default_factory=ValidationResult)

    @property
    def is_success(self) -> bool:
        """Whether there is a data source."""
        return self.status == "success"

    @property
    def messages(self) -> list[ValidationMessage]:
        """Everything extraction and validation had to say."""
        return self.validation_result.messages


class ETLPipeline:
    """Extracts, validates, transforms and loads, once.

    Args:
        name: The name of the dataset.
        extraction: Reads the files.
        validation: Checks the tables.
        transformation: Changes the tables.
        loader: Makes the data source.
        logger: Where to report progress.
    """

    def __init__(
        self,
        name: str,
        extraction: ExtractionSequence,
        validation: ValidationSequence,
        transformation: TransformationSequence,
        loader: Loader,
        logger: Logger | None = None,
    ) -> None:
        self.name = name
        self.extraction = extraction
        self.validation = validation
        self.transformation = transformation
        self.loader = loader
        self.logger = logger

    def run(self) -> ETLResult:
        """Run the pipeline.

        Nothing is transformed or loaded when extraction or validation finds an error.

        Raises:
            ExtractionError: A file cannot be read at all.
            Exception: Whatever steps of the user's raise.
        """
        data = self.extraction.extract()
        rows = self.extraction.file_rows
        extracted = self.extraction.messages
        result = ValidationResult([_in_file(message, rows) for message in extracted])
        for message in result.messages:
            log_message(self.logger, message)
        found = _without_echoes(self.validation.validate(data).messages, extracted)
        result.extend([_in_file(message, rows) for message in found])
        if not result.is_valid:
            if self.logger is not None:
                self.logger.error(f"Dataset '{self.name}' does not pass validation.")
            return ETLResult("failed", None, result)
        self.transformation.transform(data)
        source = self.loader.load(self.name, data, result.messages, DataClassification.MASTER_DATA)
        return ETLResult("success", source, result)


def _without_echoes(found: list[ValidationMessage], known: list[ValidationMessage]) -> list[ValidationMessage]:
    """Leave out that a cell is missing where it is known already that it could not be read."""
    unread = {(message.table, message.column, message.row) for message in known if message.code == "conversion"}
    missing = ("missing_value", "missing_key")
    return [each for each in found if each.code not in missing or (each.table, each.column, each.row) not in unread]


def _in_file(message: ValidationMessage, rows: Mapping[str, FileRows]) -> ValidationMessage:
    """Count the row of a message as a person sees it in the file (contract ETL-8)."""
    place = rows.get(message.table or "")
    if place is None or type(message.row) is not int or message.row < 0:
        return message
    return replace(message, row=place.number(message.row))


class ETLFactory(ABC):
    """Makes the pipelines for one kind of dataset. Subclass it and say how its files are read.

    Args:
        schemas: The schemas of the files, as classes or objects.
        logger: Where pipelines report progress.
    """

    def __init__(self, schemas: Iterable[Schema | type[Schema]], logger: Logger | None = None) -> None:
        self.schemas = list(schemas)
        self.logger = logger

    @abstractmethod
    def create_extraction_sequence(self, files: dict[str, File]) -> ExtractionSequence:
        """Return what reads the files.

        Args:
            files: The files by logical name. Take them by `files[name]`; one that is missing is reported by name.
        """

    def create_validation_sequence(self) -> ValidationSequence:
        """Return what checks the tables; nothing unless you override it."""
        return ValidationSequence(logger=self.logger)

    def create_transformation_sequence(self) -> TransformationSequence:
        """Return what changes the tables; nothing unless you override it."""
        return TransformationSequence([NoopTransformer()], self.logger)

    def create_loader(self) -> Loader:
        """Return what makes the data source: a `DataSource` unless you override it."""
        return DataSourceLoader(self.logger)

    def get_schema(self, file_name: str) -> Schema | type[Schema]:
        """Return the schema of a file.

        Args:
            file_name: The logical name of the file.

        Raises:
            ETLConstructionError: No schema describes it.
        """
        for schema in self.schemas:
            if schema.file_name() == file_name:
                return schema
        raise ETLConstructionError(f"No schema describes a file '{file_name}'.")

    def build_pipeline(
        self, dataset_name: str, files: Mapping[str, File] | Iterable[File], logger: Logger | None = None
    ) -> ETLPipeline:
        """Make the pipeline for some files.

        Args:
            dataset_name: The name of the dataset it will make.
            files: The files, by logical name or in any order.
            logger: Where to report progress, in place of the factory's own.

        Raises:
            ETLConstructionError: There is no file, two have one name, or one that is wanted is missing.
        """
        if logger is not None:
            self.logger = logger
        extraction = self.create_extraction_sequence(ExpectedFiles(files_by_name(files)))
        return ETLPipeline(
            dataset_name,
            extraction,
            self.create_validation_sequence(),
            self.create_transformation_sequence(),
            self.create_loader(),
            self.logger,
        )


class ExpectedFiles(dict[str, File]):
    """Files by logical name; asking for one that is missing says so in words."""

    def __missing__(self, name: str) -> File:
        given = ", ".join(f"'{file.file_name}'" for file in self.values()) or "none"
        raise ETLConstructionError(f"File '{name}' is missing; given: {given}.")


def files_by_name(files: Mapping[str, File] | Iterable[File]) -> dict[str, File]:
    """Return files by logical name.

    Raises:
        ETLConstructionError: There is none, or two have one name.
    """
    if isinstance(files, Mapping):
        named = dict(files)
    else:
        named = {}
        for file in files:
            if file.name in named:
                raise ETLConstructionError(
                    f"Files '{named[file.name].file_name}' and '{file.file_name}' both hold '{file.name}': "
                    "names must differ in more than the extension."
                )
            named[file.name] = file
    if not named:
        raise ETLConstructionError("No file was given.")
    return named


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
