"""Reading request bodies, never more than allowed and strictly JSON, and queries; checked against a model."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import orjson
import pydantic
from pydantic import BaseModel
from starlette.requests import Request
from starlette.types import Message

from algomancy_api.errors import InvalidRequestError, TooLargeError, describe_validation_errors
from algomancy_api.http.replies import MAX_DEPTH

ModelT = TypeVar("ModelT", bound=BaseModel)

MAX_CONTROL_BODY_BYTES = 4 * 1024 * 1024
"""How large a JSON body may be that carries names and parameters only."""

MAX_CONTROL_VALUES = 100_000
"""How many values such a body may hold: to parse some megabytes of brackets would block all threads."""

_INLINE_VALUES = 10_000
"""How many values a body may hold, at most, that is decoded on the event loop."""

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def limited(request: Request, limit: int) -> Request:
    """Return the request as one that stops reading its body where the limit is, however the body is sent.

    Args:
        request: The request as it came.
        limit: How many bytes its body may have; reading more raises a `TooLargeError`.
    """
    receive, announced = request.receive, request.headers.get("content-length", "")
    received = 0

    # A function: a method of the request itself would make a cycle that keeps the body for long.
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


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"The body must be at most {limit:,} bytes long.")


async def read_body(request: Request, limit: int) -> bytes:
    """Return the whole body.

    Raises:
        TooLargeError: It is longer than `limit` bytes.
    """
    return await limited(request, limit).body()


async def read_model(request: Request, model: type[ModelT]) -> ModelT:
    """Return the body as `model`.

    Raises:
        TooLargeError: It is too long, or holds too many values.
        InvalidRequestError: It is not JSON, or not what the model says (contract GEN-3).
    """
    holds_data = getattr(model, "holds_data", False)
    body = await read_body(request, request.app.state.config.max_json_bytes if holds_data else MAX_CONTROL_BODY_BYTES)
    if not _is_json(request.headers.get("content-type")):
        raise InvalidRequestError("The body must be JSON, sent with 'Content-Type: application/json'.")
    if not body.strip():
        raise InvalidRequestError("The body is required: a JSON object.")
    if _values(body) <= _INLINE_VALUES:
        return parse_model(model, body)
    parsed: ModelT = await request.app.state.backend_calls.in_thread(
        parse_model if holds_data else _parse_many, model, body
    )
    return parsed


def parse_model(model: type[ModelT], body: bytes) -> ModelT:
    """Return a JSON body as `model`.

    Raises:
        InvalidRequestError: It is not JSON, or not what the model says.
    """
    try:
        value = decode_json(body)
    except ValueError as error:
        raise InvalidRequestError(f"The body must be a JSON object. {error}") from None
    return _as_model(model, value, "body")


def decode_json(text: bytes) -> Any:  # noqa: ANN401 - JSON may hold anything
    """Decode JSON, strictly.

    Raises:
        ValueError: The text is not valid JSON in UTF-8, or nests deeper than `MAX_DEPTH`.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(_described(error) if text else "The JSON is empty.") from None
    # Counting brackets is far cheaper than walking the value, and clears nearly every text there is.
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH and _is_deeper_than(value, MAX_DEPTH):
        raise ValueError(f"The JSON nests deeper than {MAX_DEPTH} levels.")
    return value


def _described(error: orjson.JSONDecodeError) -> str:
    if error.msg.startswith("depth limit"):
        return f"The JSON nests deeper than {MAX_DEPTH} levels."
    if error.msg.startswith("str is not valid UTF-8"):
        return "The JSON is not valid UTF-8."
    message = error.msg.split(": line ")[0]
    return f"The text is not valid JSON: {message} (line {error.lineno}, column {error.colno})."


def _is_deeper_than(value: object, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        below: list[object] = []
        for each in level:
            below += each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        level = below
    return any(isinstance(each, (dict, list)) for each in level)


def _parse_many(model: type[ModelT], body: bytes) -> ModelT:
    if _values(body) > MAX_CONTROL_VALUES and _values(_STRINGS.sub(b"", body)) > MAX_CONTROL_VALUES:
        raise TooLargeError(f"The body must hold at most {MAX_CONTROL_VALUES:,} values.")
    return parse_model(model, body)


def _values(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def read_query(request: Request, model: type[ModelT]) -> ModelT:
    """Return the query parameters as `model`.

    Raises:
        InvalidRequestError: One is given twice, or is not what the model says.
    """
    values = request.query_params.multi_items()
    for name in model.model_fields:
        if sum(name == given for given, _ in values) > 1:
            raise InvalidRequestError(f"Query parameter '{name}' may be given once.")
    return _as_model(model, dict(values), "query")


def _as_model(model: type[ModelT], value: object, part: str) -> ModelT:
    try:
        return model.model_validate(value)
    except pydantic.ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)
        refusal = InvalidRequestError(describe_validation_errors(wrong, part))
        refusal.location = wrong[0]["loc"]
        raise refusal from None


def _is_json(content_type: str | None) -> bool:
    """Tell whether a body of this type is read as JSON; one that does not say what it is counts as JSON."""
    if content_type is None:
        return True
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
