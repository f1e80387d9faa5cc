"""Whatever is sent, the answer is a refusal with one sentence, and the server goes on as before."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from algomancy_api import ApiLauncher
from algomancy_data import Schema
from tests.hardening.crash import payload
from tests.hardening.hardened_project import Items, Records, Sheet, build_config

BASE = "/api/v1/sessions/main"
MIB = 2**20
JSON = {"Content-Type": "application/json"}


def client(schema: type[Schema] = Items, **overrides: Any) -> TestClient:
    """A client of a server in memory."""
    return TestClient(ApiLauncher.build(build_config(schema, **overrides)), raise_server_exceptions=False)


@pytest.fixture
def http() -> Iterator[TestClient]:
    """A server in memory with a dataset `data`; at the end of the test it still has just that, and answers."""
    with client() as client_:
        client_.post(f"{BASE}/data/from-json", json=payload("data", 1)).raise_for_status()
        yield client_
        assert client_.get(f"{BASE}/data").json() == {"keys": ["data"]}
        assert client_.get("/health").status_code == 200


def refused(answer: Any, *statuses: int) -> str:
    """The sentence of a refusal with one of these statuses, which has nothing of the server's insides in it."""
    assert answer.status_code in statuses, answer.text[:300]
    assert list(answer.json()) == ["detail"]
    detail: str = answer.json()["detail"]
    assert detail
    assert len(detail) < 2_000
    for inside in ("Traceback", 'File "', "site-packages", "/tmp", "object at 0x", "pydantic", "Error:"):
        assert inside not in detail
    return detail


CONTENTS = {
    "csv that is not UTF-8": (Items, "items.csv", b"id;weight\n1;\xff\xfe\n"),
    "csv with a row too long": (Items, "items.csv", b"id;weight\n1;2\n1;2;3;4\n"),
    "csv that is empty": (Items, "items.csv", b""),
    "json that is cut": (Records, "records.json", b'[{"id": 1, "weight"'),
    "json that is a number": (Records, "records.json", b"17"),
    "json that is not UTF-8": (Records, "records.json", b'[{"id": 1, "weight": "\xff"}]'),
    "json of 100,000 brackets": (Records, "records.json", b"[" * 100_000),
    "xlsx that is text": (Sheet, "sheet.xlsx", b"id;weight\n1;2\n"),
    "xlsx that is an empty zip": (Sheet, "sheet.xlsx", b"PK\x05\x06" + bytes(18)),
    "xlsx that is empty": (Sheet, "sheet.xlsx", b""),
}


@pytest.mark.parametrize(("schema", "name", "content"), CONTENTS.values(), ids=CONTENTS.keys())
def test_unreadable_upload_is_refused_by_name(schema: type[Schema], name: str, content: bytes) -> None:
    """An upload that cannot be read is a 400 that names the file, and makes no dataset."""
    with client(schema) as http:
        answer = http.post(f"{BASE}/etl", data={"dataset_name": "up"}, files={"files": (name, content)})
        assert name.split(".")[0] in refused(answer, 400)
        assert http.get(f"{BASE}/data").json() == {"keys": []}


@pytest.mark.parametrize("schema", [Items, Records], ids=["csv", "json"])
def test_upload_with_wrong_values_is_reported_and_not_stored(schema: type[Schema]) -> None:
    """Data that can be read but does not fit the schema is `success: false` with the table, column and row."""
    content = b"id;weight\n1;2\nx;3\n" if schema is Items else b'[{"id": 1, "weight": 2}, {"id": "x", "weight": 3}]'
    name = "items.csv" if schema is Items else "records.json"
    with client(schema) as http:
        answer = http.post(f"{BASE}/etl", data={"dataset_name": "up"}, files={"files": (name, content)})
        assert answer.status_code == 200
        report = answer.json()
        assert (report["success"], report["keys"]) == (False, [])
        assert any(message["column"] == "id" and message["severity"] == "ERROR" for message in report["messages"])


BODIES = {
    "cut": b'{"display_name": "a',
    "not UTF-8": b'{"display_name": "\xff"}',
    "lone surrogate": b'{"display_name": "\\ud800"}',
    "NaN": b'{"display_name": "a", "x": NaN}',
    "100,000 brackets": b"[" * 100_000,
    "deep but closed": b'{"display_name": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "a list": b"[]",
    "null": b"null",
    "a number": b'{"display_name": 1}',
    "a boolean": b'{"display_name": true}',
    "one million characters": json.dumps({"display_name": "x" * 1_000_000}).encode(),
    "a huge number": b'{"display_name": ' + b"9" * 5_000 + b"}",
    "nothing": b"",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_malformed_body_is_unprocessable(body: bytes, http: TestClient) -> None:
    """A body that is no such JSON object is a 422, and no session is made."""
    refused(http.post("/api/v1/sessions", content=body, headers=JSON), 422)
    assert len(http.get("/api/v1/sessions").json()["sessions"]) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"{}", b"[" * 100_000, b"NaN", b'{"metadata": 1, "tables": 2}', b"\xff\xfe"],
    ids=["empty", "cut", "null", "list", "object", "brackets", "NaN", "wrong types", "not UTF-8"],
)
def test_no_dataset_payload_is_bad_input(body: bytes, http: TestClient) -> None:
    """What is no `to_json()` payload is a 400 at from-json."""
    refused(http.post(f"{BASE}/data/from-json", content=body, headers=JSON), 400)


def test_duplicate_json_member_counts_once(http: TestClient) -> None:
    """Of a member given twice the last one counts, as in JavaScript."""
    body = b'{"display_name": "first", "display_name": "second"}'
    listed = http.post("/api/v1/sessions", content=body, headers=JSON).json()["sessions"]
    assert [session["display_name"] for session in listed] == ["main", "second"]


NAMES = ["\u202emain", "a/b", "..", ".", "~", "%2e", "💥", "e\u0301", "x" * 255, "null", "' OR 1=1", "<script>"]


@pytest.mark.parametrize("name", NAMES)
def test_unusual_session_name_works_everywhere(name: str, http: TestClient) -> None:
    """A legal name is listed as given; the session is renamed, copied and deleted by its id."""
    listed = http.post("/api/v1/sessions", json={"display_name": name}).json()["sessions"]
    assert listed[-1]["display_name"] == name
    path = f"/api/v1/sessions/{listed[-1]['id']}"
    assert http.patch(path, json={"display_name": name}).json()["display_name"] == name
    assert http.delete(path).status_code == 200


def test_name_equal_to_another_sessions_id_does_not_shadow_it(http: TestClient) -> None:
    """A path segment that is one session's id and another's name means the first."""
    (main,) = http.get("/api/v1/sessions").json()["sessions"]
    listed = http.post("/api/v1/sessions", json={"display_name": main["id"]}).json()["sessions"]
    assert listed[-1]["id"] != main["id"]
    assert http.get(f"/api/v1/sessions/{main['id']}/data").json() == {"keys": ["data"]}
    assert http.get(f"/api/v1/sessions/{listed[-1]['id']}/data").json() == {"keys": []}


def test_bodies_over_the_limits_are_too_large() -> None:
    """JSON and uploads over their configured limits are a 413, whether or not they say their length."""
    csv = b"id;weight\n" + b"1;2\n" * 100_000
    with client(max_json_bytes=100_000, max_upload_bytes=200_000) as http:
        large = json.dumps(payload("x" * 200_000, 1)).encode()
        refused(http.post(f"{BASE}/data/from-json", content=large), 413)
        refused(http.post(f"{BASE}/data/from-json", content=iter([large[:1000], large[1000:]])), 413)
        refused(http.post(f"{BASE}/etl", data={"dataset_name": "up"}, files={"files": ("items.csv", csv)}), 413)
        assert http.post(f"{BASE}/data/from-json", json=payload("small", 1)).status_code == 201


def test_multipart_without_a_boundary_is_refused(http: TestClient) -> None:
    """A multipart body that cannot be taken apart is refused."""
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary="):
        refused(http.post(f"{BASE}/etl", content=b"--y\r\nrubbish", headers={"Content-Type": kind}), 400, 422)


def test_thousands_of_files_are_refused(http: TestClient) -> None:
    """An upload of 1,500 files is refused whole."""
    files = [("files", (f"f{number}.csv", b"id;weight\n")) for number in range(1_500)]
    refused(http.post(f"{BASE}/etl", data={"dataset_name": "up"}, files=files), 400, 413)


def test_two_files_with_one_stem_are_refused(http: TestClient) -> None:
    """`items.csv` beside `items.json` is ambiguous, so neither is read."""
    files = [("files", ("items.csv", b"id;weight\n1;2\n")), ("files", ("items.json", b"[]"))]
    assert "items" in refused(http.post(f"{BASE}/etl", data={"dataset_name": "up"}, files=files), 400)


def test_slow_bodies_keep_nobody_waiting(serve: Callable[[Any], str]) -> None:
    """A hundred clients that never finish their upload do not delay another one's requests."""
    url = httpx.URL(serve(ApiLauncher.build(build_config())))
    head = f"POST {BASE}/data/from-json HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 1000000\r\n\r\n".encode()
    slow = [socket.create_connection((url.host, url.port or 0)) for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(head + b'{"metadata":')
        with httpx.Client(base_url=url, timeout=20) as http:
            assert http.post(f"{BASE}/data/from-json", json=payload("data", 1)).status_code == 201
            assert http.get(f"{BASE}/data").json() == {"keys": ["data"]}
    finally:
        for connection in slow:
            connection.close()
