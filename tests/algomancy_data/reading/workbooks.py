"""Workbooks made for a test, whole or part by part, and the reading of their first sheet."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pandas as pd

from algomancy_data import (
    Column,
    DataType,
    FileExtension,
    ReadLimits,
    Schema,
    SchemaType,
    XLSXFile,
    XLSXSingleExtractor,
)


class StockSchema(Schema):
    """One sheet."""

    _FILENAME = "stock"
    _SCHEMA_TYPE = SchemaType.SINGLE
    _EXTENSION = FileExtension.XLSX

    ITEM = Column("item", DataType.STRING)
    COUNT = Column("count", DataType.INTEGER)
    AT = Column("at", DataType.DATETIME)


def workbook(**sheets: list[list[Any]]) -> bytes:
    """A workbook of these sheets, row by row."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def single(content: bytes, sheet: str | int = 0, **limits: int) -> tuple[dict[str, pd.DataFrame], list[Any]]:
    """The tables of a workbook with one table, and what was said of them."""
    file = XLSXFile("stock", content=content)
    file.limits = ReadLimits(**limits)
    extractor = XLSXSingleExtractor(file, StockSchema, sheet)
    return extractor.extract(), extractor.messages


def zipped(parts: dict[str, bytes]) -> bytes:
    """An archive of these parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def parts_of(content: bytes) -> dict[str, bytes]:
    """The parts of a workbook by their paths."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


PLAIN = workbook(first=[["item", "count"], ["a", 1]])


def replaced(part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The plain workbook with one part changed."""
    parts = parts_of(PLAIN)
    parts[part] = change(parts[part])
    return zipped(parts)


SHEET = "xl/worksheets/sheet1.xml"


def with_rows(rows: bytes) -> bytes:
    """The plain workbook with more rows, given as XML."""
    return replaced(SHEET, lambda xml: xml.replace(b"</sheetData>", rows + b"</sheetData>"))
