"""The example's files become its dataset, and files that do not fit are refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from algomancy_api.example.etl import SCHEMAS, SlottingETLFactory
from algomancy_data import DataSource, ETLResult, File
from tests.example.sample_files import sample_files
from tests.repository import MASTER_DATA


def outcome_of(folder: Path) -> ETLResult:
    """The outcome of the example's ETL for a folder of files."""
    files = [File.from_file_name(path.name, path=path) for path in sorted(folder.iterdir())]
    return SlottingETLFactory(SCHEMAS).build_pipeline("Master data", files).run()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped files."""
    return Path(shutil.copytree(MASTER_DATA, tmp_path / "copy"))


def test_dataset_has_all_rows_and_types(master_data: DataSource) -> None:
    """Four tables with every row generated, each column in the type its schema names."""
    files = sample_files()
    sizes = {name: len(master_data.get_table(name)) for name in master_data.list_tables()}
    assert sizes == {
        "items": len(files.items),
        "locations": len(files.locations),
        "planning.orders": len(files.orders),
        "planning.layout": len(files.layout),
    }
    items = master_data.get_table("items")
    assert items["weight_kg"].tolist() == [item["weight_kg"] for item in files.items]
    assert items["fragile"].tolist() == [item["fragile"] for item in files.items]
    assert [moment.date() for moment in items["introduced_on"]] == [item["introduced_on"] for item in files.items]
    assert items["max_stack"].isna().tolist() == [item["max_stack"] is None for item in files.items]
    assert items["supplier"].isna().tolist() == [item["supplier"] is None for item in files.items]
    locations = master_data.get_table("locations")
    assert locations["position.y"].tolist() == [location["position"]["y"] for location in files.locations]
    orders = master_data.get_table("planning.orders")
    assert [moment.to_pydatetime() for moment in orders["ordered_at"]] == [line["ordered_at"] for line in files.orders]


def test_dataset_survives_json(master_data: DataSource) -> None:
    """Written, read and written again, the dataset is the same text."""
    text = master_data.to_json()
    assert DataSource.from_json(text).to_json() == text


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        ("items.csv", "I002;", "I001;", "PK_DUPLICATE"),
        ("items.csv", ";0.2;", ";heavy;", "CONVERSION_FAILED"),
        ("locations.json", '"level": 2', '"level": "top"', "CONVERSION_FAILED"),
        ("items.csv", ";0.2;", ";;", "NULL_VALUE"),
        ("items.csv", "item_id;", "item;", "MISSING_REQUIRED_COLUMN"),
        ("items.csv", "I001;", "I999;", "FK_VIOLATION"),
    ],
    ids=["twin key", "no number", "no integer", "no value", "no key column", "unknown reference"],
)
def test_wrong_data_fails_validation(folder: Path, file: str, old: str, new: str, code: str) -> None:
    """What does not pass validation gives no dataset and says why."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    result = outcome_of(folder)
    assert not result.is_success
    assert result.datasource is None
    assert code in {message.code for message in result.messages}


@pytest.mark.parametrize("missing", ["items.csv", "locations.json", "planning.xlsx"])
def test_missing_file_is_named(folder: Path, missing: str) -> None:
    """A file that was not sent is bad input, and is named."""
    (folder / missing).unlink()
    with pytest.raises(ValueError, match=missing.partition(".")[0]):
        outcome_of(folder)
