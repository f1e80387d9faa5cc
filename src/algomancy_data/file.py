"""Files handed to the extractors: a logical name, a kind, content in memory or on disk, and how much may be read."""

from __future__ import annotations

import base64
import codecs
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from algomancy_data.encoding import encode_json, shown
from algomancy_data.schema import FileExtension
from algomancy_utils.errors import TooLargeError

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""What a text in UTF-16 begins with."""

_DATA_URL = re.compile(r"data:[^,]{0,200};base64,")


class ExtractionError(ValueError):
    """A file cannot be read at all; the message names it and says why."""


def split_file_name(file_name: str) -> tuple[str, FileExtension]:
    r"""Split the name of an upload into its logical name and its kind.

    Only the last part of a path counts, whichever system wrote it; the name never reaches the file system.

    Args:
        file_name: The name as sent: `items.csv`, `C:\data\Items.CSV`.

    Returns:
        The stem and the kind of file (contract ETL-1).

    Raises:
        ValueError: There is no name, or its extension is none of those that can be read.
    """
    last = re.split(r"[/\\]", file_name)[-1]
    stem, dot, extension = last.rpartition(".")
    if not stem or not dot:
        raise ValueError(f"File '{shown(file_name)}' needs a name and one of the extensions {_extensions()}.")
    return stem, _extension(extension, file_name)


GIBIBYTE = 1 << 30

_BYTES_PER_CELL = 16
"""What the shortest cell of a workbook that holds anything takes, and about what any cell takes in memory."""


@dataclass(frozen=True)
class ReadLimits:
    """Bounds on what is read from one file, so that a small file cannot fill the memory.

    Attributes:
        max_inflated_bytes: Bytes of a compressed file (xlsx) once inflated.
        max_rows: Rows of one table, its header left out.
        max_columns: Columns of one table.
        max_cells: Cells of one table: rows times columns.
    """

    max_inflated_bytes: int = GIBIBYTE
    max_rows: int = 4 * 1_048_576
    max_columns: int = 16_384
    max_cells: int = 100_000_000

    def check_inflated(self, size: int, subject: str) -> None:
        """Refuse content that inflates to more bytes than allowed.

        Args:
            size: Bytes once inflated, so far.
            subject: What is being read, as a message names it: `File 'stock.xlsx'`.

        Raises:
            TooLargeError: `size` is over the limit.
        """
        if size > self.max_inflated_bytes:
            allowed = f"{self.max_inflated_bytes:,} bytes"
            raise TooLargeError(f"{subject} is too large: at most {allowed} are allowed once inflated.")

    def check_shape(self, rows: int, columns: int, subject: str, *, filled_up: bool = False) -> None:
        """Refuse a table of more rows, columns or cells than allowed.

        Args:
            rows: Rows read so far.
            columns: Columns of the table.
            subject: What is being read, as a message names it.
            filled_up: Whether cells need not be in the file to be in the table. Then `max_inflated_bytes` bounds their
                number as well: a few bytes could make a hundred million of them.

        Raises:
            TooLargeError: One of the three is over its limit.
        """
        max_cells = min(self.max_cells, self.max_inflated_bytes // _BYTES_PER_CELL) if filled_up else self.max_cells
        for count, limit, noun in (
            (rows, self.max_rows, "rows"),
            (columns, self.max_columns, "columns"),
            (rows * columns, max_cells, "cells"),
        ):
            if count > limit:
                raise TooLargeError(f"{subject} is too large: at most {limit:,} {noun} are allowed.")


def as_utf8(source: bytes | str, subject: str, remarks: list[str]) -> bytes:
    """Return a text in UTF-8 without the mark it may begin with; UTF-16 is converted if it begins with its own.

    Args:
        source: The text, or the path of it.
        subject: The file, as messages name it.
        remarks: Where to say that it was UTF-16.

    Raises:
        ExtractionError: It begins like UTF-16 and is none.
    """
    content = source if isinstance(source, bytes) else Path(source).read_bytes()
    if not content.startswith(UTF16_MARKS):
        return content.removeprefix(codecs.BOM_UTF8)
    remarks.append("The file is UTF-16 text.")
    try:
        return content.decode("utf-16").encode()
    except UnicodeError:
        raise ExtractionError(f"{subject} is not UTF-16 text, although it starts as such.") from None


class File:
    """One file of raw data.

    Args:
        name: Its logical name: the stem, which the schemas know it by.
        extension: Its kind, in any case, with or without dot.
        path: Where it is on disk.
        content: What it holds, when it is in memory: bytes, text, or a data URL as browsers make
            (`data:text/csv;base64,…`). It wins over `path`.

    Attributes:
        limits: How much may be read from it.

    Raises:
        ValueError: There is no name, no such kind of file, or a data URL that is none.
        FileNotFoundError: There is no file at the path.
    """

    def __init__(
        self,
        name: str,
        extension: FileExtension | str,
        path: str | Path | None = None,
        content: bytes | str | None = None,
    ) -> None:
        if not name:
            raise ValueError("A file needs a name.")
        self.name = name
        self.extension = _extension(str(extension).removeprefix("."), f"{name}.{extension}")
        self.path = path
        self.limits = ReadLimits()
        self._content = content if content is None else self._bytes_of(content)
        if content is None and path is not None and not Path(path).is_file():
            raise FileNotFoundError(f"{self.subject} is not there.")

    @classmethod
    def from_file_name(cls, file_name: str, path: str | Path | None = None, content: bytes | str | None = None) -> File:
        """Make the file its name tells of: a `CSVFile`, `JSONFile` or `XLSXFile`.

        Raises:
            ValueError: See `split_file_name`.
        """
        stem, extension = split_file_name(file_name)
        return FILE_KINDS[extension](stem, path=path, content=content)

    @property
    def content(self) -> str | None:
        """What it holds as text; None when it has neither content nor path."""
        return None if self._content is None and self.path is None else self.read_contents_from_path()

    @property
    def file_name(self) -> str:
        """Name and extension, shortened and cleaned so that a message may show them: `items.csv`."""
        return shown(f"{self.name}.{self.extension}")

    @property
    def subject(self) -> str:
        """The file as messages name it: `File 'items.csv'`."""
        return f"File '{self.file_name}'"

    @property
    def is_in_memory(self) -> bool:
        """Whether its content is in memory rather than on disk."""
        return self._content is not None

    def open(self) -> IO[bytes]:
        """Return a stream of the content.

        Raises:
            ExtractionError: The file has no content, or cannot be read from disk.
        """
        if self._content is not None:
            return io.BytesIO(self._content)
        if self.path is None:
            raise ExtractionError(f"{self.subject} has neither content nor a path.")
        try:
            return Path(self.path).open("rb")
        except OSError:
            raise ExtractionError(f"{self.subject} cannot be read from disk.") from None

    def source(self) -> tuple[bytes | str, int]:
        """Return what another process reads the file from, its bytes or its path, and how many bytes that are.

        Raises:
            ExtractionError: The file has no content, or cannot be read from disk.
        """
        if self._content is not None:
            return self._content, len(self._content)
        with self.open() as stream:
            return str(self.path), stream.seek(0, io.SEEK_END)

    def read_bytes(self) -> bytes:
        """Return the whole content.

        Raises:
            ExtractionError: The file has no content, or cannot be read from disk.
        """
        if self._content is not None:
            return self._content
        with self.open() as stream:
            return stream.read()

    def read_contents_from_path(self) -> str:
        """Return the whole content as text.

        Raises:
            ExtractionError: The file has no content, cannot be read from disk, or is not UTF-8 text.
        """
        try:
            return self.read_bytes().decode()
        except UnicodeDecodeError:
            raise ExtractionError(f"{self.subject} is not UTF-8 text.") from None

    def _bytes_of(self, content: bytes | str) -> bytes:
        if isinstance(content, bytes):
            return content
        match = _DATA_URL.match(content)
        if match is None:
            return content.encode()
        try:
            return base64.b64decode(content[match.end() :], validate=True)
        except ValueError:
            raise ValueError(f"{self.subject} is not a data URL in base64.") from None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class CSVFile(File):
    """A file of comma-separated values (or values separated otherwise); the arguments are those of `File`."""

    def __init__(self, name: str, path: str | Path | None = None, content: bytes | str | None = None) -> None:
        super().__init__(name, FileExtension.CSV, path, content)


class JSONFile(File):
    """A JSON document; the arguments are those of `File`."""

    def __init__(self, name: str, path: str | Path | None = None, content: bytes | str | None = None) -> None:
        super().__init__(name, FileExtension.JSON, path, content)


class XLSXFile(File):
    """A workbook; the arguments are those of `File`.

    Attributes:
        index_to_sheet_name: For extractors of your own to note which sheet is which.
    """

    def __init__(self, name: str, path: str | Path | None = None, content: bytes | str | None = None) -> None:
        super().__init__(name, FileExtension.XLSX, path, content)
        self.index_to_sheet_name: dict[int, str] = {}

    def read_contents_from_path(self) -> str:
        """Return the workbook as JSON, for extractors of your own: `{"metadata": {…}, "sheets": {name: [records]}}`.

        The metadata has `sheet_count`, `sheet_names` and `index_to_sheet_name`; times are ISO 8601.

        Raises:
            ExtractionError: The file has no content, cannot be read from disk, or is no workbook.
        """
        import pandas as pd

        try:
            sheets = pd.read_excel(io.BytesIO(self.read_bytes()), sheet_name=None, engine="openpyxl")
        except (ValueError, OSError, KeyError, zipfile.BadZipFile):
            raise ExtractionError(f"{self.subject} is not an xlsx workbook.") from None
        names = [str(name) for name in sheets]
        metadata = {
            "sheet_count": len(names),
            "sheet_names": names,
            "index_to_sheet_name": {str(index): name for index, name in enumerate(names)},
        }
        return encode_json({"metadata": metadata, "sheets": dict(zip(names, sheets.values(), strict=True))}).decode()


FILE_KINDS: dict[FileExtension, type[CSVFile] | type[JSONFile] | type[XLSXFile]] = {
    FileExtension.CSV: CSVFile,
    FileExtension.JSON: JSONFile,
    FileExtension.XLSX: XLSXFile,
}
"""The class of each kind of file."""


def _extension(text: str, file_name: str) -> FileExtension:
    try:
        return FileExtension(text.lower())
    except ValueError:
        raise ValueError(
            f"File '{shown(file_name)}' cannot be read: its extension must be one of {_extensions()}."
        ) from None


def _extensions() -> str:
    return ", ".join(FileExtension)
