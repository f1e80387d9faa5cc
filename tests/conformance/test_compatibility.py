"""Whether one OpenAPI document offers all that another one promises."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from algomancy_conformance.document import OPTIONAL, document_for_all, missing_parts, operations, published_document

STATUS_PATH = "/api/v1/sessions/{session_id}/scenarios/{scenario_id}/status"


def drop_operation(document: dict[str, Any]) -> None:
    """Forget an operation."""
    del document["paths"]["/api/v1/sessions"]["post"]


def drop_status(document: dict[str, Any]) -> None:
    """Forget a status."""
    del document["paths"][STATUS_PATH]["get"]["responses"]["404"]


def drop_field(document: dict[str, Any]) -> None:
    """Forget a field of a response."""
    del document["components"]["schemas"]["Scenario"]["properties"]["tag"]


def drop_enum_value(document: dict[str, Any]) -> None:
    """Forget a value of an enum."""
    document["components"]["schemas"]["RunStatus"]["enum"].remove("failed")


def drop_schema(document: dict[str, Any]) -> None:
    """Leave a response untyped."""
    document["paths"]["/api/v1/sessions"]["get"]["responses"]["200"]["content"]["application/json"].pop("schema")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (drop_operation, "POST /api/v1/sessions: the operation is missing"),
        (drop_status, "the status 404 is missing"),
        (drop_field, ".tag: the field is missing"),
        (drop_enum_value, "the enum lacks 'failed'"),
        (drop_schema, "no application/json schema"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_missing_part_is_found(change: Callable[[dict[str, Any]], None], complaint: str) -> None:
    """Whatever a document lacks of what is promised is named."""
    offered = copy.deepcopy(published_document())
    change(offered)

    assert any(complaint in part for part in missing_parts(published_document(), offered))


def test_more_than_promised_is_allowed() -> None:
    """Further operations, statuses, fields and enum values are no reason to complain."""
    offered = copy.deepcopy(published_document())
    offered["paths"]["/api/v1/more"] = {"get": {"operationId": "more", "responses": {"200": {"description": "x"}}}}
    offered["paths"][STATUS_PATH]["get"]["responses"]["418"] = {"description": "x"}
    offered["components"]["schemas"]["Scenario"]["properties"]["more"] = {"type": "string"}
    offered["components"]["schemas"]["RunStatus"]["enum"].append("paused")

    assert missing_parts(published_document(), offered) == []


def test_optional_operations_may_be_missing() -> None:
    """A backend documents what it answers; those of the MAY clauses are no reason to complain."""
    offered = copy.deepcopy(published_document())
    optional = [(path, method) for path, method, each in operations(offered) if each["operationId"] in OPTIONAL]
    for path, method in optional:
        del offered["paths"][path][method]

    assert len(optional) == len(OPTIONAL)
    assert missing_parts(published_document(), offered) == []


def test_status_of_a_database_that_is_away_may_be_missing() -> None:
    """Who has no database documents no 503."""
    other = copy.deepcopy(published_document())
    for _, _, operation in operations(other):
        operation["responses"].pop("503", None)

    assert missing_parts(published_document(), other) == []


def test_progress_of_a_scenario_binds_the_reference_alone() -> None:
    """The published document promises it with every scenario; other backends are judged without it."""
    required = [
        [document["components"]["schemas"][name]["required"] for name in ("Scenario", "ScenarioSummary")]
        for document in (published_document(), document_for_all())
    ]

    assert all("progress" in names for names in required[0])
    assert required[1] == [[name for name in names if name != "progress"] for names in required[0]]


def test_another_prefix_is_the_same_api() -> None:
    """A document whose routes start with another prefix, and name parameters otherwise, is compatible."""
    offered = copy.deepcopy(published_document())
    offered["paths"] = {
        path.replace("/api/v1", "/plan").replace("{session_id}", "{sid}"): item
        for path, item in offered["paths"].items()
    }

    assert missing_parts(published_document(), offered, "/plan") == []
