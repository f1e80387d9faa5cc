"""Datasets as JSON, on their way to and from a backend that does not check by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from algomancy_api.checked.values import read_payload, written_payload

TABLE: dict[str, Any] = {"data": [{"a": 1}], "columns": ["a"], "dtypes": {"a": "int64"}, "index": [0]}
METADATA: dict[str, Any] = {"id": "i", "name": "k", "type": "master_data", "creation_datetime": "2026-01-01T00:00:00"}


def payload(table: Any = TABLE, **metadata: Any) -> bytes:
    """A payload with one table."""
    return json.dumps({"metadata": {**METADATA, **metadata}, "tables": {"t": table}}).encode()


def test_what_may_be_missing_is_filled_in() -> None:
    """Names of the tables, the time, columns, dtypes and index; NaN is a missing value."""
    key, text = read_payload(payload({"data": [{"a": float("nan")}, {"a": 1e999}]}, creation_datetime=None))
    read = json.loads(text)
    assert (key, read["metadata"]["tables"]) == ("k", ["t"])
    assert read["metadata"]["creation_datetime"]
    assert read["tables"]["t"] == {"data": [{"a": None}, {"a": None}], "columns": ["a"], "dtypes": {}, "index": [0, 1]}


def test_numbers_stay_exact() -> None:
    """Integers of any size are handed on as they are."""
    _, text = read_payload(payload({**TABLE, "data": [{"a": 2**80}]}))
    assert json.loads(text)["tables"]["t"]["data"] == [{"a": 2**80}]


BAD: dict[str, bytes] = {
    "empty": b" ",
    "no JSON": b"{",
    "no UTF-8": b'"\xff"',
    "too deep": b"[" * 100_000,
    "null": b"null",
    "array": b"[]",
    "no metadata": b'{"tables": {}}',
    "no tables": json.dumps({"metadata": METADATA}).encode(),
    "tables as an array": json.dumps({"metadata": METADATA, "tables": []}).encode(),
    "no id": payload(id=""),
    "no name": payload(name=None),
    "a type that is none": payload(type=1),
    "a type of another kind": payload(type="plans"),
    "a time that is none": payload(creation_datetime=False),
    "names of tables that are none": payload(tables=[1]),
    "a key with a slash": payload(name="a/b"),
    "a table that is none": payload([]),
    "rows that are none": payload({**TABLE, "data": [1]}),
    "a row with a column too many": payload({**TABLE, "data": [{"a": 1, "b": 2}]}),
    "columns that are none": payload({**TABLE, "columns": [1]}),
    "dtypes that are none": payload({**TABLE, "dtypes": {"a": 1}}),
    "too few labels": payload({**TABLE, "index": []}),
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_what_is_no_payload_is_refused(text: bytes) -> None:
    """The backend does not see it."""
    with pytest.raises(ValueError, match=r"\.$"):
        read_payload(text)


@pytest.fixture
def east_of_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server whose clock is two hours ahead of UTC."""
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("east_of_greenwich")
@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("2026-01-01 12:00:00.5", "2026-01-01T10:00:00.500000Z"),
        ("2026-01-01T12:00:00", "2026-01-01T12:00:00"),
        ("2026-01-01 at noon", "2026-01-01 at noon"),
        (None, None),
    ],
)
def test_time_that_python_wrote_is_shown_in_utc(told: Any, shown: Any) -> None:
    """A local time is the server's own; anything else comes back as it was sent (contract GEN-12)."""
    written = json.loads(written_payload(payload(creation_datetime=told).decode()))
    assert written["metadata"]["creation_datetime"] == shown
