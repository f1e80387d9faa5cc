"""GEN: what nobody should send. Whatever it is, it is refused in the one shape, and nothing breaks."""

from __future__ import annotations

import json
import re

import pytest

from algomancy_conformance.document import operations, published_document, with_prefix
from algomancy_conformance.outcomes import Broken, Fault, Untried
from algomancy_conformance.running.context import Run
from algomancy_conformance.running.plugin import clause
from algomancy_conformance.shapes import check_survived, demand, flaw_of_error, misshapen
from algomancy_conformance.target.client import Api, Session
from algomancy_conformance.target.world import small_payload

LONG_HEAD = 80_000


def deep(depth: int) -> bytes:
    """Arrays nested `depth` deep."""
    return b"[" * depth + b"]" * depth


HOSTILE: dict[str, tuple[str, str, bytes]] = {
    "deep nesting": ("POST", "/sessions", b'{"display_name": ' + deep(100_000) + b"}"),
    "deep unknown member": ("POST", "/sessions", b'{"display_name": "", "x": ' + deep(150) + b"}"),
    "huge integer": ("POST", "/sessions", b'{"display_name": ' + b"9" * 5000 + b"}"),
    "huge exponent": ("POST", "/sessions", b'{"display_name": 1e999999}'),
    "invalid UTF-8": ("POST", "/sessions", b'{"display_name": "\xc3\x28"}'),
    "NUL in a name": ("POST", "/sessions", b'{"display_name": "\\u0000"}'),
    "duplicate members": ("POST", "/sessions", b'{"display_name": "", "display_name": ""}'),
    "byte order mark": ("POST", "/sessions", b'\xef\xbb\xbf{"display_name": ""}'),
    "NUL in a path": ("GET", "/sessions/%00/data", b""),
    "invalid UTF-8 in a path": ("GET", "/sessions/%ff%fe/data", b""),
    "an encoded slash": ("GET", "/sessions/a%2Fb/data", b""),
    "dots in a path": ("GET", "/sessions/{sid}/data/%2e%2e", b""),
    "an endless path": ("GET", "/sessions/" + "x" * 6000 + "/data", b""),
    "a percent sign": ("GET", "/sessions/%25zz/data", b""),
    "a scenario id of spaces": ("GET", "/sessions/{sid}/scenarios/%20%20", b""),
    "a strange query": ("GET", "/sessions/{sid}/scenarios?view=%00&view=x&limit=-1", b""),
    "derive to a number": ("POST", "/sessions/{sid}/data/d/derive", b'{"new_key": 1e400}'),
    "parameters of huge numbers": (
        "POST",
        "/sessions/{sid}/scenarios",
        b'{"tag":"t","dataset_key":"d","algo_name":"a","algo_params":{"x":' + b"1" * 400 + b"}}",
    ),
    "from-json of null": ("POST", "/sessions/{sid}/data/from-json", b"null"),
    "from-json of deep arrays": ("POST", "/sessions/{sid}/data/from-json", deep(100_000)),
    "from-json of strange tables": (
        "POST",
        "/sessions/{sid}/data/from-json",
        json.dumps({**small_payload("strange"), "tables": {"t": {"data": [[1], 2], "columns": 5}}}).encode(),
    ),
    "from-json of cells that are objects and arrays": (
        "POST",
        "/sessions/{sid}/data/from-json",
        json.dumps(small_payload("nested")).replace("1.5", '{"a": [{"b": null}], "": []}').encode(),
    ),
    "from-json of labels that are objects and arrays": (
        "POST",
        "/sessions/{sid}/data/from-json",
        json.dumps(small_payload("labels")).replace("[0, 1]", '[{"a": []}, [1]]').encode(),
    ),
    "from-json of strange dtypes": (
        "POST",
        "/sessions/{sid}/data/from-json",
        json.dumps(small_payload("strange")).replace("float64", "object[evil]").encode(),
    ),
    "etl without a boundary": ("POST", "/sessions/{sid}/etl", b"--x"),
}


@clause("GEN-5")
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data"])
@pytest.mark.parametrize("case", HOSTILE, ids=str)
def test_hostile_input_is_no_server_error(api: Api, shared: Session, case: str, content_type: str) -> None:
    """No input whatsoever produces a 5xx."""
    method, path, content = HOSTILE[case]
    headers = {"Content-Type": content_type} if method != "GET" else {}
    answer = api.request(method, path.replace("{sid}", shared.id), content=content, headers=headers)
    check_survived(answer, case)


STRANGE_HEADERS = {
    "a charset nobody knows": ("Content-Type", "application/json; charset=no-such-charset"),
    "a media type that is none": ("Content-Type", ";;;="),
    "a boundary that is none": ("Content-Type", "multipart/form-data; boundary="),
    "a body that is not compressed": ("Content-Encoding", "gzip"),
    "no media type accepted": ("Accept", "nothing"),
    "an encoding nobody knows": ("Accept-Encoding", "no-such-encoding;q=x"),
    "a tag that is none": ("If-None-Match", '"'),
    "a range": ("Range", "bytes=5-2"),
    "a broken cookie": ("Cookie", '=;"'),
    "an origin that is none": ("Origin", "://"),
    "bytes beyond ASCII": ("X-Strange", "\xff\xfe"),
    "a very long header": ("X-Strange", "x" * 4000),
}


@clause("GEN-5")
@pytest.mark.parametrize("case", STRANGE_HEADERS, ids=str)
def test_strange_header_is_no_server_error(api: Api, shared: Session, case: str) -> None:
    """No header whatsoever produces a 5xx."""
    name, value = STRANGE_HEADERS[case]
    headers = [(name, value)]
    if name != "Content-Type":
        headers.append(("Content-Type", "application/json"))
    for path in (api.prefix + "/sessions", f"{api.prefix}{shared.path}/scenarios", f"{api.prefix}{shared.path}/etl"):
        for method, content in (("GET", b""), ("POST", b'{"display_name": ""}')):
            answer = api.root(method, path, content=content, headers=headers)
            check_survived(answer, f"{name}: {value[:60]}")


def need_own_server(run: Run) -> None:
    """What reads the head of a request must be the target's."""
    if run.target.served_by_kit:
        raise Untried("the kit serves the application itself, and so reads the heads of requests", "--serve COMMAND")


@clause("GEN-10")
@pytest.mark.parametrize("where", ["header", "request line"])
def test_endless_head_is_refused(run: Run, api: Api, session: Session, where: str) -> None:
    """Any operation with a request line and headers of more than 64 KiB is answered 400 or 431, in the one shape."""
    need_own_server(run)
    long = "x" * LONG_HEAD
    for template, verb, _ in operations(with_prefix(published_document(), api.prefix)):
        path, method = re.sub(r"{\w+}", "x", template.replace("{session_id}", session.id)), verb.upper()
        target, more = (f"{path}?{long}", ()) if where == "request line" else (path, (f"X-Long: {long}",))
        answer = api.raw(method, target, more)
        if answer is None or answer.status not in (400, 431):
            fault = Fault(("long head",), "a request line and headers of more than 64 KiB are not refused")
            status = answer.status if answer else "by nothing"
            said = f"{method} {path} with a {where} of {LONG_HEAD} bytes is answered {status}"
            raise Broken(said, fault=fault)


@clause("GEN-1", "GEN-10")
def test_refused_head_is_an_error_in_the_one_shape(run: Run, api: Api) -> None:
    """What answers malformed HTTP is an error like any other."""
    need_own_server(run)
    answer = api.raw("GET", "/health", ("no colon in this line",))
    if answer is None:
        raise Untried("malformed HTTP is answered by closing the connection")
    demand(answer.status == 400, f"a header without a colon is answered {answer.status}")
    flaw = flaw_of_error(answer.content)
    if flaw:
        said = f"malformed HTTP is answered with {answer.content[:100]!r}"
        raise Broken(said, "GEN-1", fault=misshapen(answer.status, flaw))
