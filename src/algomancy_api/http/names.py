"""Names that callers give, of datasets and files: what they may be, how a message shows them, what they stand for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from algomancy_data.file import File

EXTENSIONS = ("csv", "json", "xlsx")
"""The kinds of files there are."""

_READERS = frozenset({"zipfile", "zlib", "xml", "pandas", "openpyxl"})
"""Packages whose exceptions, of any class, mean that the content of a file is wrong."""

_RESERVED_KEYS = frozenset({".", "..", "from-json"})
_MAX_KEY_LENGTH = 255
_SHOWN_CHARACTERS = 100
_REFUSED_CATEGORIES = ("Cc", "Cs")  # control characters, and lone surrogates, which no URL can carry


def shown(name: str) -> str:
    """Return a name in quotes, as a message shows it: in one line, and never long."""
    text = "".join("\ufffd" if unicodedata.category(each) in _REFUSED_CATEGORIES else each for each in name)
    return f"'{text}'" if len(text) <= _SHOWN_CHARACTERS else f"'{text[:_SHOWN_CHARACTERS]}…'"


def listed(names: Iterable[str]) -> str:
    """Return names as a message lists what there is: ten of them at most."""
    known = list(names)
    more = f" and {len(known) - 10} more" if len(known) > 10 else ""
    return f"{', '.join(map(shown, known[:10])) or 'none'}{more}"


def check_dataset_key(key: object) -> str:
    """Return the key when it may name a dataset (contract DAT-9).

    Raises:
        ValueError: It is no text, empty or blank, longer than 255 characters, reserved, or holds a slash or a control
            character.
    """
    if not isinstance(key, str) or not key.strip():
        raise ValueError("A dataset key must be a text that is not blank.")
    if len(key) > _MAX_KEY_LENGTH:
        raise ValueError(f"A dataset key must have at most {_MAX_KEY_LENGTH} characters, got {len(key)}.")
    if key in _RESERVED_KEYS:
        raise ValueError(f"A dataset cannot be named '{key}': this name is reserved.")
    if "/" in key:
        raise ValueError(f"Dataset key {shown(key)} must not contain a slash.")
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in key):
        raise ValueError("A dataset key must not contain control characters.")
    return key


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
    except Exception as error:
        if not is_read_error(error):
            raise
        raise ValueError(f"File {shown(name)} cannot be read as {extension}.") from error


def is_read_error(error: Exception) -> bool:
    """Tell whether an exception is about the content of a file: one of the libraries that read files raised it."""
    return isinstance(error, (ValueError, OSError)) or type(error).__module__.partition(".")[0] in _READERS
