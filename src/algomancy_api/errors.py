"""The one table of errors: which exception becomes which reply.

The exception handlers, each operation's documented replies and the `x-error-rules` of the OpenAPI document are all made
from [`ERROR_RULES`][algomancy_api.errors.ERROR_RULES].
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pydantic
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic_core import PydanticSerializationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

import algomancy_api.installation  # noqa: F401 - says what to install where no backend is
from algomancy_api.http.validation_messages import describe_validation_errors
from algomancy_utils.baseparameterset import ParameterError
from algomancy_utils.errors import NotFoundError, TooLargeError

logger = logging.getLogger("algomancy_api")

INTERNAL_ERROR_DETAIL = "Internal server error"


class AccessError(Exception):
    """The request may not come in.

    ::

        AccessError
          ├─ ForbiddenError        the server's settings do not allow it
          ├─ UnauthorizedError     it does not carry the server's bearer token
          └─ ForeignHostError      it asks for a host the server does not answer for; a ValueError too
    """


class ForbiddenError(AccessError):
    """The server's settings do not allow this request."""


class UnauthorizedError(AccessError):
    """The request does not carry the server's bearer token."""


class ForeignHostError(AccessError, ValueError):
    """The request asks for a host that the server does not answer for."""


class InternalError(Exception):
    """Something in a route went wrong that no rule names; its cause is what went wrong.

    It keeps the handlers that are meant for users' own routes from taking a mistake of ours for bad input.
    """


@dataclass(frozen=True)
class ErrorRule:
    """One row of the error table.

    Attributes:
        id: The clause of the contract; `REF-…` for what only this server does.
        exceptions: The exceptions the rule is about, the one it is named after first.
        statuses: The HTTP statuses it leads to; handlers answer the first.
        when: When it happens.
    """

    id: str
    exceptions: tuple[type[Exception], ...]
    statuses: tuple[int, ...]
    when: str

    @property
    def exception(self) -> str:
        """Name of the exception."""
        return self.exceptions[0].__name__


ERROR_RULES: tuple[ErrorRule, ...] = (
    ErrorRule("ERR-1", (ValueError,), (400,), "The input is not usable."),
    ErrorRule("ERR-2", (ParameterError,), (400,), "A parameter of an algorithm or of a dataset is not valid."),
    ErrorRule("ERR-3", (AssertionError,), (409,), "The present state does not allow this."),
    ErrorRule(
        "ERR-4",
        (HTTPException, NotFoundError),
        (404, 409),
        "The session, scenario, algorithm or dataset is unknown; or the tag, name or key is taken.",
    ),
    ErrorRule("ERR-5", (Exception,), (500,), "Something unexpected happened; the log has the traceback."),
    ErrorRule(
        "ERR-6",
        (RequestValidationError,),
        (422,),
        "The body is malformed, lacks a field, or a field has a wrong type.",
    ),
    ErrorRule("ERR-7", (TooLargeError,), (413,), "The body, or what it unpacks to, is larger than the server takes."),
    ErrorRule("ERR-8", (ForbiddenError,), (403,), "The server's settings forbid this."),
    ErrorRule("REF-1", (UnauthorizedError,), (401,), "The server wants a bearer token and the request has none."),
)

_RULES_BY_EXCEPTION = {exception: rule for rule in ERROR_RULES for exception in rule.exceptions}

# Values of Python and pydantic that are `ValueError`s, yet speak of a mistake of the server's rather than the caller's.
_NOT_THE_CALLERS = (pydantic.ValidationError, PydanticSerializationError, UnicodeError)


@dataclass(frozen=True)
class Failure:
    """One way an operation can fail, as its documentation lists it.

    Attributes:
        rule: Id of the error rule it falls under.
        status: The HTTP status, one of the rule's.
        when: When it happens.
    """

    rule: str
    status: int
    when: str


UNKNOWN_SESSION = Failure("ERR-4", 404, "There is no such session.")
UNKNOWN_SCENARIO = Failure("ERR-4", 404, "There is no such scenario in the session.")
UNKNOWN_ALGORITHM = Failure("ERR-4", 404, "There is no such algorithm.")
UNKNOWN_DATASET = Failure("ERR-4", 404, "There is no such dataset in the session.")
NAME_TAKEN = Failure("ERR-4", 409, "A session has this name already.")
TAG_TAKEN = Failure("ERR-4", 409, "A scenario of the session has this tag already.")
KEY_TAKEN = Failure("ERR-4", 409, "A dataset of the session has this key already.")
DATASET_IN_USE = Failure("ERR-3", 409, "A scenario of the session refers to the dataset.")
NOT_RUNNABLE = Failure("ERR-3", 409, "The scenario is queued or processing, or has ended and was not reset.")
NOT_RESETTABLE = Failure("ERR-3", 409, "The scenario is queued or processing.")
NOT_CANCELLABLE = Failure("ERR-3", 409, "The scenario is neither queued nor processing.")
SHUTTING_DOWN = Failure("ERR-3", 409, "The server is shutting down.")
REFUSED_BY_PROJECT = Failure("ERR-3", 409, "A class of the user's project refuses this in the present state.")
BAD_PARAMETER = Failure("ERR-2", 400, "A parameter has a value it cannot take, or is unknown.")
BAD_KEY = Failure(
    "ERR-1", 400, "The key is longer than 255 characters, holds `/` or control characters, or is reserved."
)
BAD_PAYLOAD = Failure("ERR-1", 400, "The body is not what `DataSource.to_json()` writes, or its key is not allowed.")
BAD_FILE = Failure(
    "ERR-1", 400, "A file is missing, unnamed, unreadable or of an unknown kind; or the key is not allowed."
)
BAD_BODY = Failure("ERR-6", 422, "The body is malformed, lacks a field, or a field has a wrong type.")
BAD_QUERY = Failure("ERR-6", 422, "A query parameter is out of range or of a wrong type.")
TOO_LARGE = Failure("ERR-7", 413, "The body is larger than the server takes.")
CROSS_SITE = Failure("ERR-8", 403, "A page of a web site that is not among the allowed origins sent this.")
CREATE_FORBIDDEN = Failure("ERR-8", 403, "The server does not allow new sessions.")
UNEXPECTED = Failure("ERR-5", 500, "A class of the user's project, or the storage, failed unexpectedly.")
FOREIGN_HOST = Failure("ERR-1", 400, "The `Host` header names a host that this server does not answer for.")
NO_TOKEN = Failure("REF-1", 401, "The request carries no bearer token, or a wrong one.")


def error_response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the one shape of error reply: `{"detail": "…"}`."""
    body = orjson.dumps({"detail": detail.encode("utf-8", "replace").decode()})
    return Response(body, status, dict(headers or {}), media_type="application/json")


def as_http_error(error: Exception) -> HTTPException | None:
    """Return the HTTP error for an exception, or `None` when no rule names it.

    Args:
        error: What was raised, by a backend's method or by an access policy.
    """
    if isinstance(error, HTTPException):
        return error
    for kind in type(error).__mro__:
        rule = _RULES_BY_EXCEPTION.get(kind)
        if rule is not None and kind is not Exception:
            headers = {"WWW-Authenticate": "Bearer"} if rule.statuses == (401,) else None
            return HTTPException(rule.statuses[0], _message(error, rule), headers)
    return None


def install_exception_handlers(app: FastAPI) -> None:
    """Make every route of `app`, those you add included, answer errors as the table says.

    Args:
        app: The application.
    """
    for exception in _RULES_BY_EXCEPTION:
        if exception is HTTPException:
            app.add_exception_handler(exception, _answer_http_exception)
        elif exception is RequestValidationError:
            app.add_exception_handler(exception, _answer_validation_error)
        elif exception is Exception:
            app.add_exception_handler(exception, answer_unexpected)
        else:
            app.add_exception_handler(exception, _answer_by_rule)


async def _answer_by_rule(request: Request, error: Exception) -> Response:
    http_error = None if isinstance(error, _NOT_THE_CALLERS) else as_http_error(error)
    if http_error is None:
        raise InternalError from error
    return await _answer_http_exception(request, http_error)


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = error.headers
    allowed_methods = getattr(request.app.state, "allowed_methods", None)
    if error.status_code == 405 and allowed_methods is not None:
        headers = {"Allow": ", ".join(allowed_methods.of(request.scope))}
    if error.status_code in (204, 304):  # A route of the user's may raise these too; they have no body.
        return Response(status_code=error.status_code, headers=headers)
    return error_response(error.status_code, str(error.detail) or "No details.", headers)


async def _answer_validation_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return error_response(422, describe_validation_errors(error.errors()))


async def answer_unexpected(request: Request, error: Exception) -> Response:
    """Log what no rule names, with its traceback, and answer 500 without saying anything of it."""
    cause = error.__cause__ if isinstance(error, InternalError) and error.__cause__ else error
    logger.error("%s %s failed unexpectedly", request.method, request.url.path, exc_info=cause)
    return error_response(500, INTERNAL_ERROR_DETAIL)


def _message(error: Exception, rule: ErrorRule) -> str:
    message: Any = getattr(error, "message", None)
    text = message if isinstance(message, str) else str(error)
    return text if text.strip() else rule.when
