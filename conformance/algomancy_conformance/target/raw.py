"""Requests no HTTP library would send, written byte for byte."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

import httpx

from ..outcomes import KitError, Untried
from .client import Api

LONGEST_SHOWN = 200


def raw_request(
    api: Api, method: str, target: str, headers: Iterable[str] = (), beginning: bytes = b""
) -> tuple[int, bytes]:
    """Send a request, and record its answer like any other; its body ends after its beginning.

    Returns the answer's status and body, or 0 when none comes.

    Args:
        api: The target, and what guards it.
        method: The method.
        target: Path and query, the prefix included.
        headers: Lines of the head, as they are to be sent.
        beginning: The first bytes of the body.

    Raises:
        Untried: The target is not to be had over plain http.
        KitError: The network broke.
    """
    url = api.next_url()
    where = urlsplit(url)
    if where.scheme != "http" or where.hostname is None:
        raise Untried("this is tried over plain http only")
    api.guard(method, target.partition("?")[0])
    lines = [f"{method} {target} HTTP/1.1", f"Host: {where.netloc}", *headers]
    if api.token:
        lines.append(f"Authorization: Bearer {api.token}")
    try:
        with socket.create_connection((where.hostname, where.port or 80), timeout=5) as connection:
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # it may have answered before the end
                connection.sendall("\r\n".join([*lines, "", ""]).encode() + beginning)
            response = http.client.HTTPResponse(connection)
            response.begin()
            status, body = response.status, response.read()
            api.record(answer_of(url, method, target, headers, beginning, response, body))
            return status, body
    except (TimeoutError, ConnectionResetError, BrokenPipeError, http.client.HTTPException):
        return 0, b""
    except OSError as error:
        raise KitError(f"{method} {target[:60]}: {error}") from None


def answer_of(
    url: str,
    method: str,
    target: str,
    headers: Iterable[str],
    beginning: bytes,
    response: http.client.HTTPResponse,
    body: bytes,
) -> httpx.Response:
    """The answer as the client records it."""
    sent = [(name, value.strip()) for name, _, value in (line.partition(":") for line in headers) if value]
    kept = [(name, value if len(value) < LONGEST_SHOWN else f"{value[:9]}...") for name, value in sent]
    request = httpx.Request(method, f"{url}{target[:LONGEST_SHOWN]}", headers=kept)
    request.stream = httpx.ByteStream(beginning)
    request.read()
    return httpx.Response(response.status, headers=response.getheaders(), content=body, request=request)
