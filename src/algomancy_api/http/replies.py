"""Replies: values as strict JSON (contract GEN-2), with what lets clients and proxies save work."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from urllib.parse import quote

import orjson
from pydantic_core import to_jsonable_python
from starlette.requests import Request
from starlette.responses import Response

MAX_DEPTH = 200
"""How deep arrays and objects may nest in what is read and written."""

CONDITIONAL = {"ETag": "Names this very body; send it back in `If-None-Match` to get 304 while it is unchanged."}
"""The header of a conditional reply, as the document describes it."""

_MIN_GZIP_BYTES = 1_024
_GZIP_LEVEL = 3
_LARGE_BYTES = 64 * 1024
_VERY_LARGE_BYTES = 1024 * 1024
_KEPT_TAGS = 1_024
_WRITTEN_AS_THEY_ARE = (str, bool, int, float, type(None))


class UnencodableError(Exception):
    """A backend handed over something that cannot be written as JSON: its mistake, not the caller's."""


class JsonReply(Response):
    """A JSON body that is encoded already. It is on the path of every request, so it builds its headers itself.

    Args:
        body: The encoded body.
        status: The HTTP status.
        headers: Further headers.
    """

    media_type = "application/json"

    def __init__(self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        self.raw_headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        if headers:
            self.raw_headers += [
                (name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()
            ]


async def reply(request: Request, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON body, compressed when it is worth it and the client accepts it."""
    if len(body) < _MIN_GZIP_BYTES:
        return JsonReply(body, status, headers)
    headers = {**(headers or {}), "Vary": "Accept-Encoding"}
    if accepts_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
        if len(body) < _LARGE_BYTES:
            body = _compressed(body)
        else:
            body = await request.app.state.backend_calls.in_thread(_compressed, body)
    return JsonReply(body, status, headers)


async def conditional_reply(request: Request, body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON body with an `ETag`, or 304 when the client has this very body already."""
    # Neither the digest nor Python's hash of so much is for the event loop.
    etag = (
        entity_tag(body)
        if len(body) < _VERY_LARGE_BYTES
        else await request.app.state.backend_calls.in_thread(entity_tag, body)
    )
    headers = {**(headers or {}), "ETag": etag, "Cache-Control": "no-cache"}
    known = request.headers.get("if-none-match")
    if known is not None and _matches(known, etag):
        return Response(status_code=304, headers={**headers, "Vary": "Accept-Encoding"})
    return await reply(request, body, 200, headers)


def entity_tag(body: bytes) -> str:
    """Return a tag that two different bodies do not share, the same on every server and after every start.

    It is a digest, 2 µs for a scenario. That of a large body, half a millisecond for 600 kB, is kept by the body's
    Python hash, which a bytes object computes once: asking again for an unchanged reply costs nothing. The tag is weak
    because compressed and plain replies share it.
    """
    if len(body) < _LARGE_BYTES:
        return _digest(body)
    key = (hash(body), len(body))
    tag = _tags.get(key)
    if tag is None:
        if len(_tags) >= _KEPT_TAGS:
            _tags.clear()
        tag = _tags[key] = _digest(body)
    return tag


_tags: dict[tuple[int, int], str] = {}


def _digest(body: bytes) -> str:
    return f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def location(request: Request, *segments: str) -> dict[str, str]:
    """Return the `Location` header for a path below the API's prefix (contract GEN-7)."""
    base = request.scope.get("root_path", "") + request.app.state.config.prefix
    return {"Location": "/".join([base, *map(_quoted, segments)])}


def _quoted(segment: str) -> str:
    # Most segments are words and UUIDs, for which quoting would only take time.
    return segment if segment.isascii() and segment.replace("-", "").isalnum() else quote(segment, safe="")


def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether an `Accept-Encoding` header allows gzip."""
    accepted = {}
    for each in accept_encoding.lower().split(","):
        coding, _, parameters = each.partition(";")
        quality = parameters.strip().removeprefix("q=").strip()
        accepted[coding.strip()] = quality not in ("0", "0.0", "0.00", "0.000")
    return accepted.get("gzip", accepted.get("*", False))


def _matches(if_none_match: str, etag: str) -> bool:
    opaque = etag.removeprefix("W/")
    return any(each.strip() == "*" or each.strip().removeprefix("W/") == opaque for each in if_none_match.split(","))


def _compressed(body: bytes) -> bytes:
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)


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
            key if isinstance(key, str) else str(key.value if isinstance(key, Enum) else key): _plain(each, depth - 1)
            for key, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_plain(each, depth - 1) for each in value]
    return _plain(_simplified(value), depth - 1)


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
