"""`data template`: what the ETL of a project expects."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from openpyxl import load_workbook

from algomancy_api.client import AlgomancyClient


def test_template_lists_files_sheets_and_columns(command: Callable[..., Result]) -> None:
    """Every column of the bundled example has its line, with its type and what may be missing."""
    rows = json.loads(command("data", "template", "--json").stdout)
    assert len(rows) == 21
    found = {(row["file"], row["sheet"], row["column"]): row for row in rows}
    assert found["items.csv", None, "item_id"]["notes"] == "key"
    assert found["items.csv", None, "max_stack"]["may_be_empty"] is True
    assert found["items.csv", None, "weight_kg"]["type"] == "number"
    assert found["planning.xlsx", "layout", "location_id"]["notes"] == "refers to locations.location_id"
    lines = command("data", "template").stdout.splitlines()
    assert lines[0].split()[:3] == ["File", "Sheet", "Column"]
    assert len(lines) == 22


def test_template_files_are_what_is_expected(
    command: Callable[..., Result], drive: Callable[..., Result], client: AlgomancyClient, tmp_path: Path
) -> None:
    """The files have the headings; uploaded without rows, no column is missed. Files that are there stay."""
    folder = tmp_path / "empty"
    assert command("data", "template", "--output", str(folder)).exit_code == 0
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["items.csv", "locations.json", "planning.xlsx"]
    assert files[0].read_text().startswith("item_id;description;category;")
    assert json.loads(files[1].read_text())[0]["position"] == {"x": None, "y": None}
    book = load_workbook(files[2])
    assert [[cell.value for cell in sheet[1]] for sheet in book][1] == ["item_id", "location_id"]
    uploaded = drive("data", "upload", "Empty", *map(str, files), "--json")
    assert "missing from table" not in uploaded.stdout
    again = command("data", "template", "--output", str(folder))
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("target", "message"), [("json:dumps", "TypeError"), ("json:__doc__", "has no schemas"), ("nowhere:cfg", "nowhere")]
)
def test_template_needs_a_configuration(target: str, message: str, command: Callable[..., Result]) -> None:
    """What is none is told in a line."""
    result = command("data", "template", "--config", target)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
