"""Files handed to the extractors: a logical name, a kind, and content in memory or on disk."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import IO

from algomancy_data.reading.limits import ReadLimits
from algomancy_data.schema import FileExtension

_NAME_LENGTH_SHOWN = 100


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
        raise ValueError(f"File '{_shown(file_name)}' needs a name and one of the extensions {_extensions()}.")
    return stem, _extension(extension, file_name)


class File:
    """One file of raw data.

    Args:
        name: Its logical name: the stem, which the schemas know it by.
        extension: Its kind, in any case, with or without dot.
        path: Where it is on disk.
        content: What it holds, when it is in memory; text is read as UTF-8. It wins over `path`.

    Attributes:
        limits: How much may be read from it.

    Raises:
        ValueError: There is no name, no such kind of file, or neither path nor content.
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
        if path is None and content is None:
            raise ValueError(f"File '{name}' has neither a path nor content.")
        self.name = name
        self.extension = _extension(str(extension).removeprefix("."), f"{name}.{extension}")
        self.path = None if path is None else Path(path)
        self.content = content
        self.limits = ReadLimits()

    @classmethod
    def from_file_name(cls, file_name: str, path: str | Path | None = None, content: bytes | str | None = None) -> File:
        """Make the file its name tells of: a `CSVFile`, `JSONFile` or `XLSXFile`.

        Raises:
            ValueError: See `split_file_name`.
        """
        stem, extension = split_file_name(file_name)
        return _KINDS[extension](stem, path=path, content=content)

    @property
    def file_name(self) -> str:
        """Name and extension, shortened and cleaned so that a message may show them: `items.csv`."""
        return _shown(f"{self.name}.{self.extension}")

    @property
    def subject(self) -> str:
        """The file as messages name it: `File 'items.csv'`."""
        return f"File '{self.file_name}'"

    def open(self) -> IO[bytes]:
        """Return a stream of the content.

        Raises:
            ExtractionError: The file cannot be read from disk.
        """
        if self.content is not None:
            return io.BytesIO(self.content.encode() if isinstance(self.content, str) else self.content)
        try:
            return Path(self.path or "").open("rb")
        except OSError:
            raise ExtractionError(f"{self.subject} cannot be read from disk.") from None

    def read_bytes(self) -> bytes:
        """Return the whole content.

        Raises:
            ExtractionError: The file cannot be read from disk.
        """
        if isinstance(self.content, bytes):
            return self.content
        with self.open() as stream:
            return stream.read()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class CSVFile(File):
    """A file of comma-separated values (or values separated otherwise)."""

    def __init__(self, name: str, path: str | Path | None = None, content: bytes | str | None = None) -> None:
        super().__init__(name, FileExtension.CSV, path, content)


class JSONFile(File):
    """A JSON document."""

    def __init__(self, name: str, path: str | Path | None = None, content: bytes | str | None = None) -> None:
        super().__init__(name, FileExtension.JSON, path, content)


class XLSXFile(File):
    """A workbook."""

    def __init__(self, name: str, path: str | Path | None = None, content: bytes | str | None = None) -> None:
        super().__init__(name, FileExtension.XLSX, path, content)


_KINDS: dict[FileExtension, type[CSVFile] | type[JSONFile] | type[XLSXFile]] = {
    FileExtension.CSV: CSVFile,
    FileExtension.JSON: JSONFile,
    FileExtension.XLSX: XLSXFile,
}


def _extension(text: str, file_name: str) -> FileExtension:
    try:
        return FileExtension(text.lower())
    except ValueError:
        raise ValueError(
            f"File '{_shown(file_name)}' cannot be read: its extension must be one of {_extensions()}."
        ) from None


def _extensions() -> str:
    return ", ".join(FileExtension)


def _shown(name: str) -> str:
    # A name may be hostile: hundreds of characters, or control characters that would garble a log.
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)
    return f"{shown[:_NAME_LENGTH_SHOWN]}…" if len(shown) > _NAME_LENGTH_SHOWN else shown
