"""A second look at single cells of a worksheet, where the library that reads it loses something.

It gives the same for error cells, formulas without results and blank cells, times of day for days before 1900, text for
times with a `Z`, and floats for whole numbers of any length.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from xml.etree import ElementTree

from algomancy_data.cells.numbers import EXACT_IN_FLOAT

_PREFIX = rb"(?:[\w.-]+:)?"
_CELL = re.compile(rb"<" + _PREFIX + rb"(?:row\b([^>]*)>|c\b([^>]*?)(/?)>)", re.ASCII)
_CONTENT = re.compile(
    rb"\s*(<P?f\b[^>]*(?:/>|>[^<]*</P?f>))?\s*(?:<P?v\b[^>]*>([^<]*)<)?".replace(b"P?", _PREFIX), re.ASCII
)
_ADDRESS = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d+)[\"']")
_ROW = re.compile(rb"\br=[\"'](\d+)[\"']")
_KIND = re.compile(rb"\bt=[\"'](\w+)[\"']")
DOUBTFUL_KINDS = (b't="e"', b't="d"'), (b"t='e'", b"t='d'")
"""What stands in the XML of a cell that is an error, or a time in ISO format, with either kind of quotes."""

NO_RESULT = re.compile(rb"f>\s*(?:<[\w.:-]*v\s*/>|<[\w.:-]*v></|</)")
"""What stands in the XML of a formula whose result is not there, or is an empty text."""

_LONG_DIGITS = 15


@dataclass(frozen=True)
class ErrorCell:
    """A cell that holds an error: `#REF!`; the text of a formula without its result is empty."""

    text: str


@dataclass(frozen=True)
class Raw:
    """A cell's value as it is written.

    Attributes:
        text: The value.
        is_time: Whether it is a time in ISO 8601.
        epoch: The day that serial numbers count from.
    """

    text: str
    is_time: bool
    epoch: datetime

    def better(self, read: Any) -> Any:  # noqa: ANN401 - any cell
        """Return the cell's value, given what the library made of it."""
        if self.is_time:
            return _time(self.text) if isinstance(read, str) else read
        if isinstance(read, time) and self.text.startswith("-"):
            return self.epoch + timedelta(days=float(self.text))
        if isinstance(read, float) and abs(read) >= EXACT_IN_FLOAT and re.fullmatch(r"-?\d{1,400}", self.text):
            return int(self.text)
        return read


@dataclass
class SheetPart:
    """The part of a workbook that is a worksheet.

    Attributes:
        archive: The workbook.
        name: The name of the part.
        epoch: The day that serial numbers count from.
        has_doubtful_kinds: Whether it may have error cells, formulas without results, or times in ISO format.
    """

    archive: zipfile.ZipFile
    name: str
    epoch: datetime
    has_doubtful_kinds: bool

    def doubtful_cells(self) -> Mapping[tuple[int, int], ErrorCell | Raw]:
        """Return the cells that need a second look, by row and column from 0."""
        xml = self.archive.read(self.name)
        found: dict[tuple[int, int], ErrorCell | Raw] = {}
        row, column = -1, -1
        for match in _CELL.finditer(xml):
            row_attributes, attributes, empty = match.groups()
            if row_attributes is not None:
                number = _ROW.search(row_attributes)
                row, column = int(number[1]) - 1 if number else row + 1, -1
                continue
            address = _ADDRESS.search(attributes)
            column = _column_number(address[1]) if address else column + 1
            row = int(address[2]) - 1 if address else row
            content = None if empty else _CONTENT.match(xml, match.end())
            if content is None:
                continue
            kind = _KIND.search(attributes)
            text = (content[2] or b"").decode("utf-8", "replace").strip()
            # A formula may have made an empty text, which is a result.
            no_result = content[1] is not None and not text and (kind is None or kind[1] != b"str")
            if no_result or (kind is not None and kind[1] == b"e"):
                found[row, column] = ErrorCell(text)
            elif kind is not None and kind[1] == b"d":
                found[row, column] = Raw(text, True, self.epoch)
            elif (kind is None or kind[1] == b"n") and (text.startswith("-") or len(text) > _LONG_DIGITS):
                found[row, column] = Raw(text, False, self.epoch)
        return found


def sheet_parts(archive: zipfile.ZipFile, doubtful: Collection[str]) -> dict[str, SheetPart]:
    """Return the parts that are worksheets by the sheet's name; none where the workbook is put together oddly.

    Args:
        archive: The workbook.
        doubtful: The parts in which the marks of `DOUBTFUL_KINDS` stand, or `NO_RESULT` is.
    """
    try:
        book = next(target for kind, target in _relations(archive, "").values() if kind.endswith("/officeDocument"))
        root = ElementTree.fromstring(archive.read(book))
        relations = _relations(archive, book)
    except (KeyError, StopIteration, ElementTree.ParseError, ValueError):
        return {}
    epoch, parts = datetime(1899, 12, 30), {}
    for element in root.iter():
        tag = element.tag.rpartition("}")[2]
        attributes = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
        if tag == "workbookPr" and attributes.get("date1904") in ("1", "true", "on"):
            epoch = datetime(1904, 1, 1)
        if tag == "sheet" and attributes.get("id") in relations:
            target = relations[attributes["id"]][1]
            if target in archive.NameToInfo:
                parts[attributes.get("name", "")] = SheetPart(archive, target, epoch, target in doubtful)
    return parts


def _relations(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Return type and target of the relations of a part, by their id."""
    folder, name = posixpath.split(part)
    root = ElementTree.fromstring(archive.read(posixpath.join(folder, "_rels", f"{name}.rels")))
    relations = {}
    for element in root.iter():
        target = element.get("Target")
        if target is not None:
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            relations[element.get("Id", "")] = element.get("Type", ""), path
    return relations


def _time(text: str) -> Any:  # noqa: ANN401 - a time, or the text when it is none
    try:
        # A workbook knows no time zones: what such a cell shows is the time as it is written.
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return text


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
