"""Bodies and queries: strictly JSON, never too long, and every complaint names the field."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from algomancy_api.http.bodies import limited

JSON = {"Content-Type": "application/json"}
SESSIONS = "/api/v1/sessions"
SCENARIOS = "/api/v1/sessions/main/scenarios"

WRONG: dict[str, tuple[Any, str]] = {
    "missing": ({}, "Field 'display_name' is required."),
    "null": ({"display_name": None}, "Field 'display_name' must be a string."),
    "number": ({"display_name": 1}, "Field 'display_name' must be a string."),
    "empty": ({"display_name": ""}, "Field 'display_name' must not be empty."),
    "blank": ({"display_name": " \u2003"}, "Field 'display_name' must not be blank or hold control characters."),
    "newline": ({"display_name": "a\n"}, "Field 'display_name' must not be blank or hold control characters."),
    "C1 control": ({"display_name": "a\x85b"}, "Field 'display_name' must not be blank or hold control characters."),
    "long": ({"display_name": "x" * 256}, "Field 'display_name' must be at most 255 characters long."),
    "list": ([], "The body must be a JSON object."),
    "text": ("x", "The body must be a JSON object."),
}


@pytest.mark.parametrize(("body", "detail"), WRONG.values(), ids=WRONG)
def test_wrong_body_is_answered_with_what_is_wrong(body: Any, detail: str, http: TestClient) -> None:
    """A 422 names the field and says what it must be."""
    answer = http.post(SESSIONS, json=body)
    assert (answer.status_code, answer.json()) == (422, {"detail": detail})


def test_every_wrong_field_is_named(http: TestClient) -> None:
    """Several faults are told at once."""
    answer = http.post(SCENARIOS, json={"tag": 1, "dataset_key": "", "algo_params": []})
    assert answer.json()["detail"] == (
        "Field 'tag' must be a string. Field 'dataset_key' must not be empty. Field 'algo_name' is required. "
        "Field 'algo_params' must be an object."
    )


RAW: dict[str, bytes] = {
    "nothing": b"",
    "white space": b"  ",
    "cut": b'{"display_name": "a"',
    "NaN": b'{"display_name": "a", "x": NaN}',
    "lone surrogate": b'{"display_name": "\\ud800"}',
    "not UTF-8": b'{"display_name": "\xff"}',
    "deep": b'{"display_name": "a", "x": ' + b"[" * 300 + b"]" * 300 + b"}",
    "two values": b"{} {}",
}


@pytest.mark.parametrize("body", RAW.values(), ids=RAW)
def test_malformed_json_is_unprocessable(body: bytes, http: TestClient) -> None:
    """What is not strictly JSON is a 422, before anything happens."""
    answer = http.post(SESSIONS, content=body, headers=JSON)
    assert answer.status_code == 422
    assert "JSON" in answer.json()["detail"]
    assert len(http.get(SESSIONS).json()["sessions"]) == 1


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("Application/Merge+JSON", 201),
        (None, 201),
        ("text/plain", 422),
        ("application/x-www-form-urlencoded", 422),
        ("multipart/form-data; boundary=x", 422),
    ],
)
def test_content_type_decides_whether_a_body_is_json(content_type: str | None, status: int, http: TestClient) -> None:
    """JSON, or nothing said: read. Anything else is refused, also because browsers send it without asking."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert http.post(SESSIONS, content=b'{"display_name": "new"}', headers=headers).status_code == status


def test_unknown_members_are_ignored(http: TestClient) -> None:
    """A client of a later version may send more."""
    assert http.post(SESSIONS, json={"display_name": "new", "colour": "red"}).status_code == 201


@pytest.mark.parametrize("chunked", [False, True], ids=["with length", "chunked"])
def test_long_control_body_is_too_large(chunked: bool, http: TestClient) -> None:
    """A body that carries names only is read up to 4 MiB, whether or not it says its length."""
    body = b'{"display_name": "' + b"x" * (4 << 20) + b'"}'
    content: Any = (body[start : start + 65_536] for start in range(0, len(body), 65_536)) if chunked else body
    answer = http.post(SESSIONS, content=content, headers=JSON)
    assert (answer.status_code, answer.json()) == (413, {"detail": "The body must be at most 4,194,304 bytes long."})


def test_dataset_body_has_a_limit_of_its_own(make_client: Callable[..., TestClient]) -> None:
    """`max_json_bytes` bounds what `from-json` reads, to the byte."""
    http = make_client(max_json_bytes=10)
    path = "/api/v1/sessions/main/data/from-json"
    assert http.post(path, content=b'{"a":12345').status_code != 413
    assert http.post(path, content=b'{"a":123456').status_code == 413


QUERIES: dict[str, tuple[str, str | None]] = {
    "nothing": ("", None),
    "limit": ("limit=1", None),
    "largest limit": ("limit=10000", None),
    "offset past the end": ("offset=2147483647", None),
    "unknown name": ("colour=red&colour=blue", None),
    "limit of nothing": ("limit=0", "Query parameter 'limit' must be at least 1."),
    "limit too large": ("limit=10001", "Query parameter 'limit' must be at most 10000."),
    "limit empty": ("limit=", "Query parameter 'limit' must be an integer."),
    "limit with a fraction": ("limit=1.0", "Query parameter 'limit' must be an integer."),
    "limit with a space": ("limit=%201", "Query parameter 'limit' must be an integer."),
    "limit in other digits": ("limit=%D9%A1", "Query parameter 'limit' must be an integer."),
    "offset negative": ("offset=-1", "Query parameter 'offset' must be at least 0."),
    "view unknown": ("view=x", "Query parameter 'view' must be 'full' or 'summary'."),
    "twice": ("limit=1&limit=2", "Query parameter 'limit' may be given once."),
}


@pytest.mark.parametrize(("query", "detail"), QUERIES.values(), ids=QUERIES)
def test_query_is_checked(query: str, detail: str | None, http: TestClient) -> None:
    """A query parameter out of its range is a 422 that names it."""
    answer = http.get(f"{SCENARIOS}?{query}")
    assert answer.status_code == (200 if detail is None else 422)
    assert detail is None or answer.json() == {"detail": detail}


def test_body_is_freed_with_its_request() -> None:
    """A large body does not wait for the garbage collector once its request is answered."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"[]", "more_body": False}

    request = limited(Request({"type": "http", "headers": []}, receive), 10)
    assert asyncio.run(request.body()) == b"[]"
    freed = weakref.ref(request)
    gc.disable()
    try:
        del request
        assert freed() is None
    finally:
        gc.enable()
