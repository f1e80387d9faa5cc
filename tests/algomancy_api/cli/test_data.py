"""The commands on datasets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from algomancy_api.client import AlgomancyClient
from tests.algomancy_api.cli.conftest import lines
from tests.repository import MASTER_DATA

SAMPLES = [str(file) for file in sorted((MASTER_DATA).iterdir())]


def test_data_is_listed_and_shown(drive: Callable[..., Result]) -> None:
    """The keys, the tables of one dataset, the first rows of one table."""
    assert lines(drive("data", "list")) == ["Dataset", "Master data"]
    head, _, columns, items, *_ = lines(drive("data", "show", "Master data"))
    assert head.startswith("Master data: master_data, made ")
    assert columns.split() == ["Table", "Rows", "Columns"]
    assert items.startswith("items             200  item_id, description, category,")
    result = drive("data", "show", "Master data", "--table", "items", "--rows", "2")
    assert len(result.stdout.splitlines()) == 3
    assert result.stderr == "… and 198 more rows.\n"
    table = json.loads(drive("data", "show", "Master data", "--table", "items", "--json").stdout)
    assert len(table["data"]) == 200
    assert set(json.loads(drive("data", "show", "Master data", "--json").stdout)) == {"metadata", "tables"}


def test_data_is_derived_and_deleted(drive: Callable[..., Result], client: AlgomancyClient) -> None:
    """A dataset comes and goes; in JSON both tell the keys."""
    assert lines(drive("data", "derive", "Master data", "What if")) == ["Derived 'What if' from 'Master data'."]
    assert lines(drive("data", "delete", "What if")) == ["Deleted 'What if'."]
    assert client.list_datasets().keys == ["Master data"]
    both = {"keys": ["Master data", "B"]}
    assert json.loads(drive("data", "derive", "Master data", "B", "--json").stdout) == both
    assert json.loads(drive("data", "delete", "B", "--json").stdout) == {"keys": ["Master data"]}


def test_data_is_uploaded(drive: Callable[..., Result], client: AlgomancyClient, tmp_path: Path) -> None:
    """Files become a dataset with exit code 0; data that does not pass is told with its findings and 1."""
    assert lines(drive("data", "upload", "Week 12", *SAMPLES))[-1] == "Stored 'Week 12'."
    assert client.list_datasets().keys == ["Master data", "Week 12"]
    assert lines(drive("data", "upload", "Week 12", *SAMPLES))[-1] == "Replaced 'Week 12'."
    assert json.loads(drive("data", "upload", "Week 13", *SAMPLES, "--json").stdout)["success"] is True
    folder = shutil.copytree(MASTER_DATA, tmp_path / "data")
    items = (folder / "items.csv").read_text(encoding="utf-8").splitlines()
    (folder / "items.csv").write_text("\n".join([*items, items[-1]]), encoding="utf-8")
    files = [str(file) for file in sorted(folder.iterdir())]
    result = drive("data", "upload", "Week 14", *files)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0].split() == ["Severity", "Table", "Column", "Row", "Message"]
    assert "Error: Dataset 'Week 14' did not pass validation; nothing was stored." in result.stderr
    result = drive("data", "upload", "Week 14", *files, "--json")
    assert (result.exit_code, json.loads(result.stdout)["success"], result.stderr) == (1, False, "")
