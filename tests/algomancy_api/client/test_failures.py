"""What the client raises, and what it tries again."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx

from algomancy_api import client as package
from algomancy_api.client import AlgomancyClient, AsyncAlgomancyClient, exceptions
from algomancy_api.client.exceptions import (
    AlgomancyError,
    ApiError,
    BadRequest,
    Conflict,
    ConnectionFailed,
    InvalidParameter,
    NotFound,
    RetryPolicy,
    ServerError,
    TooManyRequests,
    Unavailable,
    UnexpectedReply,
    parse_retry_after,
)
from algomancy_api.client.waiting import poll_delay
from tests.algomancy_api.client.client_faces import URL, Face, FakeTime

KEYS = {"keys": ["Master data"]}
BUSY = httpx.Response(503, headers={"Retry-After": "2"}, json={"detail": "Busy."})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "BadRequest"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (405, "MethodNotAllowed"),
        (409, "Conflict"),
        (413, "PayloadTooLarge"),
        (418, "ApiError"),
        (422, "InvalidRequest"),
        (429, "TooManyRequests"),
        (500, "ServerError"),
        (502, "Unavailable"),
        (503, "Unavailable"),
        (504, "Unavailable"),
        (599, "ServerError"),
    ],
)
def test_error_status_becomes_its_exception(status: int, kind: str, face: Face, respx_mock: respx.MockRouter) -> None:
    """Each status is an exception of its own, which carries the server's words."""
    respx_mock.post(url__regex=".*").respond(status, json={"detail": "The server's words."})
    with pytest.raises(ApiError, match=r"The server's words\.") as caught:
        face.derive_dataset("a", "b")
    assert type(caught.value) is getattr(exceptions, kind)
    assert (caught.value.status, caught.value.detail) == (status, "The server's words.")


def test_bad_parameter_has_a_name_of_its_own(face: Face, respx_mock: respx.MockRouter) -> None:
    """A 400 to the creation of a scenario is about a parameter; elsewhere it is not."""
    respx_mock.post(url__regex=".*").respond(400, json={"detail": "Parameter 'duration' must be at most 60, got 999."})
    with pytest.raises(InvalidParameter, match="at most 60"):
        face.create_scenario("tag", "Master data", "Slow", {"duration": 999})
    with pytest.raises(BadRequest) as caught:
        face.add_dataset_from_json("{}")
    assert type(caught.value) is BadRequest


@pytest.mark.parametrize(
    "body",
    [b"<html>Bad gateway</html>", b'{"detail": [1]}', b'{"detail": ""}', b'{"detail": "Bad Gateway"}', b"[]", b""],
    ids=["html", "list", "blank", "phrase", "array", "nothing"],
)  # fmt: skip
def test_error_of_a_proxy_is_told_by_its_status(body: bytes, face: Face, respx_mock: respx.MockRouter) -> None:
    """Where a body has no `detail` that says more, HTTP's words and the address stand in."""
    respx_mock.post(url__regex=".*").respond(502, content=body)
    with pytest.raises(Unavailable, match=r"^HTTP 502 Bad Gateway to POST http://backend\.test/\S+/a/derive$"):
        face.derive_dataset("a", "b")


@pytest.mark.parametrize("kind", [AlgomancyClient, AsyncAlgomancyClient])
@pytest.mark.parametrize("token", ["two\nlines", "tökén"])
def test_token_that_no_header_can_carry_is_refused(
    token: str, kind: type[AlgomancyClient] | type[AsyncAlgomancyClient]
) -> None:
    """It is told at once, and without the token itself."""
    with pytest.raises(ValueError, match=r"^A token must not hold anything but printable ASCII characters\.$"):
        kind(URL, token=token)


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, text="<html>Welcome</html>"),
        httpx.Response(200, json={"keys": [1]}),
        httpx.Response(200, json=[]),
        httpx.Response(204),
        httpx.Response(301, headers={"Location": "https://elsewhere.test/"}),
        httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip")),
    ],
    ids=["html", "wrong member", "wrong form", "nothing", "redirect", "broken encoding"],
)
def test_reply_of_something_else_is_unexpected(reply: httpx.Response, face: Face, respx_mock: respx.MockRouter) -> None:
    """An answer no Algomancy server gives is said to be one, with the address."""
    respx_mock.get(url__regex=".*").mock(return_value=reply)
    with pytest.raises(UnexpectedReply, match=re.escape(URL)):
        face.list_datasets()


FAILURES: dict[str, Any] = {
    "refused": httpx.ConnectError("[Errno 111] Connection refused"),
    "connect timeout": httpx.ConnectTimeout("timed out"),
    "reset": httpx.ReadError("[Errno 104] Connection reset by peer"),
    "read timeout": httpx.ReadTimeout("timed out"),
    "disconnected": httpx.RemoteProtocolError("Server disconnected without sending a response."),
    "503": BUSY,
    "502": httpx.Response(502),
    "429": httpx.Response(429, headers={"Retry-After": "0"}),
}
each_failure = pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())


@each_failure
def test_get_is_tried_again(failure: Any, face: Face, fake_time: FakeTime, respx_mock: respx.MockRouter) -> None:
    """A failure that may pass is not the person's business when the next attempt succeeds."""
    route = respx_mock.get(url__regex=".*").mock(side_effect=[failure, httpx.Response(200, json=KEYS)])
    assert face.list_datasets().keys == ["Master data"]
    assert (route.call_count, len(fake_time.naps)) == (2, 1)


@each_failure
def test_get_is_given_up_in_the_end(
    failure: Any, face: Face, fake_time: FakeTime, respx_mock: respx.MockRouter
) -> None:
    """After four attempts the last failure is raised."""
    route = respx_mock.get(url__regex=".*").mock(side_effect=[failure] * 9)
    with pytest.raises((ConnectionFailed, Unavailable, TooManyRequests)):
        face.list_datasets()
    assert (route.call_count, len(fake_time.naps)) == (4, 3)


@each_failure
@pytest.mark.parametrize("method", ["create_session", "rename_session", "run_scenario"])
def test_writing_is_not_repeated(
    method: str, failure: Any, face: Face, fake_time: FakeTime, respx_mock: respx.MockRouter
) -> None:
    """What may have been done already is not asked for again."""
    route = respx_mock.route(host="backend.test").mock(side_effect=[failure] * 2)
    with pytest.raises((ConnectionFailed, Unavailable, TooManyRequests)):
        getattr(face, method)(*(["name", "other"] if method == "rename_session" else ["name"]))
    assert (route.call_count, fake_time.naps) == (1, [])


def test_errors_that_stay_are_not_tried_again(face: Face, fake_time: FakeTime, respx_mock: respx.MockRouter) -> None:
    """A 500 or a 404 is final."""
    for status, kind in ((500, ServerError), (404, NotFound)):
        route = respx_mock.get(url__regex=".*").respond(status)
        with pytest.raises(kind):
            face.list_datasets()
        assert route.calls.last.response.status_code == status
    assert fake_time.naps == []


def test_pauses_grow_and_obey_the_server(face: Face, fake_time: FakeTime, respx_mock: respx.MockRouter) -> None:
    """Pauses double from attempt to attempt, but are what `Retry-After` asks for where it is sent."""
    lost = httpx.ReadError("reset")
    respx_mock.get(url__regex=".*").mock(side_effect=[lost, BUSY, lost, httpx.Response(200, json=KEYS)])
    face.list_datasets()
    assert fake_time.naps == [0.2, 2.0, 0.8]


def test_a_long_pause_asked_for_is_not_kept(face: Face, fake_time: FakeTime, respx_mock: respx.MockRouter) -> None:
    """A server that asks for an hour is given up at once, and the error tells what it asked for."""
    respx_mock.get(url__regex=".*").respond(503, headers={"Retry-After": "3600"})
    with pytest.raises(Unavailable) as caught:
        face.list_datasets()
    assert (caught.value.retry_after, fake_time.naps) == (3600.0, [])


def test_retry_policy_can_be_set(
    make_face: Callable[..., Face], fake_time: FakeTime, respx_mock: respx.MockRouter
) -> None:
    """One attempt means one attempt."""
    route = respx_mock.get(url__regex=".*").mock(side_effect=httpx.ReadTimeout("timed out"))
    with pytest.raises(ConnectionFailed, match="did not answer within 3 seconds"):
        make_face(timeout=3, retry=RetryPolicy(attempts=1)).list_datasets()
    assert (route.call_count, fake_time.naps) == (1, [])


@pytest.mark.parametrize("method", ["delete_dataset", "delete_scenario"])
def test_deletion_whose_answer_was_lost_is_done(method: str, face: Face, respx_mock: respx.MockRouter) -> None:
    """A 404 after a lost answer means that the first attempt did it."""
    lost = httpx.ReadError("reset")
    respx_mock.delete(url__regex=".*").mock(side_effect=[lost, httpx.Response(404)])
    assert getattr(face, method)("name") is None


def test_session_deletion_whose_answer_was_lost_gives_the_rest(face: Face, respx_mock: respx.MockRouter) -> None:
    """The sessions that are left are looked up."""
    rest = {"sessions": [{"id": "1", "display_name": "main"}], "default": "1"}
    respx_mock.delete(url__regex=".*").mock(side_effect=[httpx.ReadError("reset"), httpx.Response(404)])
    respx_mock.get(f"{URL}/api/v1/sessions").respond(json=rest)
    assert face.delete_session("gone").default == "1"


@pytest.mark.parametrize(
    "first", [[], [httpx.Response(429, headers={"Retry-After": "1"})]], ids=["at once", "after 429"]
)
def test_deletion_of_nothing_is_not_found(first: list[Any], face: Face, respx_mock: respx.MockRouter) -> None:
    """A 404 is a 404 when no earlier attempt can have done anything."""
    respx_mock.delete(url__regex=".*").mock(side_effect=[*first, httpx.Response(404)])
    with pytest.raises(NotFound):
        face.delete_dataset("name")


def test_connection_failures_name_the_address(face: Face, respx_mock: respx.MockRouter) -> None:
    """The message tells where nobody answered, and not what the socket said."""
    respx_mock.post(url__regex=".*").mock(side_effect=FAILURES["refused"])
    with pytest.raises(
        ConnectionError, match=rf"^Could not connect to {re.escape(URL)}: is the server running there\?$"
    ):
        face.create_session("new")
    respx_mock.post(url__regex=".*").mock(side_effect=FAILURES["reset"])
    with pytest.raises(ConnectionFailed, match=r"^The connection to .* broke before the answer was there\.$"):
        face.create_session("new")


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("-3", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("Fri, 02 Jan 2026 03:04:35 GMT", 30.0),
        ("Fri, 02 Jan 2026 03:04:35", 30.0),
        ("Fri, 02 Jan 2026 03:04:00 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    """Both forms of the header are understood; nonsense is no request to wait."""
    assert parse_retry_after(header, NOW) == seconds


def test_schedules_level_off() -> None:
    """Pauses grow to a cap, and the very many-th one is no overflow."""
    assert [RetryPolicy().delay(n, None) for n in (1, 2, 3, 10**6)] == [0.2, 0.4, 0.8, 5.0]
    delays = [poll_delay(n) for n in range(1, 30)]
    assert delays[0] == 0.05
    assert delays == sorted(delays)
    assert poll_delay(10**6) == 2.0


def test_exception_tree_is_the_one_drawn() -> None:
    """The docstring draws every exception there is, each below its parent, and the package exports it."""
    drawn: dict[str, str | None] = {}
    ancestors: list[str] = []
    for line in (exceptions.__doc__ or "").split("```")[1].removeprefix("text\n").splitlines():
        name = re.search(r"[A-Za-z]+", line)
        if name is None:
            raise AssertionError(line)
        depth = name.start() // 4
        drawn[name[0]] = ancestors[depth - 1] if depth else None
        ancestors[depth:] = [name[0]]
    real = {
        kind.__name__: kind.__bases__[0].__name__ if kind is not AlgomancyError else None
        for kind in vars(exceptions).values()
        if isinstance(kind, type) and issubclass(kind, AlgomancyError)
    }
    assert drawn == real
    assert set(real) <= set(package.__all__)


def test_exceptions_survive_pickling() -> None:
    """They cross the border of a process with all they carry."""
    copy = pickle.loads(pickle.dumps(Conflict(409, "Taken.", 3.0)))
    assert (type(copy), copy.status, copy.detail, copy.retry_after) == (Conflict, 409, "Taken.", 3.0)
