"""Pipelines, and the factory that needs no code."""

from __future__ import annotations

import io
import json
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
    ExtractionError,
    ExtractionSequence,
    File,
    FileExtension,
    JSONFile,
    Loader,
    Schema,
    SchemaType,
    SimpleETLFactory,
    TransformationSequence,
    ValidationSequence,
    ValidationSeverity,
    XLSXFile,
)
from algomancy_utils.logger import Logger


class ItemSchema(Schema):
    """Items, in csv."""

    _FILENAME = "items"
    _EXTENSION = FileExtension.CSV

    ITEM = Column("item", DataType.STRING, primary_key=True)
    ZONE = Column("zone", DataType.STRING, foreign_key="zones.zone")
    WEIGHT = Column("weight", DataType.FLOAT, nullable=True)


class ZoneSchema(Schema):
    """Zones, in json."""

    _FILENAME = "zones"
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
    _EXTENSION = FileExtension.XLSX

    A = Column("a", DataType.INTEGER)


class PlanSchema(Schema):
    """Several tables, in json."""

    _FILENAME = "plan"
    _EXTENSION = FileExtension.JSON
    _SCHEMA_TYPE = SchemaType.MULTI

    STEPS = ColumnGroup("steps", [Column("n", DataType.INTEGER)])


def _workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "one"
    book.active.append(["a"])
    book.active.append([1])
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
    assert result.messages == []
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


def test_pipeline_of_bad_values_fails_with_all_messages() -> None:
    """Cells that cannot be converted and breaches of the schema make the run fail, told together, with no dataset."""
    result = _run([CSVFile("items", content="item;zone;weight\nx;z1;heavy\nx;z9;1\n"), ZONES])
    assert (result.status, result.is_success, result.datasource) == ("failed", False, None)
    assert [(message.code, message.row) for message in result.messages] == [
        ("conversion", 2),
        ("duplicate_key", 3),
        ("foreign_key", 3),
    ]
    assert not result.validation_result.is_valid


def test_pipeline_of_warnings_succeeds_with_messages() -> None:
    """Notes and warnings do not keep a dataset from being made, and go with it."""
    result = _run([CSVFile("zones", content="zone;new\nz1;1\n")], [type("Z", (ZoneSchema,), {"_EXTENSION": "csv"})])
    assert result.is_success
    assert [message.severity for message in result.messages] == [ValidationSeverity.INFO]
    assert result.datasource.validation_messages == result.messages


@pytest.mark.parametrize(
    ("files", "schemas", "fragment"),
    [
        ([ITEMS], [ItemSchema, ZoneSchema], r"File 'zones\.json' is missing; given: 'items\.csv'"),
        ([ITEMS, ZONES, CSVFile("more", content="a")], [ItemSchema, ZoneSchema],
         r"File 'more\.csv' is not expected; expected: 'items\.csv', 'zones\.json'"),
        ([], [ItemSchema], "No file was given"),
        ({}, [ItemSchema], "No file was given"),
        ([ITEMS, JSONFile("items", content="[]")], [ItemSchema], r"'items\.csv' and 'items\.json' both hold 'items'"),
        ([XLSXFile("items", content=b"")], [ItemSchema], r"File 'items\.xlsx' must have the extension csv"),
        ([CSVFile("plan", content="a")], [type("P", (PlanSchema,), {"_EXTENSION": "csv"})], "csv files hold one"),
    ],
    ids=["missing", "extra", "none", "none_by_name", "twins", "other_kind", "several_tables_in_csv"],
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

    def create_extraction_sequence(self, files: dict[str, File]) -> ExtractionSequence:
        """Read one file."""
        sequence = ExtractionSequence(logger=self.logger)
        sequence.add_extractor(CSVSingleExtractor(files["items"], self.get_schema("items"), self.logger, separator=","))
        sequence.add_extractors([DataFrameExtractor("extra", pd.DataFrame({"zone": ["a"], 1: [2]}), ZoneSchema)])
        return sequence

    def create_loader(self) -> Loader:
        """Use the loader above."""
        return UpperLoader(self.logger)


def test_cell_that_cannot_be_read_is_not_called_missing_too() -> None:
    """Each cell gets one message: it cannot be read, or it is missing."""
    cells = ["many", None, *["few"] * 20]
    result = _run([JSONFile("plan", content=json.dumps({"steps": [{"n": cell} for cell in cells]}))], [PlanSchema])
    assert not result.is_success
    found = [(each.row, each.code) for each in result.messages if each.row is not None]
    assert sorted(found)[:3] == [(1, "conversion"), (2, "missing_value"), (3, "conversion")]
    assert len({row for row, _ in found}) == len(found)
    assert [each.code for each in result.messages if each.row is None] == ["conversion"]


def test_factory_of_a_user_needs_only_what_differs() -> None:
    """A factory says how files are read and leaves the rest; what it overrides is used, the logger told of it."""
    logger = Logger()
    result = OwnFactory([ItemSchema]).build_pipeline("data", {"items": ITEMS}, logger).run()
    assert result.datasource.name == "DATA"
    assert result.datasource.list_tables() == ["items", "extra"]
    assert [each.message for each in logger.get_logs()][:2] == [
        "Table 'items': 2 rows extracted.",
        "Table 'extra': 1 rows extracted.",
    ]
    with pytest.raises(ETLConstructionError, match=r"File 'items' is missing; given: 'zones\.json'"):
        OwnFactory([ItemSchema]).build_pipeline("data", [ZONES])
    with pytest.raises(ETLConstructionError, match="No schema describes a file 'zones'"):
        OwnFactory([ItemSchema]).get_schema("zones")


def test_pipeline_does_not_change_the_frame_it_was_given() -> None:
    """A table handed in as it is gets copied on write, converted with a schema and taken as it is without."""
    frame = pd.DataFrame({"zone": [1, 2]})
    extractor = DataFrameExtractor("zones", frame, ZoneSchema)
    assert extractor.extract()["zones"]["zone"].tolist() == ["1", "2"]
    plain = DataFrameExtractor("zones", frame).extract()["zones"]
    plain.loc[0, "zone"] = 9
    assert frame["zone"].tolist() == [1, 2]


@pytest.mark.parametrize("schema", [ZoneSchema, None], ids=["with_schema", "without"])
def test_frame_with_equal_column_names_is_refused(schema: type[Schema] | None) -> None:
    """A data frame with two columns of one name is refused by table and column."""
    frame = pd.DataFrame([["a", "b"]], columns=["zone", "zone"])
    with pytest.raises(ValueError, match=r"Table 'zones' has more than one column named 'zone'\."):
        DataFrameExtractor("zones", frame, schema).extract()


def test_extraction_refuses_two_tables_of_one_name() -> None:
    """Two extractors that make a table of one name are refused by that name."""
    twin = DataFrameExtractor("zones", pd.DataFrame())
    with pytest.raises(ExtractionError, match="named 'zones'"):
        ExtractionSequence([twin, twin]).extract()


def test_pipeline_stops_before_transforming_what_failed() -> None:
    """Neither transformers nor the loader see data that did not pass."""

    class Explosive(TransformationSequence):
        def transform(self, data: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
            raise RuntimeError("reached")

    extraction = ExtractionSequence([CSVSingleExtractor(CSVFile("items", content="weight\nx\n"), ItemSchema)])
    pipeline = ETLPipeline("x", extraction, ValidationSequence(), Explosive(), DataSourceLoader())
    assert pipeline.run().status == "failed"
    good = ExtractionSequence([CSVSingleExtractor(CSVFile("items", content="weight\n1\n"), ItemSchema)])
    with pytest.raises(RuntimeError, match="reached"):
        ETLPipeline("x", good, ValidationSequence(), Explosive(), DataSourceLoader()).run()
