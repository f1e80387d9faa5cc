"""ETL: from raw files to a data source, by extraction, validation, transformation and loading."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from algomancy_data.datasource import BaseDataSource, DataClassification
from algomancy_data.extractor import CSVSingleExtractor, ExtractionSequence, Extractor
from algomancy_data.file import File
from algomancy_data.loader import DataSourceLoader, Loader
from algomancy_data.registry import get_extractor_class
from algomancy_data.schema import Schema, SchemaType
from algomancy_data.transformer import NoopTransformer, TransformationSequence, Transformer
from algomancy_data.validation import (
    ValidationMessage,
    ValidationResult,
    ValidationSequence,
    ValidationSeverity,
    broken_off,
    has_errors,
    log_message,
)
from algomancy_data.validator import PrimaryKeyValidator, RequiredColumnsValidator, SchemaValidator

if TYPE_CHECKING:
    from algomancy_utils.logger import Logger


class ETLConstructionError(ValueError):
    """A pipeline cannot be made of the files given; the message names the file.

    Args:
        message: What is wrong, in words.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass
class ETLResult:
    """What a pipeline came to.

    Attributes:
        status: `"success"`, or `"failed"` when the data is not used.
        datasource: What was loaded; None when failed.
        validation_result: Everything extraction, validation and transformation had to say.
        raised: An exception that kept the pipeline from ending.
    """

    status: Literal["success", "failed"]
    datasource: BaseDataSource | None = None
    validation_result: ValidationResult | None = None
    raised: Exception | None = None

    @property
    def is_success(self) -> bool:
        """Whether there is a data source."""
        return self.status == "success"

    @property
    def is_failure(self) -> bool:
        """Whether the data is not used."""
        return self.status == "failed"

    @property
    def messages(self) -> list[ValidationMessage]:
        """Everything extraction, validation and transformation had to say."""
        return [] if self.validation_result is None else self.validation_result.messages


class ETLPipeline:
    """Extracts, validates, transforms and loads, once.

    Args:
        destination_name: The name of the dataset.
        extraction_sequence: Reads the files.
        validation_sequence: Checks the tables.
        transformation_sequence: Changes the tables.
        loader: Makes the data source.
        logger: Where to report progress.

    Attributes:
        refuses_unreadable: Whether a cell that cannot be converted makes the pipeline fail. Otherwise its column keeps
            the text of the file, and the message about it counts like those of the validators.
    """

    def __init__(
        self,
        destination_name: str,
        extraction_sequence: ExtractionSequence,
        validation_sequence: ValidationSequence,
        transformation_sequence: TransformationSequence,
        loader: Loader,
        logger: Logger | None = None,
    ) -> None:
        self.destination_name = destination_name
        self.extraction_sequence = extraction_sequence
        self.validation_sequence = validation_sequence
        self.transformation_sequence = transformation_sequence
        self.loader = loader
        self.logger = logger
        self.refuses_unreadable = False

    def run(self) -> ETLResult:
        """Run the pipeline.

        Nothing is transformed when validation finds the data invalid, and nothing is loaded when a transformer says
        that it is.

        Raises:
            ExtractionError: A file cannot be read at all.
            Exception: Whatever steps of the user's raise.
        """
        data = self.extraction_sequence.run_extraction()
        rows = self.extraction_sequence.file_rows
        extracted = [message.in_file(rows) for message in self.extraction_sequence.messages]
        self.validation_sequence.file_rows = rows
        for message in extracted:
            log_message(self.logger, message)
        try:
            found = self.validation_sequence.run_validation(data)
        except Exception:
            if not has_errors(extracted):
                raise
            sequence = self.validation_sequence
            found = ValidationResult.of([*sequence.messages, broken_off()], sequence.halt_on)
        result = ValidationResult.of([*(each.in_file(rows) for each in found.messages), *extracted], found.halt_on)
        if self.refuses_unreadable and any(each.severity is ValidationSeverity.ERROR for each in extracted):
            result.is_valid = False
        if not result.is_valid:
            return self._refused(result)
        data = self.transformation_sequence.run_transformation(data)
        changed = self.transformation_sequence.collect_messages()
        result = ValidationResult.of([*result.messages, *changed], found.halt_on)
        if not result.is_valid:
            return self._refused(result)
        source = self.loader.load(self.destination_name, data, result.messages, DataClassification.MASTER_DATA)
        return ETLResult("success", source, result)

    def _refused(self, result: ValidationResult) -> ETLResult:
        if self.logger is not None:
            self.logger.error(f"Dataset '{self.destination_name}' does not pass validation.")
        return ETLResult("failed", None, result)


class ETLFactory:
    """Makes the pipelines for one kind of dataset. Subclass it and override the steps that are your own.

    The methods named `create_…` may be instance methods or class methods. They are given what their parameters ask for
    by name: `files`, `schemas` (a dict by file name) and `logger`.

    Args:
        schemas: The schemas of the files, as classes or objects.
        logger: Where pipelines report progress.
    """

    def __init__(self, schemas: Iterable[Schema | type[Schema]], logger: Logger | None = None) -> None:
        self.schemas = list(schemas)
        self.logger = logger

    @property
    def schemas_dct(self) -> dict[str, Schema | type[Schema]]:
        """The schemas by the name of their file."""
        return {schema.file_name(): schema for schema in self.schemas}

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
        raise self._unexpected(file_name)

    def create_extraction_sequence(self, files: dict[str, File] | None = None) -> ExtractionSequence:
        """Return what reads the files: for each schema the extractor registered for its kind of file.

        Csv files may be separated by semicolons, commas, tabs or bars; of a workbook with one table the first sheet is
        read.

        Args:
            files: The files by logical name. Take them by `files[name]`; one that is missing is reported by name.
                Without files the sequence is empty.

        Raises:
            ETLConstructionError: A file is missing, no schema describes one, or there is no extractor for one.
        """
        for name, file in (files or {}).items():
            if name not in self.schemas_dct:
                raise self._unexpected(file.file_name)
        if files is None:
            return ExtractionSequence([], self.logger)
        wanted = ExpectedFiles(files, self.schemas)
        return ExtractionSequence(
            [self._extractor(wanted[each.file_name()], each) for each in self.schemas], self.logger
        )

    def create_validation_sequence(self) -> ValidationSequence:
        """Return what checks the tables: required columns, types and primary keys, unless you override it."""
        validators = [
            RequiredColumnsValidator(self.schemas),
            SchemaValidator(self.schemas),
            PrimaryKeyValidator(self.schemas),
        ]
        return ValidationSequence(validators, self.logger)

    def create_transformation_sequence(self) -> TransformationSequence:
        """Return what changes the tables; nothing unless you override it."""
        return TransformationSequence([NoopTransformer(self.logger)], self.logger)

    def create_loader(self) -> Loader:
        """Return what makes the data source: a `DataSource` unless you override it."""
        return DataSourceLoader(self.logger)

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
        offered = {"schemas": self.schemas_dct, "logger": self.logger}
        expected = ExpectedFiles(files_by_name(files), self.schemas)
        return ETLPipeline(
            dataset_name,
            _call(self.create_extraction_sequence, {"files": expected, **offered}),
            _call(self.create_validation_sequence, offered),
            _call(self.create_transformation_sequence, offered),
            _call(self.create_loader, offered),
            self.logger,
        )

    def _unexpected(self, name: str) -> ETLConstructionError:
        wanted = ", ".join(f"'{schema.file_name_with_extension()}'" for schema in self.schemas) or "none"
        return ETLConstructionError(f"File '{name}' is not expected; expected: {wanted}.")

    def _extractor(self, file: File, schema: Schema | type[Schema]) -> Extractor:
        cls = get_extractor_class(schema.extension(), schema.schema_type())
        if cls is None:
            tables = "several tables" if schema.schema_type() is SchemaType.MULTI else "one table"
            raise ETLConstructionError(f"There is no extractor for '{file.file_name}', a file that holds {tables}.")
        if file.extension is not schema.extension():
            raise ETLConstructionError(f"{file.subject} must have the extension {schema.extension()}.")
        # A csv file of which nobody said how it is separated is looked at.
        more: dict[str, Any] = {"separator": None} if cls is CSVSingleExtractor else {}
        return cast("Callable[..., Extractor]", cls)(file, schema, logger=self.logger, **more)


class SimpleETLFactory(ETLFactory):
    """Reads one file for each schema, checks what `ETLFactory` checks, and refuses cells that cannot be converted.

    Args:
        schemas: The schemas of the files, as classes or objects.
        transformers: What changes the tables, in order; nothing when left out.
        loader: What makes the data source; a `DataSource` when left out.
        logger: Where pipelines report progress.
    """

    def __init__(
        self,
        schemas: Iterable[Schema | type[Schema]],
        transformers: list[Transformer] | None = None,
        loader: Loader | None = None,
        logger: Logger | None = None,
    ) -> None:
        super().__init__(schemas, logger)
        self._transformers = transformers
        self._loader = loader

    def create_transformation_sequence(self) -> TransformationSequence:
        """Return a sequence of the transformers given."""
        if self._transformers is None:
            return super().create_transformation_sequence()
        return TransformationSequence(self._transformers, self.logger)

    def create_loader(self) -> Loader:
        """Return the loader given."""
        return self._loader or super().create_loader()

    def build_pipeline(
        self, dataset_name: str, files: Mapping[str, File] | Iterable[File], logger: Logger | None = None
    ) -> ETLPipeline:
        """Make the pipeline for some files; see `ETLFactory.build_pipeline`."""
        pipeline = super().build_pipeline(dataset_name, files, logger)
        pipeline.refuses_unreadable = True
        return pipeline


class ExpectedFiles(dict[str, File]):
    """Files by logical name; asking for one that is missing says so in words, of all that are missing at once.

    Args:
        files: The files.
        schemas: What is expected.
    """

    def __init__(self, files: Mapping[str, File], schemas: Iterable[Schema | type[Schema]] = ()) -> None:
        super().__init__(files)
        self._wanted = {schema.file_name(): schema.file_name_with_extension() for schema in schemas}

    def __missing__(self, name: str) -> File:
        given = ", ".join(f"'{file.file_name}'" for file in self.values()) or "none"
        wanted = {name: name, **self._wanted}
        missing = [f"'{file}'" for stem, file in wanted.items() if stem not in self]
        told = f"File {missing[0]} is missing" if len(missing) == 1 else f"Files {', '.join(missing)} are missing"
        raise ETLConstructionError(f"{told}; given: {given}.")


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


def _call(step: Callable[..., Any], offered: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what the step returns
    """Call a step of a factory with what its parameters ask for by name; files come first, whatever their name."""
    parameters = inspect.signature(step).parameters
    given = {name: value for name, value in offered.items() if name in parameters}
    if "files" in offered and "files" not in given:
        return step(offered["files"], **given)
    return step(**given)
