"""The OpenAPI documents as the generated pages read them: made from the sources at this moment, not from a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from algomancy_api.openapi import openapi_document
from algomancy_api.sandbox.application import control_document

Schema = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One operation of the document.

    Attributes:
        id: Its operationId, which is also its anchor.
        method: Its HTTP method in capitals.
        path: Its path template.
        tag: The tag whose page it is on.
        spec: Its operation object.
        parameters: Its parameter objects, those of the path item first.
    """

    id: str
    method: str
    path: str
    tag: str
    spec: dict[str, Any]
    parameters: list[dict[str, Any]]


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    return openapi_document()


@cache
def control() -> dict[str, Any]:
    """The document of the sandbox's control API. No model of it has the name of another one of the API's."""
    return control_document()


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    """`node`, or the model that it refers to."""
    while "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        node = document()["components"][kind].get(name) or control()["components"][kind][name]
    return node


def operations(of: dict[str, Any] | None = None) -> Iterator[Operation]:
    """Every operation of a document, the API's by default.

    Whole collections come before what is in them; else the order is that of the document.
    """
    paths = (document() if of is None else of)["paths"]
    for path, item in sorted(paths.items(), key=lambda entry: entry[0].count("/")):
        for method in METHODS:
            if method in item:
                spec = item[method]
                parameters = [resolve(one) for one in [*item.get("parameters", []), *spec.get("parameters", [])]]
                yield Operation(spec["operationId"], method.upper(), path, spec["tags"][0], spec, parameters)


def tags() -> list[dict[str, Any]]:
    """The tags in the document's order, each with its description."""
    return list(document()["tags"])


def slug(name: str) -> str:
    """A tag's name as a file name."""
    return "-".join("".join(char if char.isalnum() else " " for char in name.lower()).split())


def operation_links() -> dict[str, str]:
    """For each operationId the address of its section, seen from another page of the reference."""
    return {operation.id: f"{slug(operation.tag)}.md#{operation.id}" for operation in operations()}


def example_of(media: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """The first documented example of a media type or parameter object, or None."""
    if "example" in media:
        return media["example"]
    for one in media.get("examples", {}).values():
        return resolve(one).get("value")
    schema = resolve(media.get("schema", {}))
    return schema.get("example", next(iter(schema.get("examples", [])), None))
