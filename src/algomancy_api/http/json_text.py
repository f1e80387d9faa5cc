"""JSON as the API writes and reads it: strict RFC 8259 both ways (contract GEN-2)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson
from pydantic_core import to_jsonable_python

MAX_DEPTH = 200
"""How deep arrays and objects may nest in what is read and written."""

_WRITTEN_AS_THEY_ARE = (str, bool, int, float, type(None))


class UnencodableError(Exception):
    """A backend handed over something that cannot be written as JSON: its mistake, not the caller's."""


def encode_json(value: object) -> bytes:
    """Encode a value as compact UTF-8 JSON.

    Besides JSON's own kinds it takes what a user's `to_dict()` may hold: NaN, infinities and missing values become
    `null`; times and dates ISO 8601 text; arrays, series and sets lists; a data frame its rows; a key that is no text
    its text. Lone surrogates become U+FFFD, integers beyond 64 bits floats.

    Raises:
        UnencodableError: Something in the value cannot be written as JSON, or it nests too deep.
    """
    try:
        return orjson.dumps(value, default=_simplified)
    except TypeError:
        return orjson.dumps(_plain(value, MAX_DEPTH))


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


def _plain(value: Any, depth: int) -> Any:  # noqa: ANN401 - any value in, any JSON value out
    """Return a value made of JSON's own types; for values that orjson refuses."""
    if depth < 0:
        raise UnencodableError(f"The value nests deeper than {MAX_DEPTH} levels.")
    if isinstance(value, Enum):
        return _plain(value.value, depth)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value) if abs(value) < 1e308 else None
    if isinstance(value, _WRITTEN_AS_THEY_ARE):
        return value
    if isinstance(value, Mapping):
        return {
            key if isinstance(key, str) else str(_simplified_key(key)): _plain(each, depth - 1)
            for key, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_plain(each, depth - 1) for each in value]
    return _plain(_simplified(value), depth - 1)


def _simplified_key(key: object) -> object:
    return key.value if isinstance(key, Enum) else key


def _simplified(value: Any) -> Any:  # noqa: ANN401 - any value in, a simpler one out
    """Return a value of any class in a simpler form, by the methods that it has."""
    if _is_missing(value):
        return None
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, timedelta):
        return to_jsonable_python(value)
    if isinstance(value, (bytes, bytearray)):
        return _text(bytes(value))
    for name, arguments in (("isoformat", ()), ("to_dict", ("records",)), ("tolist", ()), ("to_dict", ())):
        method: Callable[..., Any] | None = getattr(value, name, None)
        if callable(method) and (not arguments or hasattr(value, "columns")):
            return method(*arguments)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise UnencodableError(f"A value of type {type(value).__name__} cannot be written as JSON.")


def _is_missing(value: Any) -> bool:  # noqa: ANN401 - NaN, NaT and NA, of whichever library
    try:
        return bool(value != value)
    except TypeError:
        return True  # pandas' NA refuses to say.
    except ValueError:
        return False  # An array compares member by member.


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()
