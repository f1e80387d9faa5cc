"""The error table: one exception, one status, one shape of body."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pydantic
import pytest
from fastapi import FastAPI, HTTPException
from starlette.testclient import TestClient

from algomancy_api.errors import ERROR_RULES, INTERNAL_ERROR_DETAIL, install_exception_handlers
from algomancy_utils.baseparameterset import ParameterError
from algomancy_utils.errors import NotFoundError, PreconditionError, TooLargeError

RAISED: dict[str, tuple[BaseException, int, str]] = {
    "ValueError": (ValueError("Bad."), 400, "Bad."),
    "ParameterError": (ParameterError("Too large."), 400, "Too large."),
    "AssertionError": (AssertionError("In use."), 409, "In use."),
    "AssertionError without text": (AssertionError(), 409, "The present state does not allow this."),
    "PreconditionError": (PreconditionError("Taken."), 409, "Taken."),
    "NotFoundError": (NotFoundError("Gone."), 404, "Gone."),
    "TooLargeError": (TooLargeError("Too much."), 413, "Too much."),
    "KeyError": (KeyError("secret"), 500, INTERNAL_ERROR_DETAIL),
    "LookupError": (LookupError("secret"), 500, INTERNAL_ERROR_DETAIL),
    "RuntimeError": (RuntimeError("secret"), 500, INTERNAL_ERROR_DETAIL),
    "OSError": (OSError("/secret/path"), 500, INTERNAL_ERROR_DETAIL),
    "StopIteration": (StopIteration("secret"), 500, INTERNAL_ERROR_DETAIL),
    "SystemExit": (SystemExit("secret"), 500, INTERNAL_ERROR_DETAIL),
}


@pytest.mark.parametrize(("error", "status", "detail"), RAISED.values(), ids=RAISED)
def test_exception_of_the_backend_is_answered_as_the_table_says(
    error: BaseException, status: int, detail: str, backend: Any, http: TestClient
) -> None:
    """What a backend's method raises becomes the reply of the table's row."""
    backend.main.error = error
    answer = http.get("/api/v1/sessions/main/algorithms/Slow/parameters")
    assert (answer.status_code, answer.json()) == (status, {"detail": detail})


class _Model(pydantic.BaseModel):
    number: int


def _invalid_model() -> None:
    _Model.model_validate({"number": "x"})


def _unencodable() -> None:
    "\ud800".encode()


USER_ROUTES: dict[str, tuple[Callable[[], object], int]] = {
    "ValueError": (lambda: int("x"), 400),
    "pydantic": (_invalid_model, 500),
    "encoding": (_unencodable, 500),
    "division": (lambda: 1 / 0, 500),
}


@pytest.mark.parametrize(("fault", "status"), USER_ROUTES.values(), ids=USER_ROUTES)
def test_route_of_the_users_is_answered_as_the_table_says(
    fault: Callable[[], None], status: int, make_app: Callable[..., FastAPI]
) -> None:
    """A route added to the application gets the table's replies; mistakes of the server's are not taken for input."""
    app = make_app()
    app.add_api_route("/own", fault)
    answer = TestClient(app, raise_server_exceptions=False).get("/own")
    assert answer.status_code == status
    assert list(answer.json()) == ["detail"]


@pytest.mark.parametrize("status", [204, 304])
def test_route_of_the_users_may_end_without_a_body(status: int, make_app: Callable[..., FastAPI]) -> None:
    """An `HTTPException` may carry a status that no body goes with."""

    def end() -> None:
        raise HTTPException(status, headers={"X-Own": "1"})

    app = make_app()
    app.add_api_route("/own", end)
    answer = TestClient(app).get("/own")
    assert (answer.status_code, answer.content, answer.headers["x-own"]) == (status, b"", "1")


def test_handlers_serve_an_application_of_the_users() -> None:
    """`install_exception_handlers` gives any FastAPI application the one error shape."""
    app = FastAPI()
    install_exception_handlers(app)

    @app.get("/number/{number}")
    def number(number: int) -> int:
        return 1 // number

    http = TestClient(app, raise_server_exceptions=False)
    assert http.get("/number/x").json() == {"detail": "Path parameter 'number' must be an integer."}
    assert http.get("/nowhere").json() == {"detail": "Not Found"}
    assert http.get("/number/0").json() == {"detail": INTERNAL_ERROR_DETAIL}


def test_unexpected_error_is_logged_with_its_traceback(
    backend: Any, http: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has what the reply does not say."""
    backend.main.error = KeyError("secret")
    with caplog.at_level(logging.ERROR, "algomancy_api"):
        assert "secret" not in http.get("/api/v1/sessions/main/data/data").text
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is KeyError


def test_backend_that_says_what_json_cannot_is_unexpected(backend: Any, http: TestClient) -> None:
    """A result that cannot be encoded is the backend's mistake, not the caller's."""
    odd = backend.main.create_scenario("odd")
    odd.status, odd.result = "complete", object()
    assert http.get("/api/v1/sessions/main/scenarios").status_code == 500


def test_rules_have_the_statuses_of_the_contract() -> None:
    """The table is the contract's, in its order, and two rules of our own."""
    assert [(rule.id, rule.exception, rule.statuses) for rule in ERROR_RULES] == [
        ("ERR-1", "ValueError", [400]),
        ("ERR-2", "ParameterError", [400]),
        ("ERR-3", "AssertionError", [409]),
        ("ERR-4", "HTTPException", [404, 409]),
        ("ERR-5", "Exception", [500]),
        ("ERR-6", "RequestValidationError", [422]),
        ("ERR-7", "TooLargeError", [413]),
        ("ERR-8", "ForbiddenError", [403]),
        ("REF-1", "UnauthorizedError", [401]),
        ("REF-2", "UnavailableError", [503]),
    ]
