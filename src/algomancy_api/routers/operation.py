"""Operations: what a route does, what it takes and all it can answer, said once beside its function."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Annotated, Any, get_args

from fastapi import FastAPI, Path
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from algomancy_api.errors import (
    BAD_BODY,
    BAD_QUERY,
    CROSS_SITE,
    TOO_LARGE,
    UNEXPECTED,
    UNKNOWN_ALGORITHM,
    UNKNOWN_DATASET,
    UNKNOWN_SCENARIO,
    UNKNOWN_SESSION,
    ApiError,
    Failure,
    InternalError,
)
from algomancy_api.http.bodies import read_model, read_query
from algomancy_api.http.gate import path_value

Endpoint = Callable[..., Awaitable[Response]]

# What each path parameter names, and how an operation fails where there is no such thing.
SessionId = Annotated[
    str, Path(description="Id of the session (its UUID), or its current display name."), UNKNOWN_SESSION
]
AlgorithmName = Annotated[str, Path(description="Name of the algorithm."), UNKNOWN_ALGORITHM]
ScenarioId = Annotated[str, Path(description="Id of the scenario (its UUID)."), UNKNOWN_SCENARIO]
DataKey = Annotated[str, Path(description="Key of the dataset."), UNKNOWN_DATASET]

_HOT = 2


@dataclass(frozen=True)
class Link:
    """What a client may do next with what an operation returned.

    Attributes:
        operation: `operationId` of what may be done.
        parameters: Path parameters of it, as OpenAPI runtime expressions.
        description: What it does with what was returned.
    """

    operation: str
    parameters: dict[str, str]
    description: str


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of the API.

    Attributes:
        method: HTTP method.
        path: Path template below the prefix.
        endpoint: The function that answers; its name is the `operationId`, its docstring the documentation.
        tag: The group it is listed in.
        status: Status of success.
        reply: Model of the body of success, `None` for an empty one.
        body: Model of the request's JSON body, `None` for none or one the endpoint reads itself.
        query: Model of the query parameters, `None` for none.
        failures: How it can fail.
        links: What can be done next, by name.
        headers: Headers of the reply: name and meaning.
        extra: Further members of its OpenAPI object.
        events: Models of the events it sends, by kind, for an operation whose reply is a stream of them.
        hot: How often it is asked for, compared with others: the hottest is matched first.
    """

    method: str
    path: str
    endpoint: Endpoint
    tag: str
    status: int
    reply: Any
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    failures: tuple[Failure, ...]
    links: dict[str, Link] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    events: dict[str, type[BaseModel]] = field(default_factory=dict)
    hot: int = 0

    @property
    def name(self) -> str:
        """The `operationId`."""
        return self.endpoint.__name__


class Operations:
    """The operations of one group, in the order in which they are documented.

    Args:
        tag: Name of the group.
        description: What the group is about.
    """

    def __init__(self, tag: str, description: str) -> None:
        self.tag = tag
        self.description = description
        self.all: list[Operation] = []

    def operation(
        self,
        method: str,
        path: str,
        reply: Any,  # noqa: ANN401 - any type that pydantic can describe
        *failures: Failure,
        status: int = 200,
        **details: Any,  # noqa: ANN401 - fields of `Operation`
    ) -> Callable[[Endpoint], Endpoint]:
        """Make an operation of a function.

        Args:
            method: HTTP method.
            path: Path template below the prefix.
            reply: Model of the body of success, `None` for an empty one.
            *failures: How it can fail; what follows from its path, its body or its changing state is added.
            status: Status of success.
            **details: `links`, `headers`, `extra`, `events`, `hot` of `Operation`.
        """

        def register(endpoint: Endpoint) -> Endpoint:
            annotations = inspect.signature(endpoint, eval_str=True).parameters
            body = annotations["body"].annotation if "body" in annotations else None
            query = get_args(annotations["query"].annotation)[0] if "query" in annotations else None
            metadata = [each for parameter in annotations.values() for each in get_args(parameter.annotation)[1:]]
            unknown = tuple(each for each in metadata if isinstance(each, Failure))
            implied: tuple[Failure, ...] = ()
            if method != "GET":
                implied += (CROSS_SITE, UNEXPECTED)
            if body is not None:
                implied += (TOO_LARGE, BAD_BODY)
            if query is not None:
                implied += (BAD_QUERY,)
            failing = unknown + failures + implied
            self.all.append(Operation(method, path, endpoint, self.tag, status, reply, body, query, failing, **details))
            return endpoint

        return register


class OperationRoute(Route):
    """A route that hands its path parameters and its body straight to the endpoint.

    FastAPI documents the operation, when the document is asked for. Answering is left to a few lines here, because
    analysing signatures takes long at the start, and resolving dependencies and validating replies takes longer than
    all the rest of a status request.

    Args:
        operation: What it does.
        prefix: What its path begins with.
    """

    def __init__(self, operation: Operation, prefix: str) -> None:
        super().__init__(prefix + operation.path, operation.endpoint, methods=[operation.method], name=operation.name)
        # `from-json` is a path of its own and nobody's key: there all methods but its own are refused.
        self.path_regex = re.compile(self.path_regex.pattern.replace("(?P<data_key>", "(?P<data_key>(?!from-json$)"))
        self.operation = operation
        self.app = _answering(operation)


def add_operations(routes: list[BaseRoute], operations: Sequence[Operation], prefix: str) -> None:
    """Add operations to an application's routes, those that are hot first.

    Args:
        routes: The routes, in the order in which they are matched.
        operations: What to add.
        prefix: What their paths begin with.
    """
    routes += [OperationRoute(operation, prefix) for operation in sorted(operations, key=lambda each: -each.hot)]


def summary_and_description(endpoint: Endpoint) -> tuple[str, str]:
    """Return the first line of a function's docstring without its full stop, and the whole as prose."""
    text = inspect.getdoc(endpoint) or ""
    summary, _, rest = text.partition("\n")
    description = re.sub(r"(?<!\n)\n(?!\n)", " ", rest.strip())
    return summary.rstrip("."), f"{summary}\n\n{description}".strip()


def _answering(operation: Operation) -> ASGIApp:
    endpoint, body, query = operation.endpoint, operation.body, operation.query

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        arguments: dict[str, Any] = {name: path_value(scope, value) for name, value in scope["path_params"].items()}
        try:
            if body is not None:
                arguments["body"] = await read_model(request, body)
            if query is not None:
                arguments["query"] = read_query(request, query)
            calls = request.app.state.backend_calls
            if not calls.alone:
                await calls.caught_up()
            response = await endpoint(request, **arguments)
        except (HTTPException, ApiError, ClientDisconnect):
            raise
        except Exception as error:
            raise InternalError from error
        await response(scope, receive, send)

    return answer


class HotPath:
    """Innermost middleware that hands a request for a hot operation to its route; all others go on.

    FastAPI's own stack behind the gate serves users' routes: exit stacks for dependencies, limits of bodies, handlers
    of exceptions. What only reads memory needs none of it, and is answered a quarter faster: 0.88 against 0.69 of the
    requests that a bare application answers. What the route refuses goes on too: the handlers of exceptions answer it.

    Args:
        app: The application it wraps.
        application: Whose routes these are. Those count that are matched first of all, with no user's before them.
    """

    def __init__(self, app: ASGIApp, application: FastAPI) -> None:
        self._app = app
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] == "http" and scope["method"] == "GET":
            for route in self._hot:
                match, found = route.matches(scope)
                if match is Match.FULL:
                    try:
                        await route.app({**scope, **found}, receive, send)
                    except (HTTPException, ApiError):
                        break
                    return
        await self._app(scope, receive, send)

    @cached_property
    def _hot(self) -> list[OperationRoute]:
        return [route for route in takewhile(_is_hot, self._application.routes) if isinstance(route, OperationRoute)]


def _is_hot(route: BaseRoute) -> bool:
    return isinstance(route, OperationRoute) and route.operation.hot >= _HOT and route.operation.method == "GET"
