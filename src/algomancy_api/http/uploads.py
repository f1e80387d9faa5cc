"""Files that ETL reads: what they may be called, and what a backend gets for one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from algomancy_api.http.names import shown

if TYPE_CHECKING:
    from algomancy_data.file import File

EXTENSIONS = ("csv", "json", "xlsx")
"""The kinds of files there are."""


def split_file_name(file_name: str) -> tuple[str, str]:
    """Split the name of an upload into its stem and its extension in lower case (contract ETL-1).

    Only the last part of a path counts, whichever system wrote it; the name never reaches the file system.

    Raises:
        ValueError: There is no name, or its extension is none of `EXTENSIONS`.
    """
    stem, dot, extension = re.split(r"[/\\]", file_name)[-1].rpartition(".")
    if not stem or not dot or extension.lower() not in EXTENSIONS:
        allowed = ", ".join(f".{each}" for each in EXTENSIONS)
        raise ValueError(f"File {shown(file_name)} needs a name and one of the extensions {allowed}.")
    return stem, extension.lower()


def file_at(path: Path, stem: str, extension: str, name: str) -> File:
    """Return the file at a path as ETL takes it.

    Args:
        path: Where it is.
        stem: Its logical name.
        extension: Its kind, one of `EXTENSIONS`.
        name: What a message calls it.

    Raises:
        ValueError: It cannot be read as this kind of file; some backends look as soon as they are given it.
    """
    from algomancy_data.file import CSVFile, JSONFile, XLSXFile

    kind = {"csv": CSVFile, "json": JSONFile, "xlsx": XLSXFile}[extension]
    try:
        return kind(name=stem, path=str(path))
    except UnicodeDecodeError:
        raise ValueError(f"File {shown(name)} cannot be read: it is not text in UTF-8.") from None
    except ValueError as error:
        raise ValueError(f"File {shown(name)} cannot be read as {extension}.") from error
