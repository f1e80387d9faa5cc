"""The two clients, blocking and asynchronous: they carry out the flows of `operations` and `waiting`."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import aclosing, closing
from copy import copy
from functools import wraps
from threading import Semaphore
from types import MethodType, TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, cast, overload

import httpx

from algomancy_api.client import operations, waiting
from algomancy_api.client.events import EventLines, SessionEvent, check_opened, stream_call, stream_options
from algomancy_api.client.exceptions import AlgomancyError, RetryPolicy
from algomancy_api.client.flow import STREAMS, Api, Flow, Listen, NoStreamLeft, Send, authorization
from algomancy_api.client.operations import AnyScenario, scenario_id

P = ParamSpec("P")
T = TypeVar("T")


def signature_without_flow(operation: Callable[..., Any]) -> inspect.Signature:
    """The signature of an operation as a caller of a client sees it: `self`, and the result in place of its flow."""
    signature = inspect.signature(operation)
    api, *others = signature.parameters.values()
    result = str(signature.return_annotation).removeprefix("Flow[").removesuffix("]")
    return signature.replace(
        parameters=[api.replace(name="self", annotation=api.empty), *others], return_annotation=result
    )


class _Both(Generic[P, T]):
    """An operation as a method of both clients: called as one of `AlgomancyClient`, awaited as one of the other."""

    def __init__(self, operation: Callable[Concatenate[Api, P], Flow[T]]) -> None:
        @wraps(operation)
        def called(client: AlgomancyClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return client._carry_out(operation(client._api, *args, **kwargs))

        @wraps(operation)
        async def awaited(client: AsyncAlgomancyClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return await client._carry_out(operation(client._api, *args, **kwargs))

        self._called, self._awaited = called, awaited
        for method in (called, awaited):
            vars(method)["__signature__"] = signature_without_flow(operation)

    @overload
    def __get__(self, client: AlgomancyClient, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: AsyncAlgomancyClient, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> Callable[..., Any]: ...
    def __get__(self, client: _Client | None, owner: type) -> Callable[..., Any]:
        method: Any = self._awaited if issubclass(owner, AsyncAlgomancyClient) else self._called
        return method if client is None else MethodType(method, client)


class _Client:
    """What both clients are: one session of a server, and the connections to it."""

    _api: Api

    get_health = _Both(operations.get_health)
    list_sessions = _Both(operations.list_sessions)
    get_session = _Both(operations.get_session)
    create_session = _Both(operations.create_session)
    copy_session = _Both(operations.copy_session)
    rename_session = _Both(operations.rename_session)
    delete_session = _Both(operations.delete_session)
    list_algorithms = _Both(operations.list_algorithms)
    get_algorithm_parameters = _Both(operations.get_algorithm_parameters)
    list_kpis = _Both(operations.list_kpis)

    list_scenarios = _Both(operations.list_scenarios)
    list_scenario_summaries = _Both(operations.list_scenario_summaries)
    create_scenario = _Both(operations.create_scenario)
    get_scenario = _Both(operations.get_scenario)
    delete_scenario = _Both(operations.delete_scenario)
    run_scenario = _Both(operations.run_scenario)
    get_scenario_status = _Both(operations.get_scenario_status)
    reset_scenario = _Both(operations.reset_scenario)
    cancel_scenario = _Both(operations.cancel_scenario)
    get_processing = _Both(operations.get_processing)
    get_runs = _Both(operations.get_runs)
    wait = _Both(waiting.wait)
    run_and_wait = _Both(waiting.run_and_wait)

    list_datasets = _Both(operations.list_datasets)
    get_dataset = _Both(operations.get_dataset)
    dataset = _Both(operations.dataset)
    get_data_parameters = _Both(operations.get_data_parameters)
    delete_dataset = _Both(operations.delete_dataset)
    derive_dataset = _Both(operations.derive_dataset)
    add_dataset_from_json = _Both(operations.add_dataset_from_json)
    add_dataset = _Both(operations.add_dataset)
    run_etl = _Both(operations.run_etl)
    upload = _Both(operations.upload)

    @property
    def base_url(self) -> str:
        """Where the server is."""
        return self._api.url

    @property
    def session(self) -> str:
        """Id or name of the session the methods work in."""
        return self._api.session

    def in_session(self, session: str) -> Self:
        """A client of another session, which shares this one's connections."""
        other = copy(self)
        other._api = self._api.in_session(session)
        return other


class AlgomancyClient(_Client):
    """A client of one session of an Algomancy server; safe to share between threads.

    Args:
        base_url: where the server is, such as `"http://127.0.0.1:8051"`.
        session: id or name of the session the methods work in.
        token: sent as `Authorization: Bearer …` where the server asks for one.
        timeout: seconds to wait for a connection, and for any single piece of an answer.
        prefix: path below which the server has its routes.
        retry: how to handle transient failures.
        transport: an httpx transport to use in place of the network.
        sleep: sleeps for some seconds.
        clock: a monotonic clock, in seconds.

    Raises:
        ValueError: `base_url` is no http or https address, or no header can carry the token.
    """

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8051",
        session: str = "main",
        token: str | None = None,
        timeout: float = 30.0,
        *,
        prefix: str = "/api/v1",
        retry: RetryPolicy | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = Api(base_url, session, prefix, timeout, retry or RetryPolicy(), clock)
        headers = authorization(token)
        self._http = httpx.Client(base_url=self._api.url, headers=headers, timeout=timeout, transport=transport)
        self._sleep = sleep
        self._streams = Semaphore(STREAMS)

    def get_events(
        self, last_event_id: str | None = None, scenario: AnyScenario | None = None
    ) -> Generator[SessionEvent]:
        """What changes in the session, as it happens, until the session is deleted (an optional operation).

        Args:
            last_event_id: id of the last event seen, to go on after it; without one a snapshot comes first.
            scenario: a scenario or its id, to be told of that alone; a server may tell the others, too.

        Raises:
            NotFound: there is no such session or scenario, or the server does not offer this.
            ConnectionFailed: the stream broke off.
        """
        events = EventLines()
        with closing(self._lines(last_event_id, None if scenario is None else scenario_id(scenario))) as lines:
            for line in lines:
                if (event := events.feed(line)) is not None:
                    yield event

    def _lines(self, last_event_id: str | None, scenario: str | None) -> Generator[str]:
        call = stream_call(self._api, last_event_id, scenario)
        try:
            with self._http.stream(call.method, call.path, **stream_options(self._api, call)) as response:
                if not response.is_success:
                    response.read()
                check_opened(response, call)
                yield from response.iter_lines()
        except httpx.RequestError as error:
            raise self._api.no_answer(error, call) from error

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> AlgomancyClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _carry_out(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Send):
                    try:
                        with step.call.request(self._http) as request:
                            response = self._http.send(request)
                    except httpx.RequestError as error:
                        step = flow.throw(error)
                    else:
                        step = flow.send(response)
                elif isinstance(step, Listen) and not self._streams.acquire(blocking=False):
                    step = flow.throw(NoStreamLeft())
                elif isinstance(step, Listen):
                    listen = step
                    try:
                        with closing(self._lines(listen.last_event_id, listen.scenario)) as lines:
                            while step is listen:
                                try:
                                    line = next(lines, None)
                                except AlgomancyError as error:
                                    step = flow.throw(error)
                                else:
                                    step = flow.send(line)
                    finally:
                        self._streams.release()
                else:
                    self._sleep(step.seconds)
                    step = next(flow)
        except StopIteration as end:
            return cast("T", end.value)


class AsyncAlgomancyClient(_Client):
    """A client of one session of an Algomancy server for asyncio; safe to share between the tasks of one loop.

    It has the methods of `AlgomancyClient`, to be awaited, and takes the same arguments; `transport` and `sleep` are
    asynchronous.

    Raises:
        ValueError: `base_url` is no http or https address, or no header can carry the token.
    """

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8051",
        session: str = "main",
        token: str | None = None,
        timeout: float = 30.0,
        *,
        prefix: str = "/api/v1",
        retry: RetryPolicy | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = Api(base_url, session, prefix, timeout, retry or RetryPolicy(), clock)
        headers = authorization(token)
        self._http = httpx.AsyncClient(base_url=self._api.url, headers=headers, timeout=timeout, transport=transport)
        self._sleep = sleep
        self._streams = Semaphore(STREAMS)

    async def get_events(  # noqa: D102 - the words are those of `AlgomancyClient`, see below
        self, last_event_id: str | None = None, scenario: AnyScenario | None = None
    ) -> AsyncGenerator[SessionEvent]:
        events = EventLines()
        async with aclosing(self._lines(last_event_id, None if scenario is None else scenario_id(scenario))) as lines:
            async for line in lines:
                if (event := events.feed(line)) is not None:
                    yield event

    async def _lines(self, last_event_id: str | None, scenario: str | None) -> AsyncGenerator[str]:
        call = stream_call(self._api, last_event_id, scenario)
        try:
            async with self._http.stream(call.method, call.path, **stream_options(self._api, call)) as response:
                if not response.is_success:
                    await response.aread()
                check_opened(response, call)
                async for line in response.aiter_lines():
                    yield line
        except httpx.RequestError as error:
            raise self._api.no_answer(error, call) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncAlgomancyClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _carry_out(self, flow: Flow[T]) -> T:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Send):
                    try:
                        with step.call.request(self._http) as request:
                            response = await self._http.send(request)
                    except httpx.RequestError as error:
                        step = flow.throw(error)
                    else:
                        step = flow.send(response)
                elif isinstance(step, Listen) and not self._streams.acquire(blocking=False):
                    step = flow.throw(NoStreamLeft())
                elif isinstance(step, Listen):
                    listen = step
                    try:
                        async with aclosing(self._lines(listen.last_event_id, listen.scenario)) as lines:
                            while step is listen:
                                try:
                                    line = await anext(lines, None)
                                except AlgomancyError as error:
                                    step = flow.throw(error)
                                else:
                                    step = flow.send(line)
                    finally:
                        self._streams.release()
                else:
                    await self._sleep(step.seconds)
                    step = next(flow)
        except StopIteration as end:
            return cast("T", end.value)


AsyncAlgomancyClient.get_events.__doc__ = AlgomancyClient.get_events.__doc__
