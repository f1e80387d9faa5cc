"""Every status that the document lists can be had, from every operation that lists it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from algomancy_api.openapi import openapi_document
from algomancy_utils.errors import NotFoundError, PreconditionError, TooLargeError, UnavailableError
from tests.algomancy_api.conftest import EXISTING

OPERATIONS = {
    operation["operationId"]: (method.upper(), path, {int(status) for status in operation["responses"]})
    for path, item in openapi_document()["paths"].items()
    for method, operation in item.items()
}
DOCUMENTED = [(name, status) for name, (_, _, statuses) in OPERATIONS.items() for status in sorted(statuses)]
JSON = {"Content-Type": "application/json"}
REQUESTS: dict[str, dict[str, Any]] = {
    "create_session": {"json": {"display_name": "new"}},
    "rename_session": {"json": {"display_name": "new"}},
    "copy_session": {"json": {"new_display_name": "new"}},
    "create_scenario": {"json": {"tag": "new", "dataset_key": "data", "algo_name": "Slow"}},
    "derive_dataset": {"json": {"new_key": "new"}},
    "add_dataset_from_json": {"json": {"metadata": {"id": "1", "name": "data", "type": "master_data"}, "tables": {}}},
    "run_etl": {"data": {"dataset_name": "new"}, "files": {"files": ("items.csv", b"")}},
}


def fails(error: Exception) -> Callable[..., Any]:
    """A method that raises."""

    def method(*_: Any) -> Any:
        raise error

    return method


class Situation:
    """A server that is about to answer one operation with one status."""

    def __init__(self, make_app: Callable[..., FastAPI], backend: Any, name: str) -> None:
        self.make_app = make_app
        self.backend = backend
        self.name = name
        self.settings: dict[str, Any] = {}
        self.request = dict(REQUESTS.get(name, {}))
        self.values = dict(EXISTING)
        backend.main.create_scenario("first")
        for action in ("reset_scenario", "cancel_scenario"):
            setattr(backend.main, action, lambda _scenario_id: backend.main._act())

    def provoke(self, status: int) -> None:
        """Arrange for a failure; for success nothing is needed."""
        if status == 304:
            self.request["headers"] = {"If-None-Match": "*", "Prefer": "wait=0"}
        elif status == 400:
            self.settings["allowed_hosts"] = ["elsewhere"]
        elif status == 403:
            self.request["headers"] = {"Origin": "http://evil"}
        elif status == 404:
            self.values["session_id"] = "none"
            self.backend.count_runs = None  # What a backend need not offer.
        elif status == 413:
            self.settings |= {"max_json_bytes": 1, "max_upload_bytes": 1}
            if "json" in self.request and self.name != "add_dataset_from_json":
                self.request = {"content": b"x" * (4 << 20) + b"x", "headers": JSON}
        elif status == 422:
            wrong_queries = {"list_scenarios": {"limit": 0}, "get_events": {"scenario": "x" * 256}}
            query = wrong_queries.get(self.name)
            self.request = {"content": b"{", "headers": JSON} if query is None else {"params": query}
        elif status in (409, 500):
            error = PreconditionError("Not now.") if status == 409 else KeyError("x")
            self.backend.error = self.backend.main.error = error
        elif status == 503:
            self.backend.catch_up = fails(UnavailableError("Not now."))

    def answer(self) -> Any:
        """Ask."""
        method, path, _ = OPERATIONS[self.name]
        path = re.sub(r"\{(\w+)\}", lambda match: self.values[match[1]], path)
        return TestClient(self.make_app(**self.settings), raise_server_exceptions=False).request(
            method, path, **self.request
        )


@pytest.fixture
def situation(make_app: Callable[..., FastAPI], backend: Any) -> Callable[[str], Situation]:
    """Makes a situation for an operation."""
    return lambda name: Situation(make_app, backend, name)


@pytest.mark.parametrize(("name", "status"), DOCUMENTED, ids=[f"{name}-{status}" for name, status in DOCUMENTED])
def test_documented_status_is_answered(name: str, status: int, situation: Callable[[str], Situation]) -> None:
    """The operation answers it, with the one error shape where it is an error."""
    case = situation(name)
    case.provoke(status)
    answer = case.answer()
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert list(answer.json()) == ["detail"]
    if status == 201:
        case.request, case.values = {}, {}
        assert TestClient(case.make_app()).get(answer.headers["location"]).status_code == 200


RAISED = [
    (name, error)
    for name, (_, path, _) in OPERATIONS.items()
    for error in (ValueError("x"), PreconditionError("x"), NotFoundError("x"), KeyError("x"), UnavailableError("x"))
    if "{" in path or not isinstance(error, NotFoundError)
]


@pytest.mark.parametrize(("name", "error"), RAISED, ids=[f"{name}-{type(error).__name__}" for name, error in RAISED])
def test_no_undocumented_status_is_answered(name: str, error: Exception, situation: Callable[[str], Situation]) -> None:
    """Whatever the backend raises, the status is one that the document lists."""
    case = situation(name)
    case.backend.error = case.backend.main.error = error
    assert case.answer().status_code in OPERATIONS[name][2]


def test_upload_that_inflates_too_far_is_too_large(backend: Any, situation: Callable[[str], Situation]) -> None:
    """A limit that the readers enforce is answered like one on the body."""
    case = situation("run_etl")
    backend.main.etl_data = fails(TooLargeError("File 'x.xlsx' is too large."))
    assert case.answer().status_code == 413
