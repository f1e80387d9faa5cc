"""Each status the document lists for an operation can be had from a live server, and no other one is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from algomancy_utils.errors import PreconditionError, UnavailableError
from tests.live.asker import OPERATIONS, Asker
from tests.live.ways import BREAKABLE, NOT_OFFERED, REFUSED, WAYS, ways_to

PAIRS = [(name, status) for name, operation in OPERATIONS.items() for status in sorted(operation.statuses)]
SERVERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "small": {"max_json_bytes": 1_000, "max_upload_bytes": 1_000},
    "token": {"api_token": "sesame"},
    "closed": {"allow_session_create": False},
    "one host": {"allowed_hosts": ["127.0.0.1"]},
}
"""The servers the statuses are had from, and the settings in which they differ."""


@pytest.fixture(scope="module")
def askers(serve_module: Callable[[Any], str]) -> Iterator[Callable[[str], Asker]]:
    """A function that gives an asker in a fresh session of one of the servers, started when first asked for."""
    askers: dict[str, Asker] = {}

    def asker_of(server: str) -> Asker:
        settings = SERVERS[server]
        if server not in askers:
            token = settings.get("api_token")
            url = serve_module(ApiLauncher.build(build_example_config(**settings)))
            askers[server] = Asker(url, {"Authorization": f"Bearer {token}"} if token else None)
        asker = askers[server]
        if settings.get("allow_session_create", True):
            asker.enter_new_session()
        return asker

    yield asker_of
    for asker in askers.values():
        asker.client.close()


@pytest.mark.parametrize(
    ("operation_id", "status"), [pair for pair in PAIRS if pair[1] < 500 and pair not in REFUSED + NOT_OFFERED]
)
def test_documented_status_is_answered(operation_id: str, status: int, askers: Callable[[str], Asker]) -> None:
    """Each status that the document lists for an operation can be had, and its body is of the documented kind."""
    ways = ways_to(operation_id, status)
    assert ways, f"Nobody has said how {operation_id} comes to answer {status}: add it to WAYS, or do not document it."
    for way in ways:
        response = way.ask(askers(way.server), operation_id)

        assert response.status_code == status, response.text
        if status >= 400:
            assert list(response.json()) == ["detail"]
            assert isinstance(response.json()["detail"], str)


RAISED: dict[int, tuple[Exception, str]] = {
    409: (PreconditionError("Not now."), "Not now."),
    500: (RuntimeError("The disk is on fire."), "Internal server error"),
    503: (UnavailableError("The database does not answer."), "The database does not answer."),
}
"""What a backend raises beneath an operation, and what is told of it."""


@pytest.mark.parametrize(
    ("operation_id", "status"), REFUSED + [pair for pair in PAIRS if pair[1] in (500, 503) and pair[0] in BREAKABLE]
)
def test_failing_backend_is_answered_as_documented(
    operation_id: str, status: int, askers: Callable[[str], Asker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal of the backend's is told in its words, a failure is a 500 that tells nothing of it."""
    asker = askers("plain")
    error, detail = RAISED[status]

    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(*BREAKABLE[operation_id], fail)
    response = asker.ask(operation_id)

    assert (response.status_code, response.json()) == (status, {"detail": detail})
    assert ("Retry-After" in response.headers) is (status == 503)


@pytest.mark.parametrize("authorization", ["", "Bearer no", "Basic sesame"], ids=["none", "wrong", "other scheme"])
@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_token_is_wanted_where_the_document_says_so(
    operation_id: str, authorization: str, askers: Callable[[str], Asker]
) -> None:
    """The document of a server with a token lists 401 for what wants it, and for nothing else."""
    asker = askers("token")

    response = asker.ask(operation_id, headers={"Authorization": authorization})

    assert (response.status_code == 401) is (401 in asker.operations[operation_id].statuses)
    assert (response.status_code == 401) is (operation_id != "get_health")
    assert (response.headers.get("WWW-Authenticate") == "Bearer") is (response.status_code == 401)


def test_table_of_ways_names_documented_statuses_only() -> None:
    """The table that says how to get a status has no row that no document needs."""
    named = {(name, status) for status, rows in WAYS.items() for name in rows if name != "*"}
    named |= {(name, 500) for name in BREAKABLE}

    assert named | set(REFUSED) <= set(PAIRS)
    assert all(any(status == other for _, other in PAIRS) for status in WAYS)
