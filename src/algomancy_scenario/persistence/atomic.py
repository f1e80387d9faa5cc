"""Changes to files that are there in full or not at all, and that survive the loss of power once made."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import uuid
from pathlib import Path

_log = logging.getLogger(__name__)
_PREFIX, _SUFFIX = ".algomancy-", ".tmp"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file, in place of any other; whoever opens it finds the old content or the new, never a part.

    Args:
        path: The file; its folder must exist.
        content: What it is to hold.

    Raises:
        OSError: It could not be written, and the old file is as it was; or the disk failed to confirm its entry in the
            folder, and a crash may leave either.
    """
    temporary = path.with_name(f"{_PREFIX}{uuid.uuid4().hex}{_SUFFIX}")
    try:
        write_synced(temporary, content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on disk; a crash meanwhile leaves a part of it.

    Raises:
        OSError: It could not be written.
    """
    with path.open("wb", buffering=0) as file:
        view = memoryview(content)
        while view:
            view = view[file.write(view) :]
        os.fsync(file.fileno())


def remove_durably(path: Path) -> None:
    """Delete a file, if it is there, and wait until it is gone from the disk.

    Raises:
        OSError: It could not be deleted.
    """
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def make_folders(folder: Path) -> None:
    """Make a folder and those above it that are missing, and wait until they are on disk.

    Raises:
        OSError: One could not be made.
    """
    if folder.is_dir():
        return
    make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the entries of a folder are on disk.

    Raises:
        OSError: They could not be written.
    """
    if os.name == "nt":  # pragma: no cover - Windows writes them with the files
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_temporary_files(folder: Path) -> None:
    """Delete what a killed server left of files it was writing in a folder."""
    if folder.is_dir():
        for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            path.unlink(missing_ok=True)


def set_aside(path: Path, reason: object) -> None:
    """Rename a file that cannot be read, so that it is neither in the way nor lost, and log a warning naming it.

    Args:
        path: The file.
        reason: What is wrong with it.
    """
    aside = path.with_name(f"{path.name}.corrupt")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.corrupt-{number}")
    path.rename(aside)
    sync_folder(path.parent)
    _log.warning("File '%s' cannot be read and was renamed to '%s': %s", path, aside.name, reason)


def remove_tree(folder: Path) -> None:
    """Delete a folder with everything in it; what cannot be deleted is logged and left for the next start."""

    def report(_function: object, path: str, _error: object) -> None:
        _log.warning("'%s' could not be deleted.", path)

    if sys.version_info >= (3, 12):
        shutil.rmtree(folder, onexc=report)
    else:
        shutil.rmtree(folder, onerror=report)
