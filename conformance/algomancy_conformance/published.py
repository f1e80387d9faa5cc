"""The published OpenAPI document: the one in this package, never the target's."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
PUBLISHED_PREFIX = "/api/v1"


@cache
def published_document() -> dict[str, Any]:
    """The document, parsed."""
    text = files("algomancy_conformance").joinpath("openapi.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@cache
def operation_ids() -> tuple[str, ...]:
    """The operationIds of the published document, in its order."""
    return tuple(op["operationId"] for _, _, op in operations(published_document()))


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation object of every operation."""
    return [
        (path, method, item[method])
        for path, item in document.get("paths", {}).items()
        for method in METHODS
        if isinstance(item, dict) and method in item
    ]
