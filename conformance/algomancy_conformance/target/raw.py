"""Requests no HTTP library would send, written byte for byte."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from ..outcomes import KitError, Untried
from .client import Api


def raw_request(
    api: Api, method: str, target: str, headers: Iterable[str] = (), beginning: bytes = b""
) -> tuple[int, bytes]:
    """Send a request whose body ends after its beginning; returns the answer's status and body, or 0 when none comes.

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
    where = urlsplit(api.url)
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
            return response.status, response.read()
    except (TimeoutError, ConnectionResetError, BrokenPipeError, http.client.HTTPException):
        return 0, b""
    except OSError as error:
        raise KitError(f"{method} {target[:60]}: {error}") from None
