"""The OpenAPI document: made from the operations, the models and the error table, and from nothing else."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from algomancy_api.errors import ERROR_RULES, FOREIGN_HOST, NO_TOKEN, UNAVAILABLE, Failure
from algomancy_api.routers import GROUPS, PREFIXED_OPERATIONS, sessions
from algomancy_api.routers.operation import (
    Operation,
    OperationRoute,
    Operations,
    add_operations,
    summary_and_description,
)
from algomancy_api.schemas import DatasetPayload, Error, EtlUpload

DEFAULT_PREFIX = "/api/v1"
CONTRACT = {"name": "algomancy-api", "version": "0.8.2"}
"""The contract the document describes; the packages have versions of their own."""

_DESCRIPTION = """\
Load datasets, create scenarios, run them in the background, watch their progress and compare their KPIs.

Every error is answered with `{"detail": "<message>"}`: branch on the status code, not on the text. Path parameters
travel percent-encoded, in UTF-8, a `/` within one as `%2F`; not every generated client sees to that. Any GET may be
asked as HEAD. Readers are to ignore members they do not know."""


@dataclass(frozen=True)
class About:
    """What a document is about.

    Attributes:
        title: Title of the API.
        summary: What it is, in one sentence.
        description: What holds for all its operations.
        groups: Its operations, in the order in which they are documented.
        models: Models that no operation's body or reply names, but its prose does.
        members: Further members of the document.
    """

    title: str
    summary: str
    description: str
    groups: tuple[Operations, ...]
    models: tuple[type[BaseModel], ...] = ()
    members: Mapping[str, Any] = field(default_factory=dict)


API = About(
    "Algomancy API",
    "Datasets, scenarios and their results, over HTTP.",
    _DESCRIPTION,
    GROUPS,
    (EtlUpload, DatasetPayload),
    {
        "x-error-rules": [
            {"id": rule.id, "exception": rule.exception, "statuses": rule.statuses, "when": rule.when}
            for rule in ERROR_RULES
        ]
    },
)

_UNCHANGED = {"description": "The body is the one that `If-None-Match` names."}
_ERROR_CONTENT = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
_NO_TOKEN_NEEDED = frozenset({"get_health"})


def openapi_document() -> dict[str, Any]:
    """Return the document of a server with default settings, without needing a configuration or a backend."""
    app = FastAPI(openapi_url=None)
    add_documented_operations(app, DEFAULT_PREFIX)
    return build_document(app)


def add_documented_operations(app: FastAPI, prefix: str) -> None:
    """Add all operations to an application.

    Args:
        app: The application.
        prefix: What their paths begin with; `/health` stays where it is.
    """
    add_operations(app.router.routes, PREFIXED_OPERATIONS, prefix)
    add_operations(app.router.routes, sessions.meta.all, "")


def build_document(app: FastAPI, *, with_token: bool = False, about: About = API) -> dict[str, Any]:
    """Return the document of an application, routes that a user added included.

    Args:
        app: The application.
        with_token: Whether it wants a bearer token.
        about: What the document is about.
    """
    ours = _operation_routes(app, about.groups)
    generated = get_openapi(
        title=about.title,
        version=CONTRACT["version"],
        openapi_version="3.1.0",
        summary=about.summary,
        description=about.description,
        routes=[_analysed(route.operation, route.path) for route in ours]
        + [route for route in app.routes if route not in ours],
        tags=[{"name": group.tag, "description": group.description} for group in about.groups],
        servers=[{"url": "/", "description": "The server that this document comes from."}],
        contact={"name": "Algomancy", "url": "https://algomancy.readthedocs.io"},
        license_info={"name": "MIT", "identifier": "MIT"},
    )
    document = copy.deepcopy(generated)  # Parts of it belong to the routes.
    paths: dict[str, Any] = {}
    for route in ours:
        item = document["paths"][route.path_format]
        documented = item.pop(route.operation.method.lower())
        wants_token = with_token and route.operation.name not in _NO_TOKEN_NEEDED
        everywhere = (FOREIGN_HOST, *((UNAVAILABLE,) if about is API else ()), *((NO_TOKEN,) if wants_token else ()))
        _complete(documented, route.operation, everywhere)
        if with_token and not wants_token:
            documented["security"] = []
        paths.setdefault(route.path_format, {})[route.operation.method.lower()] = documented
    for path, item in document["paths"].items():
        if item:  # A route of the user's.
            paths.setdefault(path, {}).update(item)
    document["paths"] = paths
    document["components"]["schemas"] = _schemas(document["components"]["schemas"], about)
    document["security"] = [{"bearer": []}] if with_token else []
    if with_token:
        document["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "description": "The token the server was configured with."}
        }
    document["info"]["x-contract"] = CONTRACT
    document |= about.members
    completed: dict[str, Any] = _with_our_error_model(document)
    return completed


def document_of(app: FastAPI, *, with_token: bool) -> Callable[[], dict[str, Any]]:
    """Return what `app.openapi` is to be: the document, made when first asked for.

    Args:
        app: The application.
        with_token: Whether it wants a bearer token.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = build_document(app, with_token=with_token)
        return app.openapi_schema

    return openapi


@functools.cache
def load_examples() -> dict[str, dict[str, Any]]:
    """Return one true request and reply for each operation, by `operationId`, as the bundled example gives them.

    Ids and times differ from one server to the next; the tests replay everything else.
    """
    examples: dict[str, dict[str, Any]] = json.loads(
        files(__package__).joinpath("examples.json").read_text(encoding="utf-8")
    )
    return examples


@functools.lru_cache(maxsize=256)
def _analysed(operation: Operation, path: str) -> APIRoute:
    """Return an operation as FastAPI describes it. It knows nothing of its application, so applications share it."""
    summary, description = summary_and_description(operation.endpoint)
    return APIRoute(
        path,
        operation.endpoint,
        methods=[operation.method],
        name=operation.name,
        operation_id=operation.name,
        status_code=operation.status,
        response_model=operation.reply,
        tags=[operation.tag],
        summary=summary,
        description=description,
        openapi_extra=operation.extra,
    )


def _operation_routes(app: FastAPI, groups: tuple[Operations, ...]) -> list[OperationRoute]:
    """Return the routes in the order of the groups, whatever the order in which they are matched."""
    order = [operation for group in groups for operation in group.all]
    routes = [route for route in app.routes if isinstance(route, OperationRoute) and route.include_in_schema]
    return sorted(routes, key=lambda route: order.index(route.operation))


def _complete(documented: dict[str, Any], operation: Operation, everywhere: tuple[Failure, ...]) -> None:
    """Write an operation's replies and examples into what FastAPI says of it."""
    status = str(operation.status)
    success = documented["responses"][status]
    success["description"] = _SUCCESS[operation.status]
    if operation.reply is None:
        success.pop("content", None)
    if operation.events:
        # OpenAPI 3.1 cannot describe a stream of events: tools see text, and `x-events` names the models.
        kinds = {kind: {"$ref": f"#/components/schemas/{model.__name__}"} for kind, model in operation.events.items()}
        success["content"] = {"text/event-stream": {"schema": {"type": "string"}, "x-events": kinds}}
    if operation.headers:
        success["headers"] = {
            name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in operation.headers.items()
        }
    if operation.links:
        success["links"] = {
            name: {"operationId": link.operation, "parameters": link.parameters, "description": link.description}
            for name, link in operation.links.items()
        }
    responses = {status: success}
    if "ETag" in operation.headers:
        responses["304"] = _UNCHANGED
    for failure in sorted((*operation.failures, *everywhere), key=lambda each: each.status):
        earlier = responses.get(str(failure.status))
        description = f"{earlier['description']} {failure.when}" if earlier else failure.when
        responses[str(failure.status)] = {"description": description, "content": _ERROR_CONTENT}
    documented["responses"] = responses
    example = load_examples().get(operation.name, {})
    if "request" in example:
        (media_type,) = documented["requestBody"]["content"].values()
        media_type["example"] = example["request"]
    if "response" in example:
        success["content"]["application/json"]["example"] = example["response"]
    if operation.reply is not None and operation.reply is not type(None):
        success["content"]["application/json"]["schema"].pop("title", None)


_SUCCESS = {
    200: "Done.",
    201: "Created.",
    202: "Accepted: it happens in the background.",
    204: "Deleted; the body is empty.",
}


def _schemas(schemas: dict[str, Any], about: About) -> dict[str, Any]:
    models: list[type[BaseModel]] = [Error, *about.models]
    models += [model for group in about.groups for operation in group.all for model in operation.events.values()]
    for model in models:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    return {name: _for_generators(schemas[name]) for name in sorted(schemas)}


def _for_generators(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return a schema as generators want it.

    Without the titles that pydantic makes of names, as each would become a type; and with an `enum` of one beside each
    `const`, for those that do not know `const`.
    """
    if isinstance(schema, list):
        return [_for_generators(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    named = {name: _for_generators(part) for name, part in schema.items() if name != "title" or isinstance(part, dict)}
    return {**named, "enum": [named["const"]]} if isinstance(named.get("const"), str) else named


def _with_our_error_model(part: Any) -> Any:  # noqa: ANN401 - any part of the document
    """Return the document with FastAPI's model of a 422, which routes of a user's carry, replaced by ours."""
    if isinstance(part, dict):
        if part.get("$ref") == "#/components/schemas/HTTPValidationError":
            return {"$ref": "#/components/schemas/Error"}
        return {name: _with_our_error_model(member) for name, member in part.items()}
    return [_with_our_error_model(member) for member in part] if isinstance(part, list) else part
