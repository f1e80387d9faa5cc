"""Reading csv files."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from algomancy_data import (
    Column,
    CSVFile,
    CSVSingleExtractor,
    DataType,
    ExtractionError,
    FileExtension,
    ReadLimits,
    Schema,
    SchemaType,
    ValidationSeverity,
)
from algomancy_utils.errors import TooLargeError

HEAD = "a;b;c;d;e;f\n"


class ItemSchema(Schema):
    """A column of each kind."""

    _FILENAME = "items"
    _EXTENSION = FileExtension.CSV
    _SCHEMA_TYPE = SchemaType.SINGLE

    A = Column("a", DataType.INTEGER)
    B = Column("b", DataType.FLOAT)
    C = Column("c", DataType.STRING)
    D = Column("d", DataType.DATETIME)
    E = Column("e", DataType.BOOLEAN)
    F = Column("f", DataType.CATEGORICAL)


def _extract(content: str | bytes, separator: str | None = ";", **limits: Any) -> tuple[pd.DataFrame, list[Any]]:
    file = CSVFile("items", content=content)
    file.limits = ReadLimits(**limits)
    extractor = CSVSingleExtractor(file, ItemSchema, separator=separator)
    return extractor.extract()["items"], extractor.messages


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
        "string",
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


def test_csv_dates_are_read_one_way_in_the_whole_column() -> None:
    """A date late in the file that can only be meant month first decides for the dates before it."""
    frame, _ = _extract("d\n1/2/2025\n3/4/2025\n1/5/2025\n12/25/2025\n")
    assert frame["d"].dt.month.tolist() == [1, 3, 1, 12]


def test_csv_cells_that_cannot_be_converted_are_errors_by_row() -> None:
    """A cell that cannot be converted is an error that names its place and shows it; the column stays text."""
    frame, messages = _extract(HEAD + "1;1;x;;;\n2;2;x;;;\n3;x;x;;;\nq;4;x;9/9/99;perhaps;\n")
    assert [(m.severity, m.message, m.table, m.column, m.row, m.code) for m in messages] == [
        (ValidationSeverity.ERROR, "'q' is not a whole number.", "items", "a", 3, "CONVERSION_FAILED"),
        (ValidationSeverity.ERROR, "'x' is not a number.", "items", "b", 2, "CONVERSION_FAILED"),
        (
            ValidationSeverity.ERROR,
            "'9/9/99' has a year of two digits: write all four.",
            "items",
            "d",
            3,
            "CONVERSION_FAILED",
        ),
        (
            ValidationSeverity.ERROR,
            "'perhaps' is neither true nor false: write true or false, yes or no, 1 or 0.",
            "items",
            "e",
            3,
            "CONVERSION_FAILED",
        ),
    ]
    assert frame["a"].tolist() == ["1", "2", "3", "q"]


def test_csv_messages_of_one_column_are_counted_after_the_first() -> None:
    """The first ten cells of a column get a message each, the others one together."""
    _, messages = _extract("a\n" + "x\n" * 1_000)
    assert len(messages) == 11
    assert [message.row for message in messages] == [*range(10), None]
    assert messages[-1].message.startswith("990 more cells")


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
    types = ["int64", "float64", "string", "datetime64[us]", "boolean", "category"]
    assert [str(dtype) for dtype in frame.dtypes] == types


@pytest.mark.parametrize(
    "content",
    ["\ufeffa;b\n1;2\n", "a;b\r\n1;2\r\n", " a ; b \n1;2", "\n\na;b\n\n1;2\n   \n", "a;b\n1;2\n\n"],
    ids=["byte_order_mark", "crlf", "spaces_in_heading", "blank_lines", "blank_line_at_the_end"],
)
def test_csv_oddities_do_not_matter(content: str) -> None:
    """A byte order mark, line ends of any system, blank lines and spaces around headings are no trouble."""
    frame, _ = _extract(content)
    assert frame.to_dict("list") == {"a": [1], "b": [2.0]}


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
    "broken_utf16": (b"\xff\xfea\x00;\x00b", "is not UTF-16 text"),
    "short_row": ("a;c\n1;x\n2\n", "row 3 has 1 cell where the heading has 2; an empty cell needs its separator, too"),
    "short_row_with_quotes": ('a;b;c\n1;2;"x;y"\n2;3\n', "row 3 has 2 cells where the heading has 3"),
    "first_row_long": (
        "a;c\n1;x;y\n",
        "row 2 has 3 cells where the heading has 2; a text that holds the separator needs quotes",
    ),
    "later_row_long": ("a;c\n1;x\n1;x;y\n", "row 3 has 3 cells where the heading has 2"),
    "open_quote": ('a;c\n1;"x\n', "cannot be read"),
    "open_quote_in_the_first_row": ('a;c\n"x;1\n2;y\n', "row 2 has 1 cell where the heading has 2; a quote in it is"),
    "open_quote_before_others": (
        'a;c\n1;x\n2;y\n"x;1\n2;y\n',
        "row 4 has 1 cell where the heading has 2; a quote in it is opened and never closed",
    ),
    "sign_of_inches_in_a_long_row": (
        'a;c\n1;x\n2;5" pipe;y\n',
        "row 3 has 3 cells where the heading has 2; a text that",
    ),
    "line_feed_in_a_short_first_row": ('a;b;c\n1;"x\ny"\n', "row 2 has 2 cells where the heading has 3; an empty cell"),
    "index_with_gaps": (";a;c\n0;1;x\n;1;y\n1;1;z\n", "column 1 has no heading"),
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
        with pytest.raises(ExtractionError, match="row 5 has 2 cells"):
            _extract("a;c;f\n" + f"1;{quoted};\n" * 3 + f"1;{quoted}\n" + f"1;{quoted};\n" * 3)


@pytest.mark.parametrize(
    ("content", "limits", "fragment"),
    [
        ("a;c\n" + "1;x\n" * 11, {"max_rows": 10}, "10 rows"),
        (HEAD, {"max_columns": 5}, "5 columns"),
        ("a;c\n" + "1;x\n" * 11, {"max_cells": 20}, "20 cells"),
        ("a" * 5_000_000, {}, "at most 131,072 characters"),
        (";".join(f"column {n}" for n in range(400_000)), {}, "first rows are longer"),
        ('a;c\n"' + "x" * 5_000_000, {}, "first rows are longer"),
    ],
    ids=["rows", "columns", "cells", "endless_name", "endless_heading", "endless_cell"],
)
def test_csv_over_the_limits_is_refused(content: str, limits: dict[str, Any], fragment: str) -> None:
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


def _said(messages: list[Any]) -> list[tuple[str, str]]:
    return [(message.severity.value, message.message) for message in messages]


@pytest.mark.parametrize("rows", [1, 70_000], ids=["short", "long"])
def test_csv_columns_of_text_keep_each_cell_as_it_is_written(rows: int) -> None:
    """Text and categories keep leading zeros, decimals, signs and words, however long the file is."""
    texts = ["00060", "1.50", "1E5", "+5", "TRUE", "NA", "7", "7.0", " x ", "12345678901234567890123"]
    frame, messages = _extract("c;f\n" + "".join(f"{text};{text}\n" for text in texts) * rows)
    assert messages == []
    assert frame["c"][: len(texts)].tolist() == texts
    assert frame["f"][: len(texts)].tolist() == texts
    assert sorted(frame["f"].cat.categories) == sorted(texts)


@pytest.mark.parametrize("rows", [1, 70_000], ids=["short", "long"])
def test_csv_times_and_booleans_are_read_alike_in_files_of_any_length(rows: int) -> None:
    """A time that looks like a number is read as the time it is, and `1` and `0` as true and false."""
    frame, messages = _extract("d;e\n" + "2025.10;1\n" * rows)
    assert messages == []
    assert frame["d"].unique().tolist() == [pd.Timestamp("2025-10-01")]
    assert frame["e"].unique().tolist() == [True]


def test_csv_numbers_of_a_column_have_one_convention() -> None:
    """Points set thousands apart in the whole column once they do so in one cell; a doubt is a warning by column."""
    frame, messages = _extract("a;b\n2.155;2.155\n1.000.155;1.000.155\n")
    assert messages == []
    assert frame.to_dict("list") == {"a": [2155, 1000155], "b": [2155.0, 1000155.0]}
    frame, messages = _extract("b\n1.234\n5\n")
    assert frame["b"].tolist() == [1.234, 5]
    assert [(m.severity, m.column, m.row, m.code) for m in messages] == [
        (ValidationSeverity.WARNING, "b", None, "AMBIGUOUS")
    ]
    assert _extract("b\n" + "1.234\n" * 600 + "0.5\n")[1] == []
    assert len(_extract("b\n" + "1.234\n" * 600)[1]) == 1


def test_csv_columns_the_schema_does_not_know_stay_what_the_file_says() -> None:
    """Codes, words and long integers stay text; numbers are numbers only where that changes no cell."""
    columns = {
        "zeros": (["007", "8"], ["007", "8"]),
        "words": (["NA", "1"], ["NA", "1"]),
        "huge": (["12345678901234567890123", "1"], ["12345678901234567890123", "1"]),
        "exponent": (["1E5", "2"], ["1E5", "2"]),
        "plus": (["+5", "1"], ["+5", "1"]),
        "versions": (["1.10", "1.9"], ["1.10", "1.9"]),
        "prices": (["1.50", "2.25"], [1.5, 2.25]),
        "floats": (["1.5", "2"], [1.5, 2.0]),
        "integers": (["-3", "0"], [-3, 0]),
        "booleans": (["true", "false"], [True, False]),
        "mixed": (["true", "1"], ["true", "1"]),
        "dates": (["2025-01-01", "x"], ["2025-01-01", "x"]),
    }
    rows = zip(*(texts for texts, _ in columns.values()), strict=True)
    frame, messages = _extract(";".join(columns) + "\n" + "".join(";".join(row) + "\n" for row in rows))
    assert messages == []
    assert frame.to_dict("list") == {name: cells for name, (_, cells) in columns.items()}
    gaps, _ = _extract("a;new\n1;5\n2;\n")
    assert (str(gaps["new"].dtype), gaps["new"].tolist()) == ("Int64", [5, pd.NA])


BLANK = "Columns without heading and values are left out."
INDEX = "The first column has no heading and counts the rows: it is left out."
READ: dict[str, tuple[str | bytes, list[str]]] = {
    "heading_ends_with_separator": ("a;c;\n1;x;\n2;y;\n", [BLANK]),
    "only_heading_ends_with_separator": ("a;c;\n1;x\n2;y\n", []),
    "rows_end_with_separator": ("a;c\n1;x;\n2;y;\n", [BLANK]),
    "blank_column_between": ("a;;c\n1;;x\n2;;y\n", [BLANK]),
    "blank_column_before": (";a;c\n;1;x\n;2;y\n", [BLANK]),
    "blank_rows": ("a;c\n1;x\n;\n2;y\n;\n;;\n", []),
    "index_of_pandas": (";a;c\n0;1;x\n1;2;y\n", [INDEX]),
    "separator_line": ("sep=;\na;c\n1;x\n2;y\n", ["The first line, which names the separator ';', is no heading."]),
    "separator_line_of_another": (
        "sep=|\r\na|c\r\n1|x\r\n2|y\r\n",
        ["The first line, which names the separator '|', is no heading."],
    ),
    "utf16": ("a;c\n1;x\n2;y\n".encode("utf-16"), ["The file is UTF-16 text."]),
    "utf16_big": (b"\xfe\xff" + "a;c\n1;x\n2;y\n".encode("utf-16-be"), ["The file is UTF-16 text."]),
    "title": ("Items of May\n\na;c\n1;x\n2;y\n", ["The heading was found in row 3; what stands above it is left out."]),
    "line_ends_of_old": ("a;c\r1;x\r2;y\r", []),
}


@pytest.mark.parametrize(("content", "remarks"), READ.values(), ids=READ)
def test_csv_as_other_programs_write_it_is_read(content: str | bytes, remarks: list[str]) -> None:
    """What spreadsheets and pandas put around a table is left out, and that is said."""
    frame, messages = _extract(content)
    assert frame.to_dict("list") == {"a": [1, 2], "c": ["x", "y"]}
    assert _said(messages) == [("INFO", remark) for remark in remarks]


def test_csv_as_other_programs_write_it_is_read_from_disk(tmp_path: Path) -> None:
    """A file on disk is read like one in memory."""
    for content, _ in READ.values():
        path = tmp_path / "items.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        tables = CSVSingleExtractor(CSVFile("items", path=path), ItemSchema).extract()
        assert tables["items"].to_dict("list") == {"a": [1, 2], "c": ["x", "y"]}


def test_csv_column_without_heading_must_be_named() -> None:
    """A first column without heading that does not count rows is refused in a sentence that says what to do."""
    with pytest.raises(ExtractionError) as error:
        _extract(";a\nx;1\n")
    assert str(error.value) == (
        "File 'items.csv': column 1 has no heading. Name it in the heading, or write the file without index."
    )


@pytest.mark.parametrize(
    ("content", "row"),
    [
        ("a\nx\n", 2),
        ("\n\na\n1\nx\n", 5),
        ("a;c\n1;x\n\n;\nx;y\n", 5),
        ("a;c\n1;x\n   \nx;y\n", 4),
        ('a;c\n1;"two\nlines"\nx;y\n', 3),
        ("Title\na;c\nx;y\n", 3),
    ],
    ids=["plain", "blank_lines_above", "blank_rows_between", "line_of_spaces", "cell_of_two_lines", "title"],
)
def test_csv_rows_count_as_in_a_spreadsheet(content: str, row: int) -> None:
    """A row is where a spreadsheet shows it: blank ones count, and a cell of two lines is in one row."""
    extractor = CSVSingleExtractor(CSVFile("items", content=content), ItemSchema)
    extractor.extract()
    error = next(message for message in extractor.messages if message.code == "CONVERSION_FAILED")
    assert error.row is not None
    assert extractor.file_rows["items"].number(error.row) == row


def test_csv_of_blank_lines_does_not_become_cells() -> None:
    """Millions of blank lines under a wide heading are nothing."""
    heading = ";".join(f"c{number}" for number in range(2_000))
    frame, _ = _extract(f"{heading}\n" + "\n" * 2_000_000)
    assert frame.shape == (0, 2_000)


def test_csv_short_rows_are_refused_before_they_are_filled_up() -> None:
    """A few bytes a row do not become thousands of cells a row."""
    heading = ";".join(f"c{number}" for number in range(2_000))
    with pytest.raises(ExtractionError, match="row 2 has 1 cell where the heading has 2000"):
        _extract(f"{heading}\n" + "1\n" * 600)
    with pytest.raises(TooLargeError, match="a row is longer than"):
        _extract("a;c\n" + "1;x\n" * 40_000 + '1;"' + "x" * 9_000_000 + '"\n')


@pytest.mark.parametrize("before", [0, 100])
def test_csv_cells_may_be_long(before: int) -> None:
    """A cell of a megabyte is read wherever it is, in the first row too."""
    frame, messages = _extract("a;c\n" + "1;x\n" * before + f"2;{'y' * 1_000_000}\n3;z\n")
    assert messages == []
    assert [len(text) for text in frame["c"]] == [1] * before + [1_000_000, 1]


@pytest.mark.parametrize("mark_of_the_file", ["", "\ufeff"])
@pytest.mark.parametrize("cell", ["\ufeff", "\ufeffx", "\ufeff\ufeffx"])
def test_csv_sign_that_could_be_a_mark_stays_in_the_first_cell(
    tmp_path: Path, mark_of_the_file: str, cell: str
) -> None:
    """Only at the start of the file U+FEFF marks the encoding: below the heading it belongs to the first cell."""
    path = tmp_path / "items.csv"
    path.write_text(f"{mark_of_the_file}text;n\n{cell};1\n{cell};2\n", encoding="utf-8")
    columns = {"TEXT": Column("text", DataType.STRING), "N": Column("n", DataType.INTEGER)}
    schema = type("S", (Schema,), {"_FILENAME": "items", "_SCHEMA_TYPE": SchemaType.SINGLE, **columns})
    for file in (CSVFile("items", path=path), CSVFile("items", content=path.read_bytes())):
        table = CSVSingleExtractor(file, schema).extract()["items"]
        assert table["text"].tolist() == [cell, cell]
        assert table["n"].tolist() == [1, 2]
