"""The published OpenAPI document, and whether another document offers all that it promises.

The published one is the one in this package, never the target's. More than it promises is allowed, less is not.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
PUBLISHED_PREFIX = "/api/v1"
OPTIONAL = {
    "get_session": "SES-13",
    "reset_scenario": "SCN-12",
    "cancel_scenario": "SCN-13",
    "get_data_parameters": "DAT-8",
    "get_runs": "SCN-21",
    "get_events": "EVT-1",
}
"""The operations a backend may do without, and the MAY clause of each."""
OPTIONAL_STATUSES = ("503",)
"""What a backend need not document: that its database does not answer is known to one that has a database."""


@cache
def published_document() -> dict[str, Any]:
    """The document, parsed."""
    text = files("algomancy_conformance").joinpath("openapi.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@cache
def document_for_all() -> dict[str, Any]:
    """The document as it binds every backend: of a scenario, `progress` is what the reference adds."""
    document = copy.deepcopy(published_document())
    for name in ("Scenario", "ScenarioSummary"):
        document["components"]["schemas"][name]["required"].remove("progress")
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


def with_prefix(document: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The document with its routes below another prefix."""
    if prefix == PUBLISHED_PREFIX:
        return document
    moved = copy.deepcopy(document)
    moved["paths"] = {
        prefix + path.removeprefix(PUBLISHED_PREFIX) if path.startswith(PUBLISHED_PREFIX) else path: item
        for path, item in document["paths"].items()
    }
    return moved


Schema = dict[str, Any]
COMBINED = ("anyOf", "oneOf", "allOf")


def missing_parts(promised: dict[str, Any], offered: dict[str, Any], prefix: str = PUBLISHED_PREFIX) -> list[str]:
    """What `promised` documents and `offered` lacks: binding operations, statuses, response fields, enum values.

    Args:
        promised: The published document.
        offered: The target's.
        prefix: What the target's routes start with.
    """
    theirs = {(plain(path, prefix), method): op for path, method, op in operations(offered)}
    missing = []
    for path, method, operation in operations(promised):
        name = f"{method.upper()} {path}"
        other = theirs.get((plain(path, PUBLISHED_PREFIX), method))
        if other is None and operation["operationId"] in OPTIONAL:
            continue
        if other is None:
            missing.append(f"{name}: the operation is missing")
            continue
        for status, response in operation["responses"].items():
            answer = other.get("responses", {}).get(status)
            if answer is None and status in OPTIONAL_STATUSES:
                continue
            if answer is None:
                missing.append(f"{name}: the status {status} is missing")
                continue
            mine = resolve(promised, response)
            for media, content in mine.get("content", {}).items():
                schema = resolve(offered, answer).get("content", {}).get(media, {}).get("schema")
                if schema is None:
                    missing.append(f"{name} {status}: no {media} schema")
                    continue
                for part in missing_in_schema(promised, content.get("schema", {}), offered, schema):
                    missing.append(f"{name} {status}: {part}")
    return missing


def plain(path: str, prefix: str) -> str:
    """`path` below its prefix, with nameless parameters."""
    return re.sub(r"\{[^}]*\}", "{}", path.removeprefix(prefix))


def resolve(document: dict[str, Any], schema: Schema) -> Schema:
    """`schema`, its reference followed."""
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        schema = found
    return schema


def missing_in_schema(
    promised: dict[str, Any], mine: Schema, offered: dict[str, Any], theirs: Schema, at: str = "", depth: int = 0
) -> Iterator[str]:
    """The fields and enum values of `mine` that `theirs` lacks, each with the path to it."""
    if depth > 12:
        return
    here = at or "the body"
    values = enum_values(promised, mine)
    others = enum_values(offered, theirs)
    if values and others and not values <= others:
        lost = ", ".join(sorted(map(repr, values - others)))
        yield f"{here}: the enum lacks {lost}"
    my_fields, their_fields = fields(promised, mine), fields(offered, theirs)
    if my_fields and not their_fields and not is_open(offered, theirs):
        yield f"{here}: it has no fields"
        return
    for name, schema in my_fields.items():
        if not their_fields:
            return
        if name not in their_fields:
            yield f"{at}.{name}: the field is missing"
        else:
            yield from missing_in_schema(promised, schema, offered, their_fields[name], f"{at}.{name}", depth + 1)
    my_items, their_items = items(promised, mine), items(offered, theirs)
    if my_items is not None and their_items is not None:
        yield from missing_in_schema(promised, my_items, offered, their_items, f"{at}[]", depth + 1)


def alternatives(document: dict[str, Any], schema: Schema) -> Iterator[Schema]:
    """The schema and all it combines, references followed."""
    schema = resolve(document, schema)
    yield schema
    for word in COMBINED:
        for part in schema.get(word, ()):
            yield from alternatives(document, part)


def fields(document: dict[str, Any], schema: Schema) -> dict[str, Schema]:
    """The properties of the schema and all it combines; the values of a map count as a field named ``*``."""
    found: dict[str, Schema] = {}
    for part in alternatives(document, schema):
        found.update(part.get("properties", {}))
        if isinstance(part.get("additionalProperties"), dict) and part["additionalProperties"]:
            found["*"] = part["additionalProperties"]
    return found


def is_open(document: dict[str, Any], schema: Schema) -> bool:
    """Whether the schema promises nothing about its fields and so allows any."""
    return any(part.get("additionalProperties") is True or not part for part in alternatives(document, schema))


def items(document: dict[str, Any], schema: Schema) -> Schema | None:
    """The schema of an array's elements, when it is one."""
    for part in alternatives(document, schema):
        if isinstance(part.get("items"), dict):
            element: Schema = part["items"]
            return element
    return None


def enum_values(document: dict[str, Any], schema: Schema) -> set[str]:
    """The texts an enum or a constant allows, in the schema and all it combines."""
    found: set[str] = set()
    for part in alternatives(document, schema):
        found.update(v for v in part.get("enum", ()) if isinstance(v, str))
        if isinstance(part.get("const"), str):
            found.add(part["const"])
    return found


@cache
def _templates() -> dict[int, list[tuple[str, list[str]]]]:
    """The path templates below the prefix by their number of segments, those without parameters first."""
    found: dict[int, dict[str, list[str]]] = {}
    for path, _, _ in operations(published_document()):
        template = path.removeprefix(PUBLISHED_PREFIX)
        segments = template.split("/")
        found.setdefault(len(segments), {})[template] = segments
    return {n: sorted(of.items(), key=lambda item: item[0].count("{")) for n, of in found.items()}


def route_of(path: str) -> str:
    """The template that a raw path below the prefix belongs to, or the path itself where there is none."""
    segments = path.split("/")
    for template, parts in _templates().get(len(segments), ()):
        if all(p == s or (p[:1] == "{" and s) for p, s in zip(parts, segments, strict=True)):
            return template
    return path
