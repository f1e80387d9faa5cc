"""Extractors convert what they read, users' own ones too, and say which columns they could not convert."""

from __future__ import annotations

from typing import Any

import openpyxl
import pandas as pd
import pytest

from algomancy_data import (
    Column,
    ColumnGroup,
    CSVFile,
    CSVSingleExtractor,
    DataFrameExtractor,
    DataType,
    ExtractionError,
    ExtractionSequence,
    Extractor,
    FileExtension,
    JSONMultiExtractor,
    JSONSingleExtractor,
    MultiExtractor,
    Schema,
    SchemaType,
    SingleExtractor,
    XLSXFile,
    XLSXMultiExtractor,
    XLSXSingleExtractor,
    get_extractor_class,
    register_extractor,
    registered_keys,
)
from algomancy_data.extractor import ConversionIssue, DataTypeConverter
from algomancy_data.registry import _classes


class ItemSchema(Schema):
    """One table."""

    _FILENAME = "items"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE
    ID = Column("id", DataType.STRING)
    COUNT = Column("count", DataType.INTEGER)


class BookSchema(Schema):
    """Two tables."""

    _FILENAME = "book"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.MULTI
    ONE = ColumnGroup("one", [Column("a", DataType.INTEGER)])
    TWO = ColumnGroup("two", [Column("b", DataType.STRING)])


def test_user_of_the_single_extractor_gets_conversion() -> None:
    """A subclass gives the table as it is; its columns are converted, those the schema does not know are left alone."""

    class Own(SingleExtractor):
        def _extract_file(self) -> pd.DataFrame:
            return pd.DataFrame({"id": [1, 2], "count": ["3", None], "more": ["007", "8"]}, index=[5, 6])

    frame = Own(CSVFile("items", content=""), ItemSchema).extract()["items"]
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "id": "string",
        "count": "Int64",
        "more": "str",
    }
    assert (frame["id"].tolist(), frame["more"].tolist(), frame.index.tolist()) == (["1", "2"], ["007", "8"], [5, 6])


def test_user_may_change_what_ours_read_before_it_is_converted() -> None:
    """An extractor that renames columns of ours has them converted by their new names."""

    class Renaming(CSVSingleExtractor):
        def _extract_file(self) -> pd.DataFrame:
            return super()._extract_file().rename(columns={"number": "count"})

    frame = Renaming(CSVFile("items", content="id;number\na;1,0\n"), ItemSchema).extract()["items"]
    assert frame["count"].tolist() == [1]


def test_user_of_the_multi_extractor_names_tables_by_key() -> None:
    """Tables have the names that the extractor gives for column groups; others are refused."""

    class Own(MultiExtractor):
        names: Any = ()

        def _extract_files(self) -> dict[str, pd.DataFrame]:
            return {name: pd.DataFrame({"a": ["1"]}) for name in self.names}

    extractor = Own(files=XLSXFile("book", content=b""), schema=BookSchema)
    assert (extractor.get_extraction_key("one"), extractor.get_schema_name("book.one")) == ("book.one", "one")
    assert extractor._get_schema_types("one") == {"a": DataType.INTEGER}
    extractor.names = ["book.one"]
    assert extractor.extract()["book.one"]["a"].tolist() == [1]
    extractor.names = ["one"]
    with pytest.raises(AssertionError, match="not one"):
        extractor.extract()


def test_sequence_gathers_tables_and_issues() -> None:
    """The tables of all extractors, and the columns that could not be converted, which keep what they held."""
    bad = DataFrameExtractor("items", pd.DataFrame({"id": ["a", "b"], "count": ["x", "2"]}), ItemSchema)

    class Bare(Extractor):
        def __init__(self) -> None:
            pass

        def extract(self) -> dict[str, pd.DataFrame]:
            return {"bare": pd.DataFrame({"a": [1]})}

    sequence = ExtractionSequence([bad])
    sequence.add_extractor(Bare())
    assert not sequence.completed
    assert list(sequence.data) == ["items", "bare"]
    assert sequence.completed
    assert sequence.data["items"]["count"].tolist() == ["x", "2"]
    assert sequence.conversion_issues == [
        ConversionIssue("items", "count", DataType.INTEGER, "'x' is not a whole number.")
    ]
    sequence.add_extractors([Bare()])
    with pytest.raises(ExtractionError, match="named 'bare'"):
        sequence.run_extraction()


def test_converter_leaves_its_table_alone() -> None:
    """A table is converted as a copy, by the columns that are there; what cannot be is told and stays."""
    frame = pd.DataFrame({"a": ["1", "x"], "b": [1, 2]}, index=[3, 4])
    issues: list[ConversionIssue] = []
    wanted = {"b": DataType.STRING, "a": DataType.INTEGER, "z": DataType.FLOAT}
    converted = DataTypeConverter.convert_dtypes(frame, wanted, issues, "t")
    assert converted.to_dict("list") == {"a": ["1", "x"], "b": ["1", "2"]}
    assert (list(converted), converted.index.tolist()) == (["a", "b"], [3, 4])
    assert [(each.table, each.column, each.target_type) for each in issues] == [("t", "a", DataType.INTEGER)]
    assert frame["b"].tolist() == [1, 2]
    assert DataTypeConverter.convert_dtypes(frame, {})["b"].tolist() == [1, 2]


def test_frame_is_not_changed_by_who_extracts_it() -> None:
    """A table that is in memory is copied when it is written to."""
    frame = pd.DataFrame({"id": [1, 2]})
    extracted = DataFrameExtractor("items", frame, ItemSchema).extract()["items"]
    extracted.loc[0, "id"] = "9"
    assert frame["id"].tolist() == [1, 2]
    with pytest.raises(ValueError, match="one table"):
        DataFrameExtractor("items", frame, BookSchema)
    twins = pd.DataFrame([["a", "b"]], columns=["id", "id"])
    with pytest.raises(ValueError, match=r"Table 'items' has more than one column named 'id'\."):
        DataFrameExtractor("items", twins, ItemSchema).extract()


def test_registry_knows_which_class_reads_what(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of file has its class; another one may be registered in its place, or for a new kind."""
    csv, multi = FileExtension.CSV, SchemaType.MULTI
    for key, cls in dict(_classes()).items():
        monkeypatch.setitem(_classes(), key, cls)
    assert {key: get_extractor_class(*key) for key in registered_keys()} == {
        (csv, SchemaType.SINGLE): CSVSingleExtractor,
        (FileExtension.JSON, SchemaType.SINGLE): JSONSingleExtractor,
        (FileExtension.JSON, multi): JSONMultiExtractor,
        (FileExtension.XLSX, SchemaType.SINGLE): XLSXSingleExtractor,
        (FileExtension.XLSX, multi): XLSXMultiExtractor,
    }
    assert get_extractor_class(csv, multi) is None

    class Own(CSVSingleExtractor):
        pass

    register_extractor(csv, SchemaType.SINGLE, Own)
    assert get_extractor_class(csv, SchemaType.SINGLE) is Own


def test_file_gives_its_content_as_text(tmp_path: Any) -> None:
    """Extractors of users find text in `content`: of a file on disk, of a data URL, and of a workbook as JSON."""
    (tmp_path / "a.csv").write_text("a;b\n1;é\n", "utf-8")
    assert CSVFile("a", path=str(tmp_path / "a.csv")).content == "a;b\n1;é\n"
    assert CSVFile("a", content="data:text/csv;base64,YTtiCjE7Mgo=").content == "a;b\n1;2\n"
    assert CSVFile("a").content is None
    book = openpyxl.Workbook()
    book.worksheets[0].append(["a"])
    book.worksheets[0].append([1])
    book.save(tmp_path / "b.xlsx")
    assert XLSXFile("b", path=tmp_path / "b.xlsx").content == (
        '{"metadata":{"sheet_count":1,"sheet_names":["Sheet"],"index_to_sheet_name":{"0":"Sheet"}},'
        '"sheets":{"Sheet":[{"a":1}]}}'
    )
    for wrong in (XLSXFile("b", content=b"no"), CSVFile("a", content=b"\xff")):
        with pytest.raises(ExtractionError, match="File"):
            _ = wrong.content
    with pytest.raises(ValueError, match="not a data URL in base64"):
        CSVFile("a", content="data:text/csv;base64,***")
