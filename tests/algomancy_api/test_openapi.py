"""The document: complete, published, and the same wherever it comes from."""

from __future__ import annotations

import difflib
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openapi_spec_validator
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from algomancy_api.openapi import build_document, openapi_document
from algomancy_api.routers import GROUPS

DOCUMENT = openapi_document()
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
INVENTORY = (
    "list_sessions create_session get_session copy_session rename_session delete_session list_algorithms "
    "get_algorithm_parameters list_kpis list_scenarios create_scenario get_scenario delete_scenario run_scenario "
    "reset_scenario cancel_scenario get_scenario_status get_processing get_runs list_datasets get_dataset "
    "delete_dataset "
    "derive_dataset add_dataset_from_json get_data_parameters run_etl get_events get_health"
)


def parts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every object in the document, with where it is."""
    if isinstance(value, dict):
        yield path, value
        for name, member in value.items():
            yield from parts(member, (*path, name))
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from parts(member, (*path, str(number)))


def test_document_is_valid() -> None:
    """It is an OpenAPI 3.1 document."""
    assert DOCUMENT["openapi"] == "3.1.0"
    openapi_spec_validator.validate(DOCUMENT)


def test_document_lists_every_operation() -> None:
    """The seed's inventory and what this server adds to it, each under the name of its function."""
    assert sorted(OPERATIONS) == sorted(INVENTORY.split())


def test_published_document_is_up_to_date() -> None:
    """The committed file is what the code says; run `make openapi` when it is not."""
    spec = importlib.util.find_spec("algomancy_conformance")
    assert spec is not None
    assert spec.origin is not None
    published = Path(spec.origin).with_name("openapi.json").read_text(encoding="utf-8")
    current = json.dumps(DOCUMENT, indent=2, ensure_ascii=False) + "\n"
    drift = "\n".join(difflib.unified_diff(published.splitlines(), current.splitlines(), "published", "code", n=2))
    assert not drift, drift


def test_document_is_the_one_an_application_serves(http: TestClient) -> None:
    """With default settings `/openapi.json` is the published document."""
    app: Any = http.app
    assert http.get("/openapi.json").json() == DOCUMENT == app.openapi()


def test_document_does_not_vary_with_the_hash_seed() -> None:
    """Two processes write the same bytes."""
    code = "import json; from algomancy_api.openapi import openapi_document as o; print(json.dumps(o()))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True, text=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_says_all_there_is(name: str) -> None:
    """Summary, description, one tag that is described, and the one error model for everything that can go wrong."""
    method, _, operation = OPERATIONS[name]
    assert operation["summary"]
    assert not operation["summary"].endswith(".")
    assert len(operation["description"]) > len(operation["summary"]) + 5
    (tag,) = operation["tags"]
    assert next(each for each in DOCUMENT["tags"] if each["name"] == tag)["description"]
    for status, response in operation["responses"].items():
        if status[0] in "45":
            assert response["content"] == {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        elif status not in ("204", "304"):
            (media_type,) = response["content"].values()
            assert media_type["schema"]
    statuses = set(operation["responses"])
    assert ("403" in statuses) == (method != "get")
    assert ("413" in statuses) == ("requestBody" in operation)
    assert "400" in statuses


def test_success_bodies_are_named_models() -> None:
    """No 2xx body is untyped."""
    for name, (_, _, operation) in OPERATIONS.items():
        for status, response in operation["responses"].items():
            if status[0] == "2" and status != "204":
                text = json.dumps(response["content"])
                assert "#/components/schemas/" in text, name


def test_every_field_is_described() -> None:
    """Models, their fields and all parameters have descriptions; no generated title is left."""
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert schema.get("description"), name
        for field, described in schema.get("properties", {}).items():
            assert described.get("description"), (name, field)
    for name, (_, _, operation) in OPERATIONS.items():
        for parameter in operation.get("parameters", ()):
            assert parameter.get("description"), (name, parameter["name"])
    assert not [
        path for path, _ in parts(DOCUMENT["components"]) if path[-1:] == ("title",) and path[-2] != "properties"
    ]


def test_document_is_friendly_to_generators() -> None:
    """It holds nothing that tools choke on: a bare `const`, a line separator in a pattern, a time without a format."""
    objects = list(parts(DOCUMENT["components"]))
    constants = [part for _, part in objects if "const" in part]
    patterns = [part["pattern"] for path, part in objects if "pattern" in part and path[-1] != "properties"]
    times = {
        path[-1]: {part.get("format"), *(each.get("format") for each in part.get("anyOf", ()))} - {None}
        for path, part in objects
        if path[-2:-1] == ("properties",) and re.search(r"(_at|_datetime)$", path[-1])
    }

    assert constants
    assert all(part["enum"] == [part["const"]] for part in constants)
    assert patterns
    assert not [pattern for pattern in patterns if re.search(r"u202[89]|[\u2028\u2029]", pattern)]
    assert times == {
        "created_at": {"date-time"},
        "started_at": {"date-time"},
        "finished_at": {"date-time"},
        "creation_datetime": {"iso-date-time"},
    }
    assert json.dumps(DOCUMENT["components"]["schemas"]["TimeParameterDescriptor"]).count('"iso-date-time"') == 2
    assert json.dumps(DOCUMENT["components"]["schemas"]["IntervalParameterDescriptor"]).count('"iso-date-time"') == 2
    assert not re.search(r"T[\d:.]+\+00:00", json.dumps(DOCUMENT))


def test_descriptor_is_told_apart_by_its_type() -> None:
    """The eight kinds of parameter are a discriminated union with a name."""
    union = DOCUMENT["components"]["schemas"]["ParameterDescriptor"]
    assert len(union["oneOf"]) == 8
    assert union["discriminator"]["propertyName"] == "type"
    assert sorted(union["discriminator"]["mapping"]) == sorted(
        ["string", "integer", "float", "boolean", "enum", "multi_enum", "time", "interval"]
    )


def test_references_and_links_lead_somewhere() -> None:
    """Every `$ref` and every link's operation and parameters exist, and no model is unused."""
    referred = {part["$ref"].rpartition("/")[2] for _, part in parts(DOCUMENT) if isinstance(part.get("$ref"), str)}
    assert referred == set(DOCUMENT["components"]["schemas"]) - {"HTTPValidationError"}
    links = [link for path, part in parts(DOCUMENT["paths"]) if path[-1:] == ("links",) for link in part.values()]
    assert len(links) >= 9
    for link in links:
        _, path, _ = OPERATIONS[link["operationId"]]
        assert {f"{{{name}}}" for name in link["parameters"]} == {part for part in path.split("/") if part[:1] == "{"}


def test_document_carries_the_contract_and_the_error_table() -> None:
    """`x-contract` and `x-error-rules` tell a suite what it tests."""
    assert DOCUMENT["info"]["x-contract"]["version"] == "0.8.2"
    assert DOCUMENT["info"]["version"] == "0.8.2"
    rules = DOCUMENT["x-error-rules"]
    assert [rule["id"] for rule in rules][:8] == [f"ERR-{number}" for number in range(1, 9)]
    assert {"id": "ERR-3", "exception": "AssertionError", "statuses": [409], "when": rules[2]["when"]} in rules
    statuses = {status for rule in rules for status in rule["statuses"]}
    documented = {int(status) for _, _, operation in OPERATIONS.values() for status in operation["responses"]}
    assert {status for status in documented if status >= 400} == statuses - {401}


def test_token_is_documented_as_a_security_scheme(make_app: Callable[..., FastAPI]) -> None:
    """With `api_token`, everything but the probe wants the bearer, and can answer 401."""
    document = make_app(api_token="t").openapi()
    openapi_spec_validator.validate(document)
    assert document["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["paths"]["/health"]["get"]["security"] == []
    assert "401" not in document["paths"]["/health"]["get"]["responses"]
    assert "401" in document["paths"]["/api/v1/sessions"]["get"]["responses"]
    assert DOCUMENT["security"] == []


def test_routes_of_the_users_are_documented_too(make_app: Callable[..., FastAPI]) -> None:
    """A route added to the application is in its document, with our error model for its 422."""
    app = make_app()

    @app.get("/own/{number}", operation_id="own")
    def own(number: int) -> int:
        return number

    document = build_document(app)
    assert document["paths"]["/own/{number}"]["get"]["responses"]["422"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Error"
    }
    assert "HTTPValidationError" not in document["components"]["schemas"]
    openapi_spec_validator.validate(document)


def test_document_has_nothing_of_this_machine() -> None:
    """No path of a file system and no address of a registry."""
    text = json.dumps(DOCUMENT)
    for inside in ("site-packages", "/work", "/home", "127.0.0.1", "pypi"):
        assert inside not in text


def test_docs_page_needs_no_internet(http: TestClient) -> None:
    """Everything the page loads comes from this server and is there (contract MET-5)."""
    import re

    page = http.get("/docs").text
    loaded = re.findall(r"<(?:script|link)[^>]* (?:src|href)=\"([^\"]+)\"", page)
    assert len(loaded) == 3
    for url in loaded:
        assert url.startswith("/docs-assets/")
        assert http.get(url).status_code == 200
    assert 'fetch("/openapi.json")' in page
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert "prefers-color-scheme: dark" in page
    assert not re.findall(r"https?://", page)


def test_groups_are_listed_in_order() -> None:
    """Tags and paths follow the groups, whatever the order in which routes are matched."""
    assert [tag["name"] for tag in DOCUMENT["tags"]] == [group.tag for group in GROUPS]
    tags = [operation["tags"][0] for item in DOCUMENT["paths"].values() for operation in item.values()]
    assert list(dict.fromkeys(tags)) == [group.tag for group in GROUPS]
