"""Pipelines, and the factory that needs no code."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from algomancy_data import (
    Column,
    ColumnGroup,
    CSVFile,
    CSVSingleExtractor,
    DataClassification,
    DataFrameExtractor,
    DataSource,
    DataSourceLoader,
    DataType,
    ETLConstructionError,
    ETLFactory,
    ETLPipeline,
    ETLResult,
    ExtractionError,
    ExtractionSequence,
    File,
    FileExtension,
    JSONFile,
    Loader,
    PrimaryKeyValidator,
    Schema,
    SchemaType,
    SimpleETLFactory,
    TransformationSequence,
    Transformer,
    ValidationMessage,
    ValidationSequence,
    ValidationSeverity,
    Validator,
    XLSXFile,
)
from algomancy_utils.logger import Logger


class ItemSchema(Schema):
    """Items, in csv."""

    _FILENAME = "items"
    _SCHEMA_TYPE = SchemaType.SINGLE
    _EXTENSION = FileExtension.CSV

    ITEM = Column("item", DataType.STRING, primary_key=True)
    ZONE = Column("zone", DataType.STRING, foreign_key=("zones", "zone"))
    WEIGHT = Column("weight", DataType.FLOAT, nullable=True)


class ZoneSchema(Schema):
    """Zones, in json."""

    _FILENAME = "zones"
    _SCHEMA_TYPE = SchemaType.SINGLE
    _EXTENSION = FileExtension.JSON

    ZONE = Column("zone", DataType.STRING, primary_key=True)


class BookSchema(Schema):
    """Two sheets, in xlsx."""

    _FILENAME = "book"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.MULTI

    ONE = ColumnGroup("one", [Column("a", DataType.INTEGER)])


class SheetSchema(Schema):
    """One sheet, in xlsx."""

    _FILENAME = "sheet"
    _SCHEMA_TYPE = SchemaType.SINGLE
    _EXTENSION = FileExtension.XLSX

    A = Column("a", DataType.INTEGER)


class PlanSchema(Schema):
    """Several tables, in json."""

    _FILENAME = "plan"
    _EXTENSION = FileExtension.JSON
    _SCHEMA_TYPE = SchemaType.MULTI

    STEPS = ColumnGroup("steps", [Column("n", DataType.INTEGER)])


def source_of(result: ETLResult) -> DataSource:
    """The dataset that a run made."""
    assert isinstance(result.datasource, DataSource)
    return result.datasource


def _workbook() -> bytes:
    book = openpyxl.Workbook()
    book.worksheets[0].title = "one"
    book.worksheets[0].append(["a"])
    book.worksheets[0].append([1])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


ITEMS = CSVFile("items", content="item,zone,weight\nx,z1,1.5\ny,z2,\n")
ZONES = JSONFile("zones", content='[{"zone": "z1"}, {"zone": "z2"}]')


def _run(files: Any, schemas: Iterable[Any] = (ItemSchema, ZoneSchema())) -> Any:
    return SimpleETLFactory(list(schemas)).build_pipeline("Master data", files).run()


def test_simple_factory_makes_a_dataset_of_every_kind_of_file() -> None:
    """Files of each kind become tables of one dataset, with nothing but schemas, classes or objects."""
    files = [
        ITEMS, ZONES, XLSXFile("book", content=_workbook()), XLSXFile("sheet", content=_workbook()),
        JSONFile("plan", content='{"steps": [{"n": 1}]}'),
    ]  # fmt: skip
    result = _run(files, [ItemSchema, ZoneSchema(), BookSchema, SheetSchema(), PlanSchema])
    assert result.is_success
    assert result.status == "success"
    assert {message.severity for message in result.messages} == {ValidationSeverity.INFO}
    assert not result.is_failure
    source = result.datasource
    assert type(source) is DataSource
    assert (source.name, source.ds_type) == ("Master data", DataClassification.MASTER_DATA)
    assert source.list_tables() == ["items", "zones", "book.one", "sheet", "plan.steps"]
    assert source.tables["items"].to_dict("list")["item"] == ["x", "y"]
    assert DataSource.from_json(source.to_json()).to_json() == source.to_json()


@pytest.mark.parametrize(
    "files",
    [[ITEMS, ZONES], (file for file in (ZONES, ITEMS)), {"items": ITEMS, "zones": ZONES}],
    ids=["list", "generator", "mapping"],
)
def test_pipeline_takes_files_in_any_form(files: Any) -> None:
    """Files come as a list, as any other iterable, or by name."""
    assert _run(files).is_success


def test_pipeline_reads_files_from_disk(tmp_path: Path) -> None:
    """Files on disk, whatever they are called there, are read like those in memory."""
    (tmp_path / "0").write_bytes(ITEMS.read_bytes())
    (tmp_path / "1").write_bytes(ZONES.read_bytes())
    result = _run([CSVFile("items", path=tmp_path / "0"), File("zones", "JSON", path=str(tmp_path / "1"))])
    assert result.is_success


def test_simple_factory_refuses_cells_that_cannot_be_converted() -> None:
    """Cells that cannot be converted make the run fail, told with all that validation found, with no dataset."""
    result = _run([CSVFile("items", content="item,zone,weight\nx,z1,heavy\nx,z9,1\n"), ZONES])
    assert (result.status, result.is_success, result.is_failure, result.datasource) == ("failed", False, True, None)
    grave = [(message.code, message.row) for message in result.validation_result.messages_at_least("ERROR")]
    assert grave == [("PK_DUPLICATE", 2), ("PK_DUPLICATE", 3), ("CONVERSION_FAILED", 2)]
    assert not result.validation_result.is_valid


def test_pipeline_keeps_what_extraction_found_before_a_validator_raised() -> None:
    """A validator that trips over a cell that could not be converted does not hide the message about the cell."""

    class Doubling(Validator):
        def validate(self, data: dict[str, pd.DataFrame]) -> list[ValidationMessage]:
            data["zones"]["n"] / 2
            return self.messages

    class Own(ETLFactory):
        def create_validation_sequence(self) -> ValidationSequence:
            return ValidationSequence([Doubling()])

    schema = type("Z", (ZoneSchema,), {"ZONE": Column("zone", DataType.STRING), "N": Column("n", DataType.INTEGER)})
    result = Own([schema]).build_pipeline("x", [JSONFile("zones", content='[{"zone": "z1", "n": "many"}]')]).run()
    assert (result.is_success, {message.code for message in result.messages}) == (
        False,
        {"CONVERSION_FAILED", "VALIDATION_BROKEN_OFF"},
    )
    with pytest.raises(KeyError):
        Own([ZoneSchema]).build_pipeline("x", [ZONES]).run()


def test_factory_of_a_user_decides_which_errors_count() -> None:
    """A column that cannot be converted keeps its text; whether that matters is what `halt_on` says."""

    class Lenient(ETLFactory):
        pass

    class Strict(ETLFactory):
        def create_validation_sequence(self) -> ValidationSequence:
            return ValidationSequence(halt_on=ValidationSeverity.ERROR)

    files = [JSONFile("zones", content='[{"zone": "z1", "n": 1}, {"zone": "z2", "n": "many"}]')]
    schema = type("Z", (ZoneSchema,), {"ZONE": Column("zone", DataType.STRING), "N": Column("n", DataType.INTEGER)})
    result = Lenient([schema]).build_pipeline("x", files).run()
    assert result.is_success
    assert source_of(result).get_table("zones")["n"].tolist() == [1, "many"]
    assert [(message.code, message.row) for message in result.messages] == [
        ("DTYPE_MISMATCH", None),
        ("CONVERSION_FAILED", 2),
    ]
    assert Strict([schema]).build_pipeline("x", files).run().is_failure


def test_pipeline_of_errors_below_the_limit_succeeds_with_messages() -> None:
    """What validation found goes with the dataset when it is not grave enough to keep it from being made."""
    result = _run([JSONFile("zones", content='[{"zone": "z1", "new": 1}]')], [ZoneSchema])
    assert result.is_success
    assert [(message.severity, message.code) for message in result.messages] == [
        (ValidationSeverity.ERROR, "UNEXPECTED_COLUMN")
    ]
    assert result.datasource.validation_messages == result.messages


@pytest.mark.parametrize(
    ("files", "schemas", "fragment"),
    [
        ([ITEMS], [ItemSchema, ZoneSchema], r"File 'zones\.json' is missing; given: 'items\.csv'"),
        ([CSVFile("items", content="a")], [ItemSchema, ZoneSchema, BookSchema],
         r"Files 'zones\.json', 'book\.xlsx' are missing; given: 'items\.csv'"),
        ([ITEMS, ZONES, CSVFile("more", content="a")], [ItemSchema, ZoneSchema],
         r"File 'more\.csv' is not expected; expected: 'items\.csv', 'zones\.json'"),
        ([], [ItemSchema], "No file was given"),
        ({}, [ItemSchema], "No file was given"),
        ([ITEMS, JSONFile("items", content="[]")], [ItemSchema], r"'items\.csv' and 'items\.json' both hold 'items'"),
        ([XLSXFile("items", content=b"")], [ItemSchema], r"File 'items\.xlsx' must have the extension csv"),
        ([CSVFile("plan", content="a")],
         [type("P", (PlanSchema,), {"_EXTENSION": "csv", "G": ColumnGroup("g", [Column("n", DataType.INTEGER)])})],
         r"no extractor for 'plan\.csv', a file that holds several tables"),
    ],
    ids=["missing", "all missing", "extra", "none", "none_by_name", "twins", "other_kind", "several_tables_in_csv"],
)  # fmt: skip
def test_pipeline_of_the_wrong_files_is_refused_by_name(files: Any, schemas: list[Any], fragment: str) -> None:
    """A file that is missing, not expected, of another kind or there twice is named before anything is read."""
    with pytest.raises(ValueError, match=fragment):
        SimpleETLFactory(schemas).build_pipeline("x", files)


def test_pipeline_of_unreadable_content_is_refused_by_name() -> None:
    """Content that cannot be read at all is an exception, not a message."""
    with pytest.raises(ExtractionError, match=r"File 'items\.csv' is not UTF-8"):
        _run([CSVFile("items", content=b"\xff"), ZONES])


class UpperLoader(Loader):
    """A user's loader."""

    def load(self, name: str, data: Any, validation_messages: Any, ds_type: Any = "dummy_data") -> DataSource:
        """Load under another name."""
        return DataSourceLoader(self.logger).load(name.upper(), data, validation_messages, ds_type)


class OwnFactory(ETLFactory):
    """A user's factory, which builds its extractors itself."""

    def create_extraction_sequence(self, files: dict[str, File]) -> ExtractionSequence:  # type: ignore[override]
        """Read one file."""
        sequence = ExtractionSequence(logger=self.logger)
        sequence.add_extractor(CSVSingleExtractor(files["items"], self.get_schema("items"), self.logger, separator=","))
        sequence.add_extractors([DataFrameExtractor("extra", pd.DataFrame({"zone": ["a"], 1: [2]}), ZoneSchema)])
        return sequence

    def create_loader(self) -> Loader:
        """Use the loader above."""
        return UpperLoader(self.logger)


def test_factory_of_a_user_needs_only_what_differs() -> None:
    """A factory says how files are read and leaves the rest; what it overrides is used, the logger told of it."""
    logger = Logger()
    result = OwnFactory([ItemSchema]).build_pipeline("data", {"items": ITEMS}, logger).run()
    assert source_of(result).name == "DATA"
    assert source_of(result).list_tables() == ["items", "extra"]
    assert [each.message for each in logger.get_logs()][:2] == [
        "Extracting from items",
        "Extraction of items successful",
    ]
    with pytest.raises(ETLConstructionError, match=r"File 'items\.csv' is missing; given: 'zones\.json'"):
        OwnFactory([ItemSchema]).build_pipeline("data", [ZONES])
    with pytest.raises(ETLConstructionError, match=r"File 'zones' is not expected; expected: 'items\.csv'"):
        OwnFactory([ItemSchema]).get_schema("zones")


def test_log_counts_rows_as_the_file_does() -> None:
    """What extraction and validation report tells table, column and row, the heading being row 1."""
    logger = Logger()
    items = CSVFile("items", content="item,weight\n\n1,2\n1,x\n")
    ETLFactory([ItemSchema]).build_pipeline("data", [items], logger).run()
    logged = [each.message for each in logger.get_logs() if "row=" in each.message]
    assert [(line.split(" ")[0], line.partition("[")[2]) for line in logged] == [
        ("'x'", "table=items, column=weight, row=4]"),
        ("'1'", "table=items, column=item, row=3]"),
        ("'1'", "table=items, column=item, row=4]"),
    ]


class OwnParts(ETLFactory):
    """A factory in the style of later versions, whose steps are class methods that are given what they ask for."""

    @classmethod
    def create_extraction_sequence(cls, files: Any, schemas: Any, logger: Any = None) -> ExtractionSequence:  # type: ignore[override]
        """Read the one file."""
        return ExtractionSequence([CSVSingleExtractor(files["items"], schemas["items"], logger, separator=",")])

    @classmethod
    def create_validation_sequence(cls, schemas: Any, logger: Any = None) -> ValidationSequence:  # type: ignore[override]
        """Check the key."""
        return ValidationSequence([PrimaryKeyValidator(schemas.values())], logger)

    @classmethod
    def create_transformation_sequence(cls) -> TransformationSequence:
        """Change nothing."""
        return TransformationSequence()

    @classmethod
    def create_loader(cls, logger: Any = None) -> Loader:
        """Use the loader above."""
        return UpperLoader(logger)


def test_factory_may_have_class_methods() -> None:
    """The steps of a factory get what their parameters ask for, be they class methods or not."""
    result = OwnParts([ItemSchema]).build_pipeline("data", {"items": ITEMS}).run()
    assert (source_of(result).name, source_of(result).list_tables()) == ("DATA", ["items"])

    class Unusual(ETLFactory):
        def create_extraction_sequence(self, given: Any) -> ExtractionSequence:  # type: ignore[override]
            return ExtractionSequence([CSVSingleExtractor(given["items"], self.schemas_dct["items"], separator=",")])

    assert Unusual([ItemSchema]).build_pipeline("data", {"items": ITEMS}).run().is_success


def test_simple_factory_takes_transformers_and_a_loader() -> None:
    """Transformers run in order, the loader makes the data source; messages of transformers count."""

    class Dropping(Transformer):
        severity = ValidationSeverity.WARNING

        def transform(self, data: dict[str, pd.DataFrame]) -> None:
            data["items"] = data["items"].iloc[:1]
            self.messages.append(ValidationMessage(self.severity, "dropped", "items", code="DROPPED"))

    dropping = Dropping()
    factory = SimpleETLFactory([ItemSchema], transformers=[dropping], loader=UpperLoader(None))
    result = factory.build_pipeline("data", {"items": ITEMS}).run()
    assert (source_of(result).name, len(source_of(result).get_table("items"))) == ("DATA", 1)
    assert result.messages[-1].code == "DROPPED"
    dropping.severity = ValidationSeverity.CRITICAL
    failed = factory.build_pipeline("data", {"items": ITEMS}).run()
    assert (failed.is_failure, failed.datasource) == (True, None)


def test_result_has_messages_only_when_there_was_validation() -> None:
    """A result may be made with nothing but its status."""
    assert ETLResult("failed").messages == []
    assert ETLResult("success", raised=ValueError("x")).is_success
    assert str(ETLConstructionError("no file")) == "no file"


def test_pipeline_stops_before_transforming_what_failed() -> None:
    """Neither transformers nor the loader see data that did not pass."""

    class Explosive(TransformationSequence):
        def run_transformation(self, data: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
            raise RuntimeError("reached")

    def pipeline(cell: str) -> ETLPipeline:
        extraction = ExtractionSequence([CSVSingleExtractor(CSVFile("items", content=f"weight\n{cell}\n"), ItemSchema)])
        checks = ValidationSequence(halt_on=ValidationSeverity.ERROR)
        return ETLPipeline("x", extraction, checks, Explosive(), DataSourceLoader(None), None)

    assert pipeline("x").run().is_failure
    with pytest.raises(RuntimeError, match="reached"):
        pipeline("1").run()
