"""Conditional requests and compression."""

from __future__ import annotations

import gzip
import subprocess
import sys
from typing import Any

import pytest
from starlette.testclient import TestClient

from algomancy_api.http.replies import accepts_gzip, entity_tag

MAIN = "/api/v1/sessions/main"


@pytest.mark.parametrize("path", ["/scenarios", "/scenarios/s1", "/data/data"])
def test_unchanged_reply_is_not_sent_again(path: str, backend: Any, http: TestClient) -> None:
    """`If-None-Match` with the tag of the last reply is a 304 without a body, until something changes."""
    scenario = backend.main.create_scenario("t")
    first = http.get(MAIN + path)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    for sent in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = http.get(MAIN + path, headers={"If-None-Match": sent})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert http.get(MAIN + path, headers={"If-None-Match": '"other"'}).status_code == 200
    scenario.status = "queued"
    backend.main.data["data"] = "{}"
    changed = http.get(MAIN + path, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.headers["etag"] == tag) == (200, False)


def test_tags_tell_bodies_apart() -> None:
    """Equal bodies share a tag, different ones do not."""
    bodies = [str(number).encode() for number in range(10_000)]
    assert len({entity_tag(body) for body in bodies}) == len(bodies)
    assert entity_tag(b"x" * 100) == entity_tag(bytes([120] * 100))


@pytest.mark.parametrize("size", [2_000, 200_000], ids=["in the loop", "in a thread"])
def test_large_reply_is_compressed_when_accepted(size: int, backend: Any, http: TestClient) -> None:
    """A client that accepts gzip gets it, another does not, and caches are told."""
    backend.main.data["data"] = f'{{"x":"{"y" * size}"}}'
    plain = http.get(f"{MAIN}/data/data", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with http.stream("GET", f"{MAIN}/data/data", headers={"Accept-Encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert len(raw) < size / 10
    assert gzip.decompress(raw) == plain.content
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"


def test_small_reply_is_never_compressed(http: TestClient) -> None:
    """A status is smaller than the trouble."""
    answer = http.get("/api/v1/sessions", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP;q=0.5", True),
        ("br, gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("gzip;q=0, *", False),
    ],
)
def test_accept_encoding_is_understood(header: str, accepted: bool) -> None:
    """What a client does not want it does not get."""
    assert accepts_gzip(header) is accepted


@pytest.mark.parametrize("size", [1_500, 100_000, 2_000_000])
def test_entity_tag_is_the_same_in_every_process(size: int) -> None:
    """Replicas agree on it, and so does a server that was started again."""
    program = f"from algomancy_api.http.replies import entity_tag; print(entity_tag(b'x' * {size}))"
    told = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout for _ in "ab"
    }
    assert told == {f"{entity_tag(b'x' * size)}\n"}
    assert entity_tag(b"y" * size) != entity_tag(b"x" * size)
