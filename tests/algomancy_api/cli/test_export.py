"""Plans and comparisons as files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from openpyxl import load_workbook

from algomancy_api.cli.output import write_tables
from algomancy_api.client import AlgomancyClient


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a csv file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_xlsx(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """The cells of each sheet."""
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in load_workbook(path).worksheets}


def test_plan_becomes_a_workbook(drive: Callable[..., Result], client: AlgomancyClient, tmp_path: Path) -> None:
    """A sheet for the summary with the KPIs, and one for each list of the result."""
    done = client.run_and_wait("Random slotting", "Master data", tag="seed 7", algo_params={"seed": 7})
    result = drive("scenarios", "export", "seed 7", str(tmp_path / "plan.xlsx"))
    assert (result.exit_code, result.stdout) == (0, "")
    sheets = read_xlsx(tmp_path / "plan.xlsx")
    assert list(sheets) == ["summary", "layout"]
    assert ("tag", "seed 7", None) in sheets["summary"]
    assert ("parameter seed", 7, None) in sheets["summary"]
    assert ("Worst walk", done.kpis["Worst walk"].value, "m") in sheets["summary"]
    layout = (done.result or {})["layout"]
    assert sheets["layout"] == [tuple(layout[0]), *(tuple(row.values()) for row in layout)]


def test_plan_becomes_a_csv_file(drive: Callable[..., Result], client: AlgomancyClient, tmp_path: Path) -> None:
    """It holds the only list of the result, or the table asked for."""
    done = client.run_and_wait("Greedy slotting", "Master data", tag="greedy")
    assert drive("scenarios", "export", "greedy", str(tmp_path / "plan.csv")).exit_code == 0
    expected = [{name: str(value) for name, value in row.items()} for row in (done.result or {})["layout"]]
    assert read_csv(tmp_path / "plan.csv") == expected
    told = drive("scenarios", "export", "greedy", str(tmp_path / "s.csv"), "--table", "summary", "--json")
    assert json.loads(told.stdout) == {"file": str(tmp_path / "s.csv"), "tables": ["summary"]}
    assert {"name": "status", "value": "complete", "unit": ""} in read_csv(tmp_path / "s.csv")


def test_comparison_becomes_a_file(drive: Callable[..., Result], client: AlgomancyClient, tmp_path: Path) -> None:
    """A row per KPI and scenario, in both kinds of file the same."""
    client.run_and_wait("Slow", "Master data", tag="slow")
    client.run_and_wait("Greedy slotting", "Master data", tag="greedy")
    for name in ("comparison.csv", "comparison.XLSX"):
        result = drive("compare", "slow", "greedy", "--output", str(tmp_path / name))
        assert (result.exit_code, result.stdout) == (0, "")
    rows = read_csv(tmp_path / "comparison.csv")
    assert [(row["KPI"], row["scenario"]) for row in rows[:3]] == [
        ("Travel distance", "slow"),
        ("Travel distance", "greedy"),
        ("Zone balance", "slow"),
    ]
    assert (rows[5]["value"], rows[5]["threshold"], rows[5]["best"]) == ("23.0", "met", "True")
    assert float(rows[1]["difference in %"]) == pytest.approx(-55.2, abs=0.1)
    ((head, *cells),) = read_xlsx(tmp_path / "comparison.XLSX").values()
    assert list(head) == list(rows[0])
    assert [cell[4] for cell in cells] == pytest.approx([float(row["value"]) for row in rows])


def test_text_in_a_workbook_stays_text(tmp_path: Path) -> None:
    """No text becomes a formula, none makes the file unreadable, and sheets are named as Excel allows."""
    odd = "x" * 40
    write_tables(
        tmp_path / "odd.xlsx",
        {"a/b": [{"=1+1": "=2+2", "n": 3}], odd: [{"text": "a\x01b\ud800", "list": [1, {"x": None}]}], f"{odd}!": []},
    )
    sheets = read_xlsx(tmp_path / "odd.xlsx")
    first, second, third = sheets
    assert (first, len(second), len(third) <= 31) == ("a_b", 31, True)
    assert sheets[first] == [("=1+1", "n"), ("=2+2", 3)]
    book = load_workbook(tmp_path / "odd.xlsx")
    assert book["a_b"]["A2"].data_type == "s"
    assert sheets[second][1] == ("a\ufffdb\ufffd", '[1, {"x": null}]')


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("plan.pdf",), "must end in .csv or .xlsx"),
        (("nowhere/plan.csv",), "cannot be written: No such file or directory."),
        (("plan.csv", "--table", "nope"), "has no table 'nope'. Its tables: summary, layout."),
    ],
    ids=["kind", "folder", "table"],
)
def test_export_that_cannot_be_is_told(
    arguments: tuple[str, ...], message: str, drive: Callable[..., Result], client: AlgomancyClient,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The kinds of file and the tables there are stand in the message; no file is made."""
    monkeypatch.chdir(tmp_path)
    client.run_and_wait("Greedy slotting", "Master data", tag="greedy")
    result = drive("scenarios", "export", "greedy", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []
