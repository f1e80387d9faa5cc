"""Reading request bodies, never more than allowed and strictly JSON, and queries; checked against a model."""

from __future__ import annotations

from typing import TypeVar

import pydantic
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from algomancy_api.backend_calls import calls_of
from algomancy_api.http.validation_messages import describe_validation_errors
from algomancy_data.encoding import decode_json
from algomancy_data.reading.offload import WORKER

ModelT = TypeVar("ModelT", bound=BaseModel)

MAX_CONTROL_BODY_BYTES = 4 * 1024 * 1024
"""How large a JSON body may be that carries names and parameters only."""

_INLINE_VALUES = 10_000
"""How many values a body may hold, at most, that is decoded on the event loop."""


def limited(request: Request, limit: int) -> Request:
    """Return the request as one that stops reading its body where the limit is, however the body is sent.

    Args:
        request: The request as it came.
        limit: How many bytes its body may have; reading more raises an `HTTPException` with 413.
    """
    receive, announced = request.receive, request.headers.get("content-length", "")
    received = 0

    # A function, for a request that held a method of its own would keep its body until the garbage collector comes by.
    async def receive_within_limit() -> Message:
        nonlocal received
        if not received and announced.isdecimal() and int(announced) > limit:
            raise _too_large(limit)
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise _too_large(limit)
        return message

    return Request(request.scope, receive_within_limit)


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"The body must be at most {limit:,} bytes long.")


async def read_body(request: Request, limit: int) -> bytes:
    """Return the whole body.

    Raises:
        HTTPException: 413, it is longer than `limit` bytes.
    """
    return await limited(request, limit).body()


async def read_model(request: Request, model: type[ModelT]) -> ModelT:
    """Return the body as `model`.

    Raises:
        HTTPException: 413, it is too long; 422, it is not JSON, or not what the model says (contract GEN-3).
    """
    body = await read_body(request, MAX_CONTROL_BODY_BYTES)
    if not _is_json(request.headers.get("content-type")):
        raise HTTPException(422, "The body must be JSON, sent with 'Content-Type: application/json'.")
    if not body.strip():
        raise HTTPException(422, "The body is required: a JSON object.")
    # A few megabytes of brackets take seconds to decode, and would hold up everyone.
    if body.count(b",") + body.count(b"[") + body.count(b"{") <= _INLINE_VALUES:
        parsed = parse_model(model, body)
    else:
        parsed = await calls_of(request).aside(WORKER.run, parse_model, model, body)
    if isinstance(parsed, str):
        raise HTTPException(422, parsed)
    return parsed


def parse_model(model: type[ModelT], body: bytes) -> ModelT | str:
    """Return a JSON body as `model`, or what is wrong with it."""
    try:
        return _as_model(model, decode_json(body), "body")
    except ValueError as error:
        return f"The body must be a JSON object. {error}"


def read_query(request: Request, model: type[ModelT]) -> ModelT:
    """Return the query parameters as `model`.

    Raises:
        HTTPException: 422, one is given twice, or is not what the model says.
    """
    values = request.query_params.multi_items()
    for name in model.model_fields:
        if sum(name == given for given, _ in values) > 1:
            raise HTTPException(422, f"Query parameter '{name}' may be given once.")
    parsed = _as_model(model, dict(values), "query")
    if isinstance(parsed, str):
        raise HTTPException(422, parsed)
    return parsed


def _as_model(model: type[ModelT], value: object, part: str) -> ModelT | str:
    try:
        return model.model_validate(value)
    except pydantic.ValidationError as error:
        return describe_validation_errors(error.errors(include_url=False, include_input=False), part)


def _is_json(content_type: str | None) -> bool:
    """Tell whether a body of this type is read as JSON; one that does not say what it is counts as JSON."""
    if content_type is None:
        return True
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
