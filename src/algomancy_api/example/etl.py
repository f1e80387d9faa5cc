"""From the three sample files to one dataset."""

from __future__ import annotations

from typing import Any

from algomancy_api.example.schemas import SCHEMAS, ItemSchema, LocationSchema, PlanningSchema
from algomancy_data import (
    CSVSingleExtractor,
    DataSourceLoader,
    ETLFactory,
    ExtractionSuccessVerification,
    File,
    ForeignKeyValidator,
    JSONSingleExtractor,
    Loader,
    MissingValueValidator,
    NoopTransformer,
    PrimaryKeyValidator,
    RequiredColumnsValidator,
    ValidationSequence,
    ValidationSeverity,
    Validator,
    XLSXMultiExtractor,
)
from algomancy_data.extractor import ExtractionSequence
from algomancy_data.transformer import TransformationSequence


class SlottingETLFactory(ETLFactory):
    """Reads `items.csv`, `locations.json` and `planning.xlsx` into four tables, and checks that they fit together.

    Class methods, as Algomancy 0.10 calls them with schemas and a logger; the instances of 0.8 find them too.
    """

    @classmethod
    def create_extraction_sequence(
        cls,
        files: dict[str, File] | None = None,
        schemas: Any = None,  # noqa: ANN401, ARG003 - as Algomancy 0.10 hands them over
        logger: Any = None,  # noqa: ANN401
    ) -> ExtractionSequence:
        """Read each file with the extractor it needs.

        Args:
            files: The files by logical name.
            schemas: The configuration's.
            logger: What is told of each file.
        """
        files = files or {}
        extractors = [
            CSVSingleExtractor(files["items"], ItemSchema(), logger, separator=";"),
            JSONSingleExtractor(files["locations"], LocationSchema(), logger),
            XLSXMultiExtractor(files["planning"], PlanningSchema(), logger),
        ]
        return ExtractionSequence(extractors, logger)

    @classmethod
    def create_validation_sequence(cls, schemas: Any = None, logger: Any = None) -> ValidationSequence:  # noqa: ANN401, ARG003
        """Check that every column and value is there, that ids are unique, and that what is referred to exists.

        Args:
            schemas: The configuration's.
            logger: What is told of each check.
        """
        validators: list[Validator] = [
            ExtractionSuccessVerification(),
            RequiredColumnsValidator(SCHEMAS),
            PrimaryKeyValidator(SCHEMAS),
        ]
        for schema in SCHEMAS:
            name = schema.file_name()
            groups = {name: schema.columns()} if schema.is_single() else schema.column_groups()
            for group, columns in groups.items():
                table = name if schema.is_single() else f"{name}.{group}"
                needed = [each.name for each in columns.values() if not each.nullable and not each.primary_key]
                validators.append(MissingValueValidator(table, needed))
                validators += [
                    ForeignKeyValidator(table, each.name, *each.foreign_key)
                    for each in columns.values()
                    if each.foreign_key is not None
                ]
        return ValidationSequence(validators, logger, halt_on=ValidationSeverity.ERROR)

    @classmethod
    def create_transformation_sequence(cls, schemas: Any = None, logger: Any = None) -> TransformationSequence:  # noqa: ANN401, ARG003
        """Leave the tables as they are.

        Args:
            schemas: The configuration's.
            logger: What is told of each change.
        """
        return TransformationSequence([NoopTransformer(logger)], logger)

    @classmethod
    def create_loader(cls, logger: Any = None) -> Loader:  # noqa: ANN401
        """Make a `DataSource` of the tables.

        Args:
            logger: What is told of it.
        """
        return DataSourceLoader(logger)
