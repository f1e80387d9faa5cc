"""The three sample files, one of each extension and one with two tables, and how they become one dataset."""

from __future__ import annotations

from typing import Any

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
from algomancy_data.schema import Column, ColumnGroup, DataType, FileExtension, Schema, SchemaType
from algomancy_data.transformer import TransformationSequence


class ItemSchema(Schema):
    """`items.csv`: what is stored."""

    _FILENAME = "items"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE

    ITEM = Column("item_id", DataType.STRING, primary_key=True)
    DESCRIPTION = Column("description", DataType.STRING)
    CATEGORY = Column("category", DataType.STRING)
    WEIGHT = Column("weight_kg", DataType.FLOAT, description="Items from 15 kg on are kept on the ground level.")
    FRAGILE = Column("fragile", DataType.BOOLEAN)
    INTRODUCED = Column("introduced_on", DataType.DATETIME)
    SUPPLIER = Column("supplier", DataType.STRING, nullable=True)
    MAX_STACK = Column("max_stack", DataType.INTEGER, nullable=True, description="How many may stand on each other.")


class LocationSchema(Schema):
    """`locations.json`: where things can be stored."""

    _FILENAME = "locations"
    _EXTENSION = FileExtension.JSON
    _SCHEMA_TYPE = SchemaType.SINGLE

    LOCATION = Column("location_id", DataType.STRING, primary_key=True)
    ZONE = Column("zone", DataType.STRING)
    LEVEL = Column("level", DataType.INTEGER, description="1 is the ground.")
    CAPACITY = Column("capacity", DataType.INTEGER, description="How many items fit.")
    X = Column("position.x", DataType.FLOAT, description="Metres from the depot, across the aisles.")
    Y = Column("position.y", DataType.FLOAT, description="Metres from the depot, along the aisle.")


class PlanningSchema(Schema):
    """`planning.xlsx`: what is ordered, and where each item is now."""

    _FILENAME = "planning"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.MULTI

    ORDERS = ColumnGroup(
        "orders",
        [
            Column("line", DataType.INTEGER, primary_key=True),
            Column("order_id", DataType.STRING),
            Column("item_id", DataType.STRING, foreign_key=("items", "item_id")),
            Column("quantity", DataType.INTEGER),
            Column("ordered_at", DataType.DATETIME),
        ],
    )
    LAYOUT = ColumnGroup(
        "layout",
        [
            Column("item_id", DataType.STRING, primary_key=True, foreign_key=("items", "item_id")),
            Column("location_id", DataType.STRING, foreign_key=("locations", "location_id")),
        ],
    )


SCHEMAS = [ItemSchema(), LocationSchema(), PlanningSchema()]
"""The schemas of a warehouse dataset."""


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
