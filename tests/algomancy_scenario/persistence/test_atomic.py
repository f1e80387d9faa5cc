"""Files are there in full or not at all."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from algomancy_scenario.persistence.atomic import (
    make_folders,
    remove_durably,
    remove_temporary_files,
    remove_tree,
    set_aside,
    write_atomically,
    write_synced,
)


def names(folder: Path) -> list[str]:
    """The names of everything in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_written_file_replaces_the_old_one_and_leaves_no_other(tmp_path: Path) -> None:
    """The new content is in place, and nothing else is in the folder."""
    file = tmp_path / "x.json"
    for content in (b"old", b"new" * 100_000, b""):
        write_atomically(file, content)
        assert file.read_bytes() == content
        assert names(tmp_path) == ["x.json"]


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_failed_write_leaves_the_old_file(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk refuses, the old content stays and the temporary file goes."""
    file = tmp_path / "x.json"
    write_atomically(file, b"old")

    def refuse(*args: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(*((os, "fsync", refuse) if broken == "fsync" else (Path, "replace", refuse)))
    with pytest.raises(OSError, match="No space"):
        write_atomically(file, b"new")
    monkeypatch.undo()
    assert file.read_bytes() == b"old"
    assert names(tmp_path) == ["x.json"]


def test_file_is_synced_before_it_is_renamed_and_the_folder_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Content, rename, folder: in this order, or a loss of power could leave an empty file under the right name."""
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "content")
        fsync(handle)

    def noted_replace(path: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    write_atomically(tmp_path / "x", b"1")
    remove_durably(tmp_path / "x")
    assert steps == ["content", "rename", "folder", "folder"]


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes a few bytes at a time gets them all."""
    opened = Path.open

    class Slow:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> Slow:
            return self

        def __exit__(self, *args: Any) -> None:
            self.file.close()

        def write(self, content: memoryview) -> int:
            return int(self.file.write(content[:3]))

        def fileno(self) -> int:
            return int(self.file.fileno())

    monkeypatch.setattr(Path, "open", lambda path, *args, **kwargs: Slow(opened(path, *args, **kwargs)))
    write_synced(tmp_path / "x", b"0123456789")
    monkeypatch.undo()
    assert (tmp_path / "x").read_bytes() == b"0123456789"


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    """A file may be removed twice."""
    remove_durably(tmp_path / "x")


def test_folders_are_made_as_deep_as_needed(tmp_path: Path) -> None:
    """Missing parents are made too; existing folders are fine."""
    make_folders(tmp_path / "a" / "b")
    make_folders(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


KILLED = """
import os, sys
from pathlib import Path
from algomancy_scenario.persistence.atomic import write_atomically
Path.replace = lambda *args: os._exit(1)
write_atomically(Path(sys.argv[1]), b"1")
"""


def test_leftovers_of_a_killed_write_are_removed(tmp_path: Path) -> None:
    """What a killed server was writing goes; every other file stays, whatever its name."""
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "x")], check=False)
    (tmp_path / "mine.tmp").write_text("keep")
    assert len(names(tmp_path)) == 2
    remove_temporary_files(tmp_path)
    assert names(tmp_path) == ["mine.tmp"]
    remove_temporary_files(tmp_path / "absent")


def test_files_set_aside_never_replace_one_another(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each damaged file keeps its content under a name of its own, and is named in a warning."""
    for content in ("one", "two", "three"):
        (tmp_path / "x.json").write_text(content)
        with caplog.at_level(logging.WARNING):
            set_aside(tmp_path / "x.json", "it is damaged")
    expected = ["x.json.corrupt", "x.json.corrupt-2", "x.json.corrupt-3"]
    assert names(tmp_path) == expected
    assert [(tmp_path / name).read_text() for name in expected] == ["one", "two", "three"]
    assert caplog.text.count("x.json' cannot be read") == 3


def test_tree_that_cannot_be_removed_is_named_in_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Deleting is best effort; what is left is logged."""
    remove_tree(tmp_path / "absent")
    assert "could not be deleted" in caplog.text
