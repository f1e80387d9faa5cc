"""MET: the target's own OpenAPI document is valid, and promises all that the published one does."""

from __future__ import annotations

from typing import Any

import pytest

from algomancy_conformance.api import Api
from algomancy_conformance.checks import clause
from algomancy_conformance.compatibility import missing_parts
from algomancy_conformance.published import published_document
from algomancy_conformance.suite.shapes import demand


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    """The target's own document."""
    answer = api.root("GET", "/openapi.json").expect(200)
    demand(answer.headers.get("content-type", "").startswith("application/json"), "the document is not sent as JSON")
    body: dict[str, Any] = answer.json()
    return body


@clause("MET-2", layer="document", read_only=True)
def test_document_is_valid_openapi_31(document: dict[str, Any]) -> None:
    """The target's document is valid OpenAPI 3.1."""
    from openapi_spec_validator import OpenAPIV31SpecValidator

    demand(str(document.get("openapi", "")).startswith("3.1"), f"its version is {document.get('openapi')!r}")
    errors = [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in OpenAPIV31SpecValidator(document).iter_errors()
    ]
    demand(not errors, "\n".join(errors[:5]))


@clause("MET-6", layer="document", read_only=True)
def test_document_promises_what_the_published_one_does(api: Api, document: dict[str, Any]) -> None:
    """No operation, documented status, response field or enum value of the published document is missing."""
    missing = missing_parts(published_document(), document, api.prefix)
    demand(not missing, f"{len(missing)} missing: " + "; ".join(missing[:10]))
