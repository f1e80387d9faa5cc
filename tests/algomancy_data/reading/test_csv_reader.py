"""Reading csv files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from algomancy_data import (
    Column,
    CSVFile,
    CSVSingleExtractor,
    DataType,
    ExtractionError,
    ReadLimits,
    Schema,
    ValidationSeverity,
)
from algomancy_data.reading import csv_reader
from algomancy_utils.errors import TooLargeError

HEAD = "a;b;c;d;e;f\n"


class ItemSchema(Schema):
    """A column of each kind."""

    _FILENAME = "items"

    A = Column("a", DataType.INTEGER)
    B = Column("b", DataType.FLOAT)
    C = Column("c", DataType.STRING)
    D = Column("d", DataType.DATETIME)
    E = Column("e", DataType.BOOLEAN)
    F = Column("f", DataType.CATEGORICAL)


def _extract(content: str | bytes, separator: str | None = ";", **limits: int) -> tuple[pd.DataFrame, list[Any]]:
    file = CSVFile("items", content=content)
    file.limits = ReadLimits(**limits)
    extractor = CSVSingleExtractor(file, ItemSchema, separator=separator)
    return extractor.extract()["items"], extractor.messages


@pytest.fixture(params=[100_000, 2], ids=["one_chunk", "many_chunks"])
def chunk_rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """How many rows are read at a time."""
    monkeypatch.setattr(csv_reader, "_CHUNK_ROWS", request.param)
    return request.param


@pytest.mark.usefixtures("chunk_rows")
def test_csv_is_read_into_the_types_of_its_schema() -> None:
    """Each column gets the type its schema wants, whether cells are missing or not, in one chunk or many."""
    frame, messages = _extract(
        HEAD + '1;1,5;"x;y";14/3/2025;yes;z1\n2;2.5;NA;1/2/2025;no;z2\n3;;;;;\n'
        '4;1e3;"a ""b""\nc";20250102;1;z1\n5;0;x;;0;z3\n'
    )
    assert messages == []
    assert [str(dtype) for dtype in frame.dtypes] == [
        "int64",
        "float64",
        "str",
        "datetime64[us]",
        "boolean",
        "category",
    ]
    assert frame["a"].tolist() == [1, 2, 3, 4, 5]
    assert frame["b"].fillna(-1).tolist() == [1.5, 2.5, -1, 1000, 0]
    assert frame["c"].fillna("-").tolist() == ["x;y", "NA", "-", 'a "b"\nc', "x"]
    assert frame["d"].tolist()[:2] == [pd.Timestamp("2025-03-14"), pd.Timestamp("2025-02-01")]
    assert frame["e"].fillna(False).tolist() == [True, False, False, True, False]
    assert frame["f"].astype(object).fillna("-").tolist() == ["z1", "z2", "-", "z1", "z3"]
    assert list(frame.index) == [0, 1, 2, 3, 4]


@pytest.mark.usefixtures("chunk_rows")
def test_csv_dates_are_read_one_way_in_the_whole_column() -> None:
    """A date late in the file that can only be meant month first decides for the dates before it."""
    frame, _ = _extract("d\n1/2/2025\n3/4/2025\n1/5/2025\n12/25/2025\n")
    assert frame["d"].dt.month.tolist() == [1, 3, 1, 12]


@pytest.mark.usefixtures("chunk_rows")
def test_csv_cells_that_cannot_be_converted_are_errors_by_row() -> None:
    """A cell that cannot be converted is an error that names table, column and row, and shows the cell."""
    frame, messages = _extract(HEAD + "1;1;x;;;\n2;2;x;;;\n3;x;x;;;\nq;4;x;9/9/99;perhaps;\n")
    assert [(m.severity, m.message, m.table, m.column, m.row, m.code) for m in messages] == [
        (ValidationSeverity.ERROR, "'q' is not a whole number.", "items", "a", 3, "conversion"),
        (ValidationSeverity.ERROR, "'x' is not a number.", "items", "b", 2, "conversion"),
        (ValidationSeverity.ERROR, "'9/9/99' is not a date or time.", "items", "d", 3, "conversion"),
        (ValidationSeverity.ERROR, "'perhaps' is neither true nor false.", "items", "e", 3, "conversion"),
    ]
    assert frame["a"].tolist() == [1, 2, 3, pd.NA]


def test_csv_messages_of_one_column_are_counted_after_the_first() -> None:
    """The first ten cells of a column get a message each, the others one together."""
    _, messages = _extract("a\n" + "x\n" * 1_000)
    assert len(messages) == 11
    assert [message.row for message in messages] == [*range(10), None]
    assert messages[-1].message.startswith("990 more cells")


@pytest.mark.usefixtures("chunk_rows")
def test_csv_integers_too_large_for_a_float_stay_exact() -> None:
    """A column of large integers with gaps, which a parser would read as floats, keeps every digit."""
    frame, messages = _extract("a;c\n9007199254740993;x\n;x\n1;x\n-9223372036854775808;x\n")
    assert messages == []
    assert frame["a"].tolist() == [9007199254740993, pd.NA, 1, -(2**63)]


def test_csv_columns_the_schema_does_not_know_are_kept() -> None:
    """A column without schema keeps what pandas makes of it, and a missing one is left to the validators."""
    frame, messages = _extract("a;new\n1;2\n3;4\n")
    assert messages == []
    assert frame.to_dict("list") == {"a": [1, 3], "new": [2, 4]}


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_csv_separator_is_found_by_the_heading(separator: str) -> None:
    """Without a separator told, the one is taken whose heading has most of the schema's columns."""
    frame, _ = _extract(f"a{separator}c\n1{separator}x\n", None)
    assert frame.to_dict("list") == {"a": [1], "c": ["x"]}


def test_csv_without_rows_has_the_types_all_the_same() -> None:
    """A heading alone makes an empty table of the right types."""
    frame, messages = _extract(HEAD)
    assert messages == []
    assert frame.shape == (0, 6)
    assert [str(dtype) for dtype in frame.dtypes] == ["int64", "float64", "str", "datetime64[us]", "bool", "category"]


@pytest.mark.parametrize(
    "content",
    ["\ufeffa;b\n1;2\n", "a;b\r\n1;2\r\n", " a ; b \n1;2", "\n\na;b\n\n1;2\n   \n", "a;b\n1;2\n\n"],
    ids=["byte_order_mark", "crlf", "spaces_in_heading", "blank_lines", "blank_line_at_the_end"],
)
def test_csv_oddities_do_not_matter(content: str) -> None:
    """A byte order mark, line ends of any system, blank lines and spaces around headings are no trouble."""
    frame, _ = _extract(content)
    assert frame.to_dict("list") == {"a": [1], "b": [2.0]}


@pytest.mark.usefixtures("chunk_rows")
def test_csv_numbers_of_more_than_64_bits_are_kept_as_text() -> None:
    """In a column that the schema does not know, numbers too large for any type keep all their digits, as text."""
    huge, large = "9" * 23, str(2**64 - 1)
    table, messages = _extract(f"a;new;code\n1;{huge};{large}\n2;07;\n3;;1\n")
    assert messages == []
    assert table["new"].tolist()[:2] == [huge, "07"]
    assert table["code"].tolist()[::2] == [large, "1"]
    assert table[["new", "code"]].isna().sum().tolist() == [1, 1]


WRONG: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "is empty"),
    "blank": ("\n\n", "is empty"),
    "not_utf8_in_heading": (b"\xff;b\n", "is not UTF-8 text"),
    "not_utf8_in_text": (HEAD.encode() + b"1;1;\xff;;;\n", "is not UTF-8 text"),
    "not_utf8_far_down": (b"a;c\n" + b"1;x\n" * 300_000 + b"1;\xff\n", "is not UTF-8 text"),
    "utf16": ("a;b\n1;2\n".encode("utf-16"), "is not UTF-8 text"),
    "short_row": ("a;c\n1;x\n2\n", "row 1 has 1 cells where the heading has 2"),
    "short_row_with_quotes": ('a;b;c\n1;2;"x;y"\n2;3\n', "row 1 has 2 cells where the heading has 3"),
    "first_row_long": ("a;c\n1;x;y\n", "row 0 has 3 cells where the heading has 2"),
    "later_row_long": ("a;c\n1;x\n1;x;y\n", "Expected 2 fields in line 3, saw 3"),
    "open_quote": ('a;c\n1;"x\n', "cannot be read"),
    "no_heading": ("a;;c\n1;2;3\n", "column 2 has no heading"),
    "twin_columns": ("a;c;a\n1;2;3\n", "more than one column named 'a'"),
}


@pytest.mark.parametrize(("content", "fragment"), WRONG.values(), ids=WRONG)
def test_csv_that_is_none_is_refused_by_name(content: str | bytes, fragment: str) -> None:
    """A file that is no csv table is refused with a message that names it and says why."""
    with pytest.raises(ExtractionError) as error:
        _extract(content)
    assert str(error.value).startswith("File 'items.csv'")
    assert fragment in str(error.value)


def test_csv_short_rows_are_found_wherever_they_are() -> None:
    """A short row is found among rows whose last cell is missing rightly, with quotes and without."""
    for quoted in ("x", '"x;\n;y"'):
        _extract("a;c;f\n" + f"1;{quoted};\n" * 3)
        with pytest.raises(ExtractionError, match="row 3 has 2 cells"):
            _extract("a;c;f\n" + f"1;{quoted};\n" * 3 + f"1;{quoted}\n" + f"1;{quoted};\n" * 3)


@pytest.mark.parametrize(
    ("content", "limits", "fragment"),
    [
        ("a;c\n" + "1;x\n" * 11, {"max_rows": 10}, "10 rows"),
        (HEAD, {"max_columns": 5}, "5 columns"),
        ("a;c\n" + "1;x\n" * 11, {"max_cells": 20}, "20 cells"),
        ("a" * 5_000_000, {}, "field larger"),
        (";".join(f"column {n}" for n in range(400_000)), {}, "first rows are longer"),
        ('a;c\n"' + "x" * 5_000_000, {}, "field larger"),
    ],
    ids=["rows", "columns", "cells", "endless_name", "endless_heading", "endless_cell"],
)
def test_csv_over_the_limits_is_refused(content: str, limits: dict[str, int], fragment: str) -> None:
    """A file of more rows, columns or cells than allowed is refused, and so is a heading without end."""
    with pytest.raises((TooLargeError, ExtractionError), match=fragment):
        _extract(content, **limits)


def test_csv_is_read_in_any_thread() -> None:
    """Reading works in several threads at once, warnings being errors."""
    found: list[int] = []

    def read() -> None:
        for _ in range(5):
            found.append(len(_extract("a;new\n" + "1;2\n" * 200 + "1;x\n")[0]))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [201] * 20


def test_csv_short_rows_are_refused_before_they_are_filled_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes a row do not become thousands of cells a row, which would take minutes and gigabytes."""

    def take(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(csv_reader._Reading, "_take", take)
    heading = ";".join(f"c{number}" for number in range(2_000))
    with pytest.raises(ExtractionError, match="row 0 has 1 cells where the heading has 2000"):
        _extract(f"{heading}\n" + "1\n" * 600)
