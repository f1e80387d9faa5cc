"""Workbooks that are none, or that take more than is allowed."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import pandas as pd
import pytest

from algomancy_data import (
    ExtractionError,
)
from algomancy_utils.errors import TooLargeError
from tests.algomancy_data.reading.workbooks import PLAIN, SHEET, parts_of, replaced, single, with_rows, workbook, zipped

FAR_CELL = b'<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row>'
BOMB = b"<!DOCTYPE x [" + b"".join(
    f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x"}">'.encode() for n in range(12)
) + b"]><x>&e11;</x>"  # fmt: skip
WRONG: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not an xlsx workbook"),
    "older": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504), "of an older kind, or has a password"),
    "text": (b"item;count\n", "not an xlsx workbook"),
    "other_archive": (zipped({"a.txt": b"x"}), "not an xlsx workbook"),
    "truncated": (PLAIN[: len(PLAIN) // 2], "not an xlsx workbook"),
    "no_xml": (replaced(SHEET, lambda _: b"\x00\xff"), "damaged"),
    "far_cell": (with_rows(FAR_CELL), "needs far more memory than its size"),
    "cell_nowhere": (replaced(SHEET, lambda xml: xml.replace(b'r="B2"', b'r="ZZZZZZ2"')), "damaged"),
    "no_heading": (workbook(first=[["a", None, "b"], [1, 2, 3]]), "column 2 has no heading"),
    "twin_columns": (workbook(first=[["a", "a"], [1, 2]]), "more than one column named 'a'"),
}


@pytest.mark.parametrize(("content", "fragment"), WRONG.values(), ids=WRONG)
def test_workbook_that_is_none_is_refused_by_name(content: bytes, fragment: str) -> None:
    """A file that is no workbook, or whose sheet is no table, is refused with a message that names it."""
    with pytest.raises(ExtractionError) as error:
        single(content)
    assert str(error.value).startswith("File 'stock.xlsx'")
    assert fragment in str(error.value)


def _many_rows(rows: int) -> bytes:
    return b"".join(f'<row r="{n}"><c r="A{n}" t="n"><v>1</v></c></row>'.encode() for n in range(3, rows + 3))


@pytest.mark.parametrize(
    ("content", "limits", "fragment"),
    [
        (PLAIN, {"max_inflated_bytes": 1_000}, "1,000 bytes"),
        (replaced(SHEET, lambda xml: xml + b" " * 3_000_000), {"max_inflated_bytes": 1 << 20}, "once inflated"),
        (replaced("xl/styles.xml", lambda xml: xml + b" " * (65 << 20)), {}, "one of its parts"),
        (with_rows(_many_rows(50)), {"max_rows": 20}, "20 rows"),
        (workbook(first=[[f"c{n}" for n in range(60)]]), {"max_columns": 50}, "50 columns"),
        (workbook(first=[["a", "b"], *[[1, 2]] * 30]), {"max_cells": 40}, "40 cells"),
        (workbook(first=[[f"c{n}" for n in range(900)], *[[*[None] * 899, 1]] * 90]), {"max_inflated_bytes": 1 << 20},
         "65,536 cells"),
        (zipped({f"p{n}": b"" for n in range(10_001)}), {}, "10,000 parts"),
    ],
    ids=["any", "padded_sheet", "padded_styles", "rows", "columns", "cells", "blank_cells", "parts"],
)  # fmt: skip
def test_workbook_over_the_limits_is_refused(content: bytes, limits: dict[str, int], fragment: str) -> None:
    """A workbook that inflates to more than allowed, in bytes, parts, rows, columns or cells, is refused."""
    with pytest.raises(TooLargeError, match=fragment):
        single(content, **limits)


@pytest.mark.parametrize("part", [SHEET, "xl/styles.xml", "[Content_Types].xml"])
def test_workbook_that_lies_about_its_size_yields_no_more(part: str) -> None:
    """A part that inflates to more than the directory says is a damaged workbook, not more memory."""
    content = bytearray(replaced(part, lambda xml: xml + b" " * 40_000_000))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        real = archive.getinfo(part).file_size
    lied = content.replace(real.to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
    assert lied != content
    tracemalloc.start()
    try:
        with pytest.raises(ExtractionError, match="damaged"):
            single(bytes(lied))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_workbook_of_another_compression_is_refused(method: int) -> None:
    """Workbooks are deflated; what else a zip file may be is not tried."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in parts_of(PLAIN).items():
            archive.writestr(name, content)
    with pytest.raises(ExtractionError, match="not an xlsx workbook"):
        single(stream.getvalue())


def test_workbook_of_size_is_read_in_the_worker_the_same() -> None:
    """A large workbook gives the table a small one gives."""
    rows = [[f"item {n}", n] for n in range(12_000)]
    tables, messages = single(workbook(first=[["item", "count"], *rows]))
    assert messages == []
    small, _ = single(workbook(first=[["item", "count"], *rows[:50]]))
    pd.testing.assert_frame_equal(tables["stock"][:50], small["stock"])
    assert len(tables["stock"]) == 12_000


def test_workbook_that_ends_the_worker_is_refused_and_the_next_one_read() -> None:
    """A cell so far away that the table up to it fits no memory is refused by name; the worker reads on."""
    assert single(PLAIN)[0]["stock"].shape == (1, 2)
    for _ in range(2):
        with pytest.raises(ExtractionError, match=r"stock\.xlsx"):
            single(with_rows(FAR_CELL))
        assert single(PLAIN)[0]["stock"].shape == (1, 2)


@pytest.mark.parametrize(
    "rows", [b"<row>" + b"<c/>" * 4_000_000 + b"</row>", b'<row r="2000000000"/>'], ids=["cells", "row"]
)
def test_workbook_of_elements_without_values_is_no_trouble(rows: bytes) -> None:
    """Millions of empty cells, or an empty row far down, are nothing."""
    assert single(with_rows(rows))[0]["stock"].shape == (1, 2)


def test_workbook_entities_are_not_expanded() -> None:
    """A sheet that would be gigabytes of text, were its entities expanded, is no table."""
    assert single(replaced(SHEET, lambda _: BOMB))[0]["stock"].shape == (0, 0)
