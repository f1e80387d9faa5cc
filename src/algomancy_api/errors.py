"""The one table of errors: which exception becomes which reply.

The exception handlers, each operation's documented replies and the `x-error-rules` of the OpenAPI document are all made
from [`ERROR_RULES`][algomancy_api.errors.ERROR_RULES].
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
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

import algomancy_api.backend  # noqa: F401 - says what to install where no backend is
from algomancy_utils.baseparameterset import ParameterError

logger = logging.getLogger("algomancy_api")

INTERNAL_ERROR_DETAIL = "Internal server error"


class ApiError(Exception):
    """The API refuses a request; the message is for the person who sent it.

    ::

        ApiError
          ├─ BadInputError           the input is not usable
          ├─ NotFoundError           what the request names does not exist
          ├─ ConflictError           the present state does not allow it; an AssertionError too
          ├─ InvalidRequestError     the body, the form or the query is not what the operation takes
          ├─ TooLargeError           the body is larger than the server takes
          ├─ UnavailableError        the server's database does not answer
          └─ AccessError             the request is refused before it reaches a route
              ├─ ForbiddenError      the server's settings do not allow it
              ├─ UnauthorizedError   it does not carry the server's bearer token
              └─ ForeignHostError    it asks for a host the server does not answer for
    """


class BadInputError(ApiError):
    """The input is not usable."""


class NotFoundError(ApiError):
    """The session, scenario, algorithm or dataset named does not exist."""


class ConflictError(ApiError, AssertionError):
    """The tag, name or key is taken, or the present state does not allow this."""


class InvalidRequestError(ApiError):
    """The body, the form or the query is not what the operation takes.

    Attributes:
        location: The keys and indices that lead to what is wrong, where that is known.
    """

    location: Sequence[str | int] | None = None


class TooLargeError(ApiError):
    """The body is larger than the server takes."""


class UnavailableError(ApiError):
    """The server's database does not answer; the request may be sent again."""


class AccessError(ApiError):
    """The request is refused before it reaches a route."""


class ForbiddenError(AccessError):
    """The server's settings do not allow this request."""


class UnauthorizedError(AccessError):
    """The request does not carry the server's bearer token."""


class ForeignHostError(AccessError):
    """The request asks for a host that the server does not answer for."""


class InternalError(Exception):
    """Something in a route went wrong that no rule names; its cause is what went wrong.

    Without it, the handlers for users' routes would answer a mistake of ours as bad input.
    """


@dataclass(frozen=True)
class ErrorRule:
    """One row of the error table.

    Attributes:
        id: The clause of the contract; `REF-…` for what only this server does.
        answers: The HTTP status by exception, the one the rule is named after first; 0 for one that brings its own.
        when: When it happens.
    """

    id: str
    answers: Mapping[type[Exception], int]
    when: str

    @property
    def exception(self) -> str:
        """Name of the exception."""
        return next(iter(self.answers)).__name__

    @property
    def statuses(self) -> list[int]:
        """The HTTP statuses it leads to."""
        return sorted({status for status in self.answers.values() if status})


ERROR_RULES: tuple[ErrorRule, ...] = (
    ErrorRule("ERR-1", {ValueError: 400, BadInputError: 400, ForeignHostError: 400}, "The input is not usable."),
    ErrorRule("ERR-2", {ParameterError: 400}, "A parameter of an algorithm or of a dataset is not valid."),
    ErrorRule("ERR-3", {AssertionError: 409}, "The present state does not allow this."),
    ErrorRule(
        "ERR-4",
        {HTTPException: 0, NotFoundError: 404, ConflictError: 409},
        "The session, scenario, algorithm or dataset is unknown; or the tag, name or key is taken.",
    ),
    ErrorRule("ERR-5", {Exception: 500}, "Something unexpected happened; the log has the traceback."),
    ErrorRule(
        "ERR-6",
        {RequestValidationError: 422, InvalidRequestError: 422},
        "The body is malformed, lacks a field, or a field has a wrong type.",
    ),
    ErrorRule("ERR-7", {TooLargeError: 413}, "The body, or what it unpacks to, is larger than the server takes."),
    ErrorRule("ERR-8", {ForbiddenError: 403}, "The server's settings forbid this."),
    ErrorRule("REF-1", {UnauthorizedError: 401}, "The server wants a bearer token and the request has none."),
    ErrorRule(
        "REF-2", {UnavailableError: 503}, "The server's database does not answer; `Retry-After` says when to ask."
    ),
)

_STATUSES = {exception: status for rule in ERROR_RULES for exception, status in rule.answers.items()}
_MEANINGS = {exception: rule.when for rule in ERROR_RULES for exception in rule.answers}
_KINDS: Mapping[str, type[ApiError]] = {
    "not_found": NotFoundError,
    "conflict": ConflictError,
    "too_large": TooLargeError,
    "unavailable": UnavailableError,
}
"""What a backend may say of its exceptions in their `error_kind`; see `algomancy_api.backend`."""

_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "2"}}

# Subclasses of `ValueError` that mean a mistake of the server, not of the caller.
_NOT_THE_CALLERS = (pydantic.ValidationError, PydanticSerializationError, UnicodeError)


@dataclass(frozen=True)
class Failure:
    """One way an operation can fail, as its documentation lists it.

    Attributes:
        exception: What is raised; the error table has its status.
        when: When it happens.
    """

    exception: type[Exception]
    when: str

    @property
    def status(self) -> int:
        """The HTTP status."""
        return _STATUSES[self.exception]


UNKNOWN_SESSION = Failure(NotFoundError, "There is no such session.")
UNKNOWN_SCENARIO = Failure(NotFoundError, "There is no such scenario in the session.")
UNKNOWN_ALGORITHM = Failure(NotFoundError, "There is no such algorithm.")
UNKNOWN_DATASET = Failure(NotFoundError, "There is no such dataset in the session.")
NOT_OFFERED = Failure(NotFoundError, "The backend does not offer this.")
NAME_TAKEN = Failure(ConflictError, "A session has this name already.")
TAG_TAKEN = Failure(ConflictError, "A scenario of the session has this tag already.")
KEY_TAKEN = Failure(ConflictError, "A dataset of the session has this key already.")
DATASET_IN_USE = Failure(AssertionError, "A scenario of the session refers to the dataset.")
NOT_RUNNABLE = Failure(AssertionError, "The scenario is queued or processing, or has ended and was not reset.")
NOT_RESETTABLE = Failure(AssertionError, "The scenario is queued or processing.")
NOT_CANCELLABLE = Failure(AssertionError, "The scenario is neither queued nor processing.")
SHUTTING_DOWN = Failure(AssertionError, "The server is shutting down.")
REFUSED_BY_PROJECT = Failure(AssertionError, "A class of the user's project refuses this in the present state.")
BAD_PARAMETER = Failure(ParameterError, "A parameter has a value it cannot take, or is unknown.")
BAD_KEY = Failure(ValueError, "The key is longer than 255 characters, holds `/` or control characters, or is reserved.")
BAD_PAYLOAD = Failure(ValueError, "The body is not what `DataSource.to_json()` writes, or its key is not allowed.")
BAD_FILE = Failure(
    ValueError, "A file is missing, unnamed, unreadable or of an unknown kind; or the key is not allowed."
)
BAD_BODY = Failure(InvalidRequestError, "The body is malformed, lacks a field, or a field has a wrong type.")
BAD_QUERY = Failure(InvalidRequestError, "A query parameter is out of range or of a wrong type.")
TOO_LARGE = Failure(TooLargeError, "The body is larger than the server takes.")
CROSS_SITE = Failure(ForbiddenError, "A page of a web site that is not among the allowed origins sent this.")
CREATE_FORBIDDEN = Failure(ForbiddenError, "The server does not allow new sessions.")
UNEXPECTED = Failure(Exception, "A class of the user's project, or the storage, failed unexpectedly.")
FOREIGN_HOST = Failure(ForeignHostError, "The `Host` header names a host that this server does not answer for.")
UNAVAILABLE = Failure(UnavailableError, "The server's database does not answer; `Retry-After` says when to ask again.")
NO_TOKEN = Failure(UnauthorizedError, "The request carries no bearer token, or a wrong one.")


def error_response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the one shape of error reply: `{"detail": "…"}`."""
    body = orjson.dumps({"detail": detail.encode("utf-8", "replace").decode()})
    return Response(body, status, dict(headers or {}), media_type="application/json")


def as_http_error(error: Exception) -> HTTPException | None:
    """Return the HTTP error for an exception, or `None` when no rule names it.

    Args:
        error: What was raised, by a backend's method or by the layer itself.
    """
    if isinstance(error, HTTPException):
        return error
    told = _KINDS.get(getattr(error, "error_kind", ""))
    for exception in type(error).__mro__ if told is None else (told,):
        status = _STATUSES.get(exception, 500)
        if status != 500:
            return HTTPException(status, _message(error) or _MEANINGS[exception], _HEADERS.get(status))
    return None


def install_exception_handlers(app: FastAPI) -> None:
    """Make every route of `app`, those you add included, answer errors as the table says.

    Args:
        app: The application.
    """
    for exception in _STATUSES:
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
    return error_response(_STATUSES[RequestValidationError], describe_validation_errors(error.errors()))


async def answer_unexpected(request: Request, error: Exception) -> Response:
    """Log what no rule names, with its traceback, and answer 500 without saying anything of it."""
    # A route of the user's may call the backend, whose exceptions may be of any class.
    if told := _KINDS.get(getattr(error, "error_kind", "")):
        return error_response(_STATUSES[told], _message(error) or _MEANINGS[told], _HEADERS.get(_STATUSES[told]))
    cause = error.__cause__ if isinstance(error, InternalError) and error.__cause__ else error
    logger.error("%s %s failed unexpectedly", request.method, request.url.path, exc_info=cause)
    return error_response(500, INTERNAL_ERROR_DETAIL)


def _message(error: Exception) -> str:
    message: Any = getattr(error, "message", None)
    text = message if isinstance(message, str) else str(error)
    return text if text.strip() else ""


WHOLE_SENTENCE = "rule"
"""Type of an error of pydantic's whose message needs no field named before it."""

_PARTS = {"body": "Field", "query": "Query parameter", "path": "Path parameter", "header": "Header", "cookie": "Cookie"}

_DEMANDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _: "is required",
    "string_type": lambda _: "must be a string",
    "string_too_short": lambda _: "must not be empty",
    "string_too_long": lambda limits: f"must be at most {limits['max_length']} characters long",
    "string_pattern_mismatch": lambda _: "must not be blank or hold control characters",
    "bool_type": lambda _: "must be true or false",
    "int_type": lambda _: "must be an integer",
    "int_parsing": lambda _: "must be an integer",
    "int_parsing_size": lambda _: "must be an integer of fewer digits",
    "float_type": lambda _: "must be a number",
    "float_parsing": lambda _: "must be a number",
    "list_type": lambda _: "must be an array",
    "dict_type": lambda _: "must be an object",
    "model_type": lambda _: "must be an object",
    "model_attributes_type": lambda _: "must be an object",
    "greater_than_equal": lambda limits: f"must be at least {limits['ge']}",
    "less_than_equal": lambda limits: f"must be at most {limits['le']}",
    "enum": lambda limits: f"must be {limits['expected']}",
    "greater_than": lambda limits: f"must be greater than {limits['gt']}",
    "less_than": lambda limits: f"must be less than {limits['lt']}",
    "finite_number": lambda _: "must be a finite number",
    "too_short": lambda limits: f"must hold at least {limits['min_length']}",
    "too_long": lambda limits: f"must hold at most {limits['max_length']}",
    "timezone_aware": lambda _: "must have a time zone",
    "extra_forbidden": lambda _: "is unknown",
}


def describe_validation_errors(errors: Sequence[Any], part: str = "body") -> str:
    """Return one line that names each field at fault and says what it must be.

    Args:
        errors: pydantic's errors, as `ValidationError.errors()` gives them.
        part: Where the values came from, for errors whose location does not begin with it.

    Returns:
        For example `Field 'tag' is required.`
    """
    return " ".join(dict.fromkeys(_describe(error, part) for error in errors)) or "The request is not valid."


def _describe(error: Mapping[str, Any], part: str) -> str:
    location = [str(step) for step in error.get("loc", ())]
    if location and location[0] in _PARTS:
        part, location = location[0], location[1:]
    demand = _DEMANDS.get(error.get("type", ""))
    limits = error.get("ctx") or {}
    words = demand(limits) if demand else f"is not valid: {error.get('msg', 'wrong value')}"
    if error.get("type") == WHOLE_SENTENCE:
        return str(error["msg"])
    if error.get("type") == "json_invalid" or not location:
        return "The body must be a JSON object." if part == "body" else "The request is not valid."
    return f"{_PARTS[part]} '{'.'.join(filter(None, location))}' {words}."
