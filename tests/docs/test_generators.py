"""The generators of the reference pages, piece by piece."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from site_pages.benchmarks import benchmarks_page
from site_pages.clause_table import checks_by_clause
from site_pages.commands import help_texts
from site_pages.markdown import cell
from site_pages.request_examples import ExampleRequest, as_curl, as_fetch, as_httpx, python_literal
from site_pages.schema_tables import type_in_words

from algomancy_api.cli import main
from tests.benchmarks.run import ROWS
from tests.repository import ROOT

URL = "http://127.0.0.1:8051/api/v1/sessions"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "minLength": 1}, "string, not empty"),
        ({"type": "string", "minLength": 1, "maxLength": 255}, "string, 1 to 255 characters"),
        ({"type": "string", "format": "date-time"}, "string, ISO 8601"),
        ({"type": "string", "format": "iso-date-time"}, "string, ISO 8601"),
        ({"type": "integer", "minimum": 0}, "integer, at least 0"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number or null"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}, "array of string, exactly 2"),
        ({"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Kpi"}}, "object of [Kpi](m.md#Kpi)"),
        ({"enum": ["a", "b"]}, "one of `a`, `b`"),
        ({"const": "ok"}, "always `ok`"),
        ({}, "any value"),
    ],
)
def test_schema_is_put_into_words(schema: dict[str, Any], words: str) -> None:
    """Types, bounds, choices and named models are said in words."""
    assert type_in_words(schema, "m.md") == words


@pytest.mark.parametrize(
    ("text", "expected"), [("a | b", "a &#124; b"), ("`a | b`", "`a | b`"), ("two\nlines", "two lines")]
)
def test_cell_keeps_a_table_whole(text: str, expected: str) -> None:
    """Pipes and line ends do not break a row; code keeps its pipes."""
    assert cell(text) == expected


def test_request_is_written_in_three_languages() -> None:
    """Quotes, non-ASCII text, truth values and nulls come out as each language wants them."""
    body = {"display_name": "Łódź's", "yes": True, "none": None}
    request = ExampleRequest("POST", URL, body, {}, {}, empty=False, text=False)
    assert "'\"'\"'" in as_curl(request)
    assert "Łódź" in as_curl(request)
    assert '"yes": True, "none": None' in as_httpx(request)
    assert '"none": null' in as_fetch(request)


def test_python_literal_evaluates_to_its_value() -> None:
    """However deep and wide, the source is the value."""
    value = {"rows": [{"id": index, "name": "x" * 30, "none": None, "true": True} for index in range(3)], "empty": {}}
    assert eval(python_literal(value)) == value


def test_benchmarks_page_shows_figures_and_goals(tmp_path: Path) -> None:
    """Every row of a measurement is in the table."""
    source = tmp_path / "benchmarks.json"
    row = {"name": "GET status", "figures": {"of bare": 0.43, "requests/s": 16234.0}, "goals": {"≥ 0.40 of bare": True}}
    source.write_text(json.dumps({"tool": "wrk", "cores": 2, "python": "3.11", "rows": [row]}), encoding="utf-8")
    page = benchmarks_page(source)
    assert "| GET status | of bare: 0.43<br>requests/s: 16,234 | ✓ ≥ 0.40 of bare |" in page.text


def test_published_measurement_is_whole_and_reaches_every_goal() -> None:
    """The figures on the site are of a full `make bench` in which every row passed."""
    measured = json.loads((ROOT / "docs" / "benchmarks.json").read_text(encoding="utf-8"))
    assert len({row["name"] for row in measured["rows"]}) == len(ROWS)
    assert all(row["goals"] and all(row["goals"].values()) for row in measured["rows"])


def test_help_is_what_a_terminal_shows() -> None:
    """Word for word, the options that a group hands down included."""
    shown = CliRunner().invoke(main, ["data", "show", "--help"], prog_name="algomancy-api", terminal_width=80)
    assert dict(help_texts())["algomancy-api data show"] == shown.stdout.rstrip("\n")


def test_checks_are_found_without_running_them() -> None:
    """The suite's tests are found by the clauses in their decorators, with what they say."""
    name, says = checks_by_clause()["SES-1"][0]
    assert name.startswith("test_")
    assert says.endswith(".")
