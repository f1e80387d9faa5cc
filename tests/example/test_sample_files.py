"""The sample files are what the script makes of its seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.example import sample_files
from tests.repository import MASTER_DATA


def cells(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything a workbook shows."""
    workbook = openpyxl.load_workbook(path)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in workbook}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sample files."""
    folder = tmp_path_factory.mktemp("made")
    sample_files.write_sample_files(folder)
    return folder


def test_shipped_files_are_all_there_is(made: Path) -> None:
    """One csv, one json and one xlsx are made, and no other file is shipped."""
    names = ["items.csv", "locations.json", "planning.xlsx"]
    assert sorted(path.name for path in made.iterdir()) == names
    assert sorted(path.name for path in MASTER_DATA.iterdir()) == names


@pytest.mark.parametrize("name", ["items.csv", "locations.json"])
def test_shipped_text_is_as_made(made: Path, name: str) -> None:
    """The text files are made byte for byte."""
    assert (made / name).read_bytes() == (MASTER_DATA / name).read_bytes()


def test_shipped_workbook_is_as_made(made: Path) -> None:
    """The workbook is made cell for cell; its bytes tell the time of day."""
    assert cells(made / "planning.xlsx") == cells(MASTER_DATA / "planning.xlsx")


def test_other_seed_makes_other_warehouse() -> None:
    """The seed matters."""
    assert sample_files.sample_files(1) != sample_files.sample_files(2)


def test_warehouse_has_room() -> None:
    """About 200 items fit in 100 locations, with room to move."""
    files = sample_files.sample_files()
    assert len(files.items) == 200
    assert len(files.locations) == 100
    assert sum(location["capacity"] for location in files.locations) > 220
