"""Uploads: what arrives at the backend, and what never reaches the file system (contract ETL)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

ETL = "/api/v1/sessions/main/etl"
NAME = {"dataset_name": "up"}


def test_files_arrive_by_logical_name(backend: Any, http: TestClient) -> None:
    """The stem names a file, its extension in any case selects the reader; on disk it has a name of ours."""
    files = [("files", ("items.csv", b"1")), ("files", ("C:\\data\\Stock.XLSX", b"2")), ("files", ("a.b.json", b""))]
    answer = http.post(ETL, data=NAME, files=files)
    assert (answer.status_code, answer.json()) == (
        200,
        {"dataset_name": "up", "success": True, "keys": ["data", "up"], "messages": []},
    )
    ((name, uploaded),) = backend.main.uploaded
    assert name == "up"
    assert {stem: content for stem, (_, _, content) in uploaded.items()} == {"items": b"1", "Stock": b"2", "a.b": b""}
    paths = [Path(path) for _, path, _ in uploaded.values()]
    assert [path.name for path in paths] == ["0.csv", "1.xlsx", "2.json"]
    assert not any(path.exists() for path in paths)


def test_failed_validation_is_reported(backend: Any, http: TestClient) -> None:
    """`success: false` is a 200, with what was found."""
    backend.main.etl_success = False
    message = {"severity": "ERROR", "message": "m", "table": None, "column": None, "row": None, "code": None}
    result = type("R", (), {"is_success": False, "messages": [type("M", (), {"to_dict": lambda _: message})()]})()
    backend.main.etl_data = lambda files, name: result
    answer = http.post(ETL, data=NAME, files={"files": ("x.csv", b"")})
    assert answer.json() == {"dataset_name": "up", "success": False, "keys": ["data"], "messages": [message]}


BAD_FILES: dict[str, list[tuple[str, bytes]]] = {
    "unknown extension": [("notes.txt", b"")],
    "no extension": [("notes", b"")],
    "no stem": [(".csv", b"")],
    "two of one stem": [("items.csv", b""), ("items.json", b"")],
    "two of one stem in different folders": [("a/items.csv", b""), ("b\\items.csv", b"")],
}


@pytest.mark.parametrize("files", BAD_FILES.values(), ids=BAD_FILES)
def test_unusable_file_is_refused_by_name(files: list[tuple[str, bytes]], backend: Any, http: TestClient) -> None:
    """A 400 names the file, and the backend is not asked."""
    answer = http.post(ETL, data=NAME, files=[("files", file) for file in files])
    assert answer.status_code == 400
    assert files[-1][0].replace("\\", "/").rpartition("/")[2].partition(".")[0] in answer.json()["detail"]
    assert backend.main.uploaded == []


FORMS: dict[str, tuple[dict[str, Any], int, str]] = {
    "no files": ({"data": NAME}, 400, "Field 'files' must hold at least one file."),
    "files as text": ({"data": {**NAME, "files": "x"}}, 400, "Field 'files' must hold at least one file."),
    "no name": ({"files": {"files": ("x.csv", b"")}}, 422, "Field 'dataset_name' is required."),
    "empty name": (
        {"data": {"dataset_name": ""}, "files": {"files": ("x.csv", b"")}},
        422,
        "Field 'dataset_name' must not be empty.",
    ),
    "name as file": (
        {"files": {"dataset_name": ("x.csv", b""), "files": ("x.csv", b"")}},
        422,
        "Field 'dataset_name' must be one text.",
    ),
    "json": ({"json": NAME}, 422, "Field 'dataset_name' is required."),
    "illegal key": (
        {"data": {"dataset_name": "a/b"}, "files": {"files": ("x.csv", b"")}},
        400,
        "Dataset key 'a/b' must not contain a slash.",
    ),
}


@pytest.mark.parametrize(("form", "status", "detail"), FORMS.values(), ids=FORMS)
def test_incomplete_form_is_refused(form: dict[str, Any], status: int, detail: str, http: TestClient) -> None:
    """What is missing or wrong in the form is named."""
    answer = http.post(ETL, **form)
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x"]
)
def test_broken_multipart_is_refused(content_type: str, http: TestClient) -> None:
    """A body that cannot be taken apart is the caller's mistake."""
    answer = http.post(ETL, content=b"--y\r\nrubbish", headers={"Content-Type": content_type})
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]


def test_a_thousand_files_are_the_most(backend: Any, http: TestClient) -> None:
    """One file more is refused."""
    files = [("files", (f"f{number}.csv", b"")) for number in range(1_001)]
    assert http.post(ETL, data=NAME, files=files[:-1]).status_code == 200
    assert http.post(ETL, data=NAME, files=files).status_code == 400
    assert len(backend.main.uploaded) == 1


@pytest.mark.parametrize("chunked", [False, True], ids=["with length", "chunked"])
def test_upload_over_the_limit_is_too_large(chunked: bool, make_client: Callable[..., TestClient]) -> None:
    """`max_upload_bytes` bounds the whole body."""
    http = make_client(max_upload_bytes=1_000)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="dataset_name"\r\n\r\nup\r\n'
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="i.csv"\r\n\r\n'
        + b"1" * 1_000
        + b"\r\n--x--\r\n"
    )
    content: Any = iter([body[:500], body[500:]]) if chunked else body
    answer = http.post(ETL, content=content, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, answer.json()) == (413, {"detail": "The body must be at most 1,000 bytes long."})


@pytest.mark.parametrize("charset", ["punycode", "undefined", "zlib", "utf-16", ""])
def test_form_in_another_encoding_is_refused(charset: str, backend: Any, http: TestClient) -> None:
    """Forms are in UTF-8; whatever else a client asks for is never tried."""
    form = (
        b'--x\r\nContent-Disposition: form-data; name="dataset_name"\r\n\r\nup\r\n'
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="items.csv"\r\n\r\n1\r\n--x--\r\n'
    )
    kind = "multipart/form-data; boundary=x; charset="
    answer = http.post(ETL, content=form, headers={"Content-Type": kind + charset})
    assert (answer.status_code, "UTF-8" in answer.json()["detail"]) == (400, True)
    assert backend.main.uploaded == []
    assert http.post(ETL, content=form, headers={"Content-Type": f'{kind}"UTF-8"'}).status_code == 200
