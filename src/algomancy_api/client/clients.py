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
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast

import httpx

from algomancy_api.client import operations, waiting
from algomancy_api.client.events import EventLines, SessionEvent, check_opened, stream_call, stream_options
from algomancy_api.client.exceptions import AlgomancyError
from algomancy_api.client.flow import STREAMS, Api, Flow, Listen, NoStreamLeft, Send, authorization
from algomancy_api.client.operations import AnyScenario, scenario_id
from algomancy_api.client.retry import RetryPolicy

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


def blocking(operation: Callable[Concatenate[Api, P], Flow[T]]) -> Callable[Concatenate[AlgomancyClient, P], T]:
    """The method that carries out an operation and gives its result."""

    @wraps(operation)
    def method(self: AlgomancyClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._carry_out(operation(self._api, *args, **kwargs))

    vars(method)["__signature__"] = signature_without_flow(operation)
    return cast("Callable[Concatenate[AlgomancyClient, P], T]", method)


class _Client:
    """What both clients are: one session of a server, and the connections to it."""

    _api: Api

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

    get_health = blocking(operations.get_health)
    list_sessions = blocking(operations.list_sessions)
    get_session = blocking(operations.get_session)
    create_session = blocking(operations.create_session)
    copy_session = blocking(operations.copy_session)
    rename_session = blocking(operations.rename_session)
    delete_session = blocking(operations.delete_session)
    list_algorithms = blocking(operations.list_algorithms)
    get_algorithm_parameters = blocking(operations.get_algorithm_parameters)
    list_kpis = blocking(operations.list_kpis)

    list_scenarios = blocking(operations.list_scenarios)
    list_scenario_summaries = blocking(operations.list_scenario_summaries)
    create_scenario = blocking(operations.create_scenario)
    get_scenario = blocking(operations.get_scenario)
    delete_scenario = blocking(operations.delete_scenario)
    run_scenario = blocking(operations.run_scenario)
    get_scenario_status = blocking(operations.get_scenario_status)
    reset_scenario = blocking(operations.reset_scenario)
    cancel_scenario = blocking(operations.cancel_scenario)
    get_processing = blocking(operations.get_processing)
    get_runs = blocking(operations.get_runs)
    wait = blocking(waiting.wait)
    run_and_wait = blocking(waiting.run_and_wait)

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

    list_datasets = blocking(operations.list_datasets)
    get_dataset = blocking(operations.get_dataset)
    dataset = blocking(operations.dataset)
    get_data_parameters = blocking(operations.get_data_parameters)
    delete_dataset = blocking(operations.delete_dataset)
    derive_dataset = blocking(operations.derive_dataset)
    add_dataset_from_json = blocking(operations.add_dataset_from_json)
    add_dataset = blocking(operations.add_dataset)
    run_etl = blocking(operations.run_etl)
    upload = blocking(operations.upload)

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


def awaiting(
    operation: Callable[Concatenate[Api, P], Flow[T]],
) -> Callable[Concatenate[AsyncAlgomancyClient, P], Coroutine[Any, Any, T]]:
    """The method that carries out an operation and gives its result."""

    @wraps(operation)
    async def method(self: AsyncAlgomancyClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._carry_out(operation(self._api, *args, **kwargs))

    vars(method)["__signature__"] = signature_without_flow(operation)
    return cast("Callable[Concatenate[AsyncAlgomancyClient, P], Coroutine[Any, Any, T]]", method)


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

    get_health = awaiting(operations.get_health)
    list_sessions = awaiting(operations.list_sessions)
    get_session = awaiting(operations.get_session)
    create_session = awaiting(operations.create_session)
    copy_session = awaiting(operations.copy_session)
    rename_session = awaiting(operations.rename_session)
    delete_session = awaiting(operations.delete_session)
    list_algorithms = awaiting(operations.list_algorithms)
    get_algorithm_parameters = awaiting(operations.get_algorithm_parameters)
    list_kpis = awaiting(operations.list_kpis)

    list_scenarios = awaiting(operations.list_scenarios)
    list_scenario_summaries = awaiting(operations.list_scenario_summaries)
    create_scenario = awaiting(operations.create_scenario)
    get_scenario = awaiting(operations.get_scenario)
    delete_scenario = awaiting(operations.delete_scenario)
    run_scenario = awaiting(operations.run_scenario)
    get_scenario_status = awaiting(operations.get_scenario_status)
    reset_scenario = awaiting(operations.reset_scenario)
    cancel_scenario = awaiting(operations.cancel_scenario)
    get_processing = awaiting(operations.get_processing)
    get_runs = awaiting(operations.get_runs)
    wait = awaiting(waiting.wait)
    run_and_wait = awaiting(waiting.run_and_wait)

    async def get_events(
        self, last_event_id: str | None = None, scenario: AnyScenario | None = None
    ) -> AsyncGenerator[SessionEvent]:
        """What changes in the session, as it happens, until the session is deleted (an optional operation).

        Args:
            last_event_id: id of the last event seen, to go on after it; without one a snapshot comes first.
            scenario: a scenario or its id, to be told of that alone; a server may tell the others, too.

        Raises:
            NotFound: there is no such session or scenario, or the server does not offer this.
            ConnectionFailed: the stream broke off.
        """
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

    list_datasets = awaiting(operations.list_datasets)
    get_dataset = awaiting(operations.get_dataset)
    dataset = awaiting(operations.dataset)
    get_data_parameters = awaiting(operations.get_data_parameters)
    delete_dataset = awaiting(operations.delete_dataset)
    derive_dataset = awaiting(operations.derive_dataset)
    add_dataset_from_json = awaiting(operations.add_dataset_from_json)
    add_dataset = awaiting(operations.add_dataset)
    run_etl = awaiting(operations.run_etl)
    upload = awaiting(operations.upload)

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
