"""Files, and how much may be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from algomancy_data import CSVFile, ExtractionError, File, FileExtension, JSONFile, ReadLimits, XLSXFile
from algomancy_data.file import split_file_name
from algomancy_utils.errors import TooLargeError


@pytest.mark.parametrize(
    ("file_name", "stem", "extension"),
    [
        ("items.csv", "items", "csv"),
        ("Items.CSV", "Items", "csv"),
        ("../x.csv", "x", "csv"),
        ("/etc/passwd.json", "passwd", "json"),
        (r"C:\data\book.XlSx", "book", "xlsx"),
        ("a.b.json", "a.b", "json"),
        ("x" * 300 + ".csv", "x" * 300, "csv"),
        ("CON.csv", "CON", "csv"),
    ],
)
def test_file_name_gives_stem_and_kind(file_name: str, stem: str, extension: str) -> None:
    """Only the last part of a path counts, and its extension in any case."""
    assert split_file_name(file_name) == (stem, FileExtension(extension))


@pytest.mark.parametrize("file_name", ["", "csv", ".csv", "a.txt", "a.csv/", "a.csv.exe", "..", "a.", "a\x00.bin"])
def test_file_name_that_says_no_kind_is_refused(file_name: str) -> None:
    """A file without a name or of a kind that cannot be read is refused with the kinds that can."""
    with pytest.raises(ValueError, match=r"csv, xlsx, json|json") as error:
        split_file_name(file_name)
    assert "\x00" not in str(error.value)


def test_file_is_made_by_its_name() -> None:
    """The extension selects the class."""
    assert type(File.from_file_name("a.CSV", content=b"")) is CSVFile
    assert type(File.from_file_name("a.json", content=b"")) is JSONFile
    assert type(File.from_file_name("a.xlsx", content=b"")) is XLSXFile


def test_file_content_comes_from_memory_or_disk(tmp_path: Path) -> None:
    """Text is read as UTF-8, bytes as they are, a path from disk."""
    (tmp_path / "a.csv").write_bytes(b"x")
    assert CSVFile("a", content="é").read_bytes() == "é".encode()
    assert CSVFile("a", content=b"\xff").read_bytes() == b"\xff"
    assert CSVFile("a", path=str(tmp_path / "a.csv")).read_bytes() == b"x"
    assert File("a", ".CSV", path=tmp_path / "a.csv").extension is FileExtension.CSV


def test_file_that_is_gone_says_so_without_its_path(tmp_path: Path) -> None:
    """A file that cannot be read from disk is named, but where it was looked for is not told."""
    with pytest.raises(FileNotFoundError, match=r"^File 'a\.csv' is not there\.$"):
        CSVFile("a", path=tmp_path / "gone.csv")
    (tmp_path / "going.csv").touch()
    file = CSVFile("a", path=tmp_path / "going.csv")
    (tmp_path / "going.csv").unlink()
    with pytest.raises(ExtractionError, match=r"^File 'a\.csv' cannot be read from disk\.$"):
        file.read_bytes()


def test_file_without_name_or_content_is_refused() -> None:
    """A file needs a name, and a path or content."""
    with pytest.raises(ValueError, match="needs a name"):
        CSVFile("", content="x")
    with pytest.raises(ExtractionError, match="neither content nor a path"):
        CSVFile("a").read_bytes()
    with pytest.raises(ValueError, match="one of csv"):
        File("a", "txt", content="x")


def test_file_is_named_in_messages_without_garbling_them() -> None:
    """A hostile name is shortened and cleaned where messages show it."""
    assert CSVFile("a\nb", content="").subject == "File 'a\ufffdb.csv'"
    assert len(CSVFile("x" * 5_000, content="").subject) < 120


@pytest.mark.parametrize(
    ("rows", "columns", "fragment"),
    [(11, 1, "10 rows"), (1, 6, "5 columns"), (9, 5, "40 cells")],
    ids=["rows", "columns", "cells"],
)
def test_limits_refuse_a_table_over_them(rows: int, columns: int, fragment: str) -> None:
    """A table of more rows, columns or cells than allowed is refused with the limit in the message."""
    limits = ReadLimits(max_rows=10, max_columns=5, max_cells=40)
    with pytest.raises(TooLargeError, match=f"File 'x' is too large: at most {fragment}"):
        limits.check_shape(rows, columns, "File 'x'")


def test_limits_let_a_table_up_to_them_pass() -> None:
    """The limits themselves are allowed."""
    limits = ReadLimits(max_inflated_bytes=100, max_rows=10, max_columns=5, max_cells=40)
    limits.check_shape(10, 4, "x")
    limits.check_shape(8, 5, "x")
    limits.check_inflated(100, "x")
    with pytest.raises(TooLargeError, match="at most 100 bytes"):
        limits.check_inflated(101, "x")
