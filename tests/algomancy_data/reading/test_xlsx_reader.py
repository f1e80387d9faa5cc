"""Reading workbooks, kind and hostile."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import openpyxl
import pandas as pd
import pytest

from algomancy_data import (
    Column,
    ColumnGroup,
    DataType,
    ExtractionError,
    FileExtension,
    ReadLimits,
    Schema,
    SchemaType,
    XLSXFile,
    XLSXMultiExtractor,
    XLSXSingleExtractor,
)
from algomancy_utils.errors import TooLargeError


class StockSchema(Schema):
    """One sheet."""

    _FILENAME = "stock"
    _EXTENSION = FileExtension.XLSX

    ITEM = Column("item", DataType.STRING)
    COUNT = Column("count", DataType.INTEGER)
    AT = Column("at", DataType.DATETIME)


class BookSchema(Schema):
    """Two sheets."""

    _FILENAME = "book"
    _EXTENSION = FileExtension.XLSX
    _SCHEMA_TYPE = SchemaType.MULTI

    ONE = ColumnGroup("one", [Column("a", DataType.INTEGER)])
    TWO = ColumnGroup("two", [Column("b", DataType.FLOAT)])


def _workbook(**sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _single(content: bytes, sheet: str | int = 0, **limits: int) -> tuple[dict[str, pd.DataFrame], list[Any]]:
    file = XLSXFile("stock", content=content)
    file.limits = ReadLimits(**limits)
    extractor = XLSXSingleExtractor(file, StockSchema, sheet)
    return extractor.extract(), extractor.messages


def test_workbook_sheet_becomes_a_table() -> None:
    """The first row is the heading; rows without values are left out; types are the schema's."""
    rows = [
        ["item", " count ", "at", "extra"],
        [1, 2, datetime(2025, 1, 2, 3), "x"],
        [None, None, None, None],
        ["b", 3.0, date(2025, 1, 3), None],
        ["c", "4", "14-3-2025"],
        [],
    ]
    tables, messages = _single(_workbook(first=rows))
    assert messages == []
    frame = tables["stock"]
    assert list(frame) == ["item", "count", "at", "extra"]
    assert frame["item"].tolist() == ["1", "b", "c"]
    assert frame["count"].tolist() == [2, 3, 4]
    assert frame["at"].tolist() == [
        pd.Timestamp("2025-01-02 03:00"),
        pd.Timestamp("2025-01-03"),
        pd.Timestamp("2025-03-14"),
    ]
    assert frame["extra"].fillna("-").tolist() == ["x", "-", "-"]


def test_workbook_sheet_is_chosen_by_name_or_number() -> None:
    """A sheet is found by its name and by its number; one that is not there is an error message."""
    content = _workbook(first=[["item"], ["a"]], second=[["item"], ["b"]])
    for sheet, item in ((0, "a"), (1, "b"), ("second", "b")):
        assert _single(content, sheet)[0]["stock"]["item"].tolist() == [item]
    for missing in (2, -1, "third"):
        tables, messages = _single(content, missing)
        assert tables == {}
        assert [message.code for message in messages] == ["missing_table"]
        assert str(missing) in messages[0].message


def test_workbook_of_several_sheets_becomes_several_tables() -> None:
    """Each column group is the sheet of its name; the tables are `file.sheet`; a missing sheet is an error message."""
    content = _workbook(one=[["a"], [1], ["x"]], other=[["c"]])
    extractor = XLSXMultiExtractor(XLSXFile("book", content=content), BookSchema())
    tables = extractor.extract()
    assert list(tables) == ["book.one"]
    assert [(message.code, message.table, message.row) for message in extractor.messages] == [
        ("conversion", "book.one", 1),
        ("missing_table", "book.two", None),
    ]
    content = _workbook(two=[["b"], [1]], one=[["a"], [1]])
    assert list(XLSXMultiExtractor(XLSXFile("book", content=content), BookSchema).extract()) == ["book.one", "book.two"]


def test_workbook_sheet_without_anything_has_no_columns() -> None:
    """An empty sheet makes an empty table, for the validators to complain of."""
    assert _single(_workbook(first=[]))[0]["stock"].shape == (0, 0)


def _zip(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


PLAIN = _workbook(first=[["item", "count"], ["a", 1]])


def _replaced(part: str, change: Callable[[bytes], bytes]) -> bytes:
    parts = _parts(PLAIN)
    parts[part] = change(parts[part])
    return _zip(parts)


SHEET = "xl/worksheets/sheet1.xml"


def _with_rows(rows: bytes) -> bytes:
    return _replaced(SHEET, lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>"))


FAR_CELL = b'<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row>'
FAR_ROW = b'<row r="2000000000"/>'
BOMB = b"<!DOCTYPE x [" + b"".join(
    f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x"}">'.encode() for n in range(12)
) + b"]><x>&e11;</x>"  # fmt: skip

WRONG: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not an xlsx workbook"),
    "text": (b"item;count\n", "not an xlsx workbook"),
    "other_archive": (_zip({"a.txt": b"x"}), "not an xlsx workbook"),
    "truncated": (PLAIN[: len(PLAIN) // 2], "not an xlsx workbook"),
    "no_xml": (_replaced(SHEET, lambda _: b"\x00\xff"), "damaged"),
    "far_cell": (
        _with_rows(FAR_CELL),
        "column 16384 has values but no",
    ),
    "cell_nowhere": (_replaced(SHEET, lambda xml: xml.replace(b'r="B2"', b'r="ZZZZZZ2"')), "damaged"),
    "no_heading": (_workbook(first=[["a", None, "b"], [1, 2, 3]]), "column 2 has no heading"),
    "twin_columns": (_workbook(first=[["a", "a"], [1, 2]]), "more than one column named 'a'"),
    "entities": (_replaced(SHEET, lambda _: BOMB), "damaged"),
}


@pytest.mark.parametrize(("content", "fragment"), WRONG.values(), ids=WRONG)
def test_workbook_that_is_none_is_refused_by_name(content: bytes, fragment: str) -> None:
    """A file that is no workbook, or whose sheet is no table, is refused with a message that names it."""
    with pytest.raises(ExtractionError) as error:
        _single(content)
    assert str(error.value).startswith("File 'stock.xlsx'")
    assert fragment in str(error.value)


def _many_rows(rows: int) -> bytes:
    return b"".join(f'<row r="{n}"><c r="A{n}" t="n"><v>1</v></c></row>'.encode() for n in range(3, rows + 3))


def _workbook_part_among_the_sheets(padding: int) -> bytes:
    parts = _parts(PLAIN)
    kinds = parts["[Content_Types].xml"].replace(b"/xl/workbook.xml", b"/xl/worksheets/book.xml")
    parts |= {
        "[Content_Types].xml": kinds,
        "xl/worksheets/book.xml": parts["xl/workbook.xml"].replace(b"</workbook>", b" " * padding + b"</workbook>"),
    }
    return _zip(parts)


@pytest.mark.parametrize(
    ("content", "limits", "fragment"),
    [
        (PLAIN, {"max_inflated_bytes": 1_000}, "1,000 bytes"),
        (_replaced(SHEET, lambda xml: xml + b" " * 3_000_000), {"max_inflated_bytes": 1 << 20}, "once inflated"),
        (_replaced("xl/styles.xml", lambda xml: xml + b" " * (65 << 20)), {}, "one of its parts"),
        (_with_rows(_many_rows(50)), {"max_rows": 20}, "20 rows"),
        (_with_rows(FAR_ROW), {"max_rows": 99}, "99 rows"),
        (_workbook(first=[[f"c{n}" for n in range(60)]]), {"max_columns": 50}, "50 columns"),
        (_workbook(first=[["a", "b"], *[[1, 2]] * 30]), {"max_cells": 40}, "40 cells"),
        (_workbook(first=[[f"c{n}" for n in range(900)], *[[*[None] * 899, 1]] * 90]), {"max_inflated_bytes": 1 << 20},
         "65,536 cells"),
        (_zip({f"p{n}": b"" for n in range(10_001)}), {}, "10,000 parts"),
        (_workbook_part_among_the_sheets(3 << 20), {"max_inflated_bytes": 8 << 20}, "one of its parts"),
    ],
    ids=["any", "padded_sheet", "padded_styles", "rows", "far_row", "columns", "cells", "blank_cells", "parts",
         "disguised_part"],
)  # fmt: skip
def test_workbook_over_the_limits_is_refused(content: bytes, limits: dict[str, int], fragment: str) -> None:
    """A workbook that inflates to more than allowed, in bytes, parts, rows, columns or cells, is refused."""
    with pytest.raises(TooLargeError, match=fragment):
        _single(content, **limits)


@pytest.mark.parametrize("part", [SHEET, "xl/styles.xml", "[Content_Types].xml"])
def test_workbook_that_lies_about_its_size_yields_no_more(part: str) -> None:
    """A part that inflates to more than the directory says is a damaged workbook, not more memory."""
    content = bytearray(_replaced(part, lambda xml: xml + b" " * 40_000_000))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        real = archive.getinfo(part).file_size
    lied = content.replace(real.to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
    assert lied != content
    tracemalloc.start()
    try:
        with pytest.raises(ExtractionError, match="damaged"):
            _single(bytes(lied))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_workbook_of_another_compression_is_refused(method: int) -> None:
    """Workbooks are deflated; what else a zip file may be is not tried."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in _parts(PLAIN).items():
            archive.writestr(name, content)
    with pytest.raises(ExtractionError, match="not an xlsx workbook"):
        _single(stream.getvalue())


def test_workbook_of_size_is_read_in_the_worker_the_same() -> None:
    """A large workbook gives the table a small one gives."""
    rows = [[f"item {n}", n] for n in range(12_000)]
    tables, messages = _single(_workbook(first=[["item", "count"], *rows]))
    assert messages == []
    small, _ = _single(_workbook(first=[["item", "count"], *rows[:50]]))
    pd.testing.assert_frame_equal(tables["stock"][:50], small["stock"])
    assert len(tables["stock"]) == 12_000


def test_workbook_whose_row_is_a_bomb_is_refused_before_memory_grows() -> None:
    """A row of millions of empty cells, within the limit as bytes, is refused by the worker, which reads on."""
    content = _with_rows(b"<row>" + b"<c/>" * 4_000_000 + b"</row>")
    with pytest.raises(ValueError, match=r"stock\.xlsx"):
        _single(content, max_inflated_bytes=17 << 20)
    assert len(_single(_with_rows(_many_rows(30_000)), max_inflated_bytes=17 << 20)[0]["stock"]) == 30_001


def test_workbook_does_not_believe_its_own_dimensions() -> None:
    """A sheet that claims to reach to the last cell is read for what it holds."""
    content = _replaced(SHEET, lambda xml: xml.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"'))
    assert content != PLAIN
    assert b"XFD1048576" in _parts(content)[SHEET]
    assert _single(content)[0]["stock"].shape == (1, 2)
