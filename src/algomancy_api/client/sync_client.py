"""The blocking face of the client."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Generator
from contextlib import closing
from functools import wraps
from threading import Semaphore
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import httpx

from algomancy_api.client import data, scenarios, sessions, waiting
from algomancy_api.client.events import EventLines, SessionEvent, check_opened, stream_call, stream_options
from algomancy_api.client.exceptions import AlgomancyError
from algomancy_api.client.flow import STREAMS, Api, Flow, Listen, NoStreamLeft, Send, authorization
from algomancy_api.client.retry import RetryPolicy
from algomancy_api.client.scenarios import AnyScenario, scenario_id

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


class AlgomancyClient:
    """A client of one session of an Algomancy server; safe to share between threads.

    Args:
        base_url: where the server is, such as `"http://127.0.0.1:8051"`.
        session: id or name of the session the methods work in.
        token: sent as `Authorization: Bearer …` where the server asks for one.
        timeout: seconds to wait for a connection, and for any single piece of an answer.
        prefix: path below which the server has its routes.
        retry: how to bear failures that may pass.
        transport: an httpx transport to use in place of the network.
        sleep: lets seconds pass.
        clock: tells the seconds passed since some moment.

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

    @property
    def base_url(self) -> str:
        """Where the server is."""
        return self._api.url

    @property
    def session(self) -> str:
        """Id or name of the session the methods work in."""
        return self._api.session

    def in_session(self, session: str) -> AlgomancyClient:
        """A client of another session, which shares this one's connections."""
        other = object.__new__(AlgomancyClient)
        other._api, other._http = self._api.in_session(session), self._http
        other._sleep, other._streams = self._sleep, self._streams
        return other

    get_health = blocking(sessions.get_health)
    list_sessions = blocking(sessions.list_sessions)
    get_session = blocking(sessions.get_session)
    create_session = blocking(sessions.create_session)
    copy_session = blocking(sessions.copy_session)
    rename_session = blocking(sessions.rename_session)
    delete_session = blocking(sessions.delete_session)
    list_algorithms = blocking(sessions.list_algorithms)
    get_algorithm_parameters = blocking(sessions.get_algorithm_parameters)
    list_kpis = blocking(sessions.list_kpis)

    list_scenarios = blocking(scenarios.list_scenarios)
    list_scenario_summaries = blocking(scenarios.list_scenario_summaries)
    create_scenario = blocking(scenarios.create_scenario)
    get_scenario = blocking(scenarios.get_scenario)
    delete_scenario = blocking(scenarios.delete_scenario)
    run_scenario = blocking(scenarios.run_scenario)
    get_scenario_status = blocking(scenarios.get_scenario_status)
    reset_scenario = blocking(scenarios.reset_scenario)
    cancel_scenario = blocking(scenarios.cancel_scenario)
    get_processing = blocking(scenarios.get_processing)
    get_runs = blocking(scenarios.get_runs)
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

    list_datasets = blocking(data.list_datasets)
    get_dataset = blocking(data.get_dataset)
    dataset = blocking(data.dataset)
    get_data_parameters = blocking(data.get_data_parameters)
    delete_dataset = blocking(data.delete_dataset)
    derive_dataset = blocking(data.derive_dataset)
    add_dataset_from_json = blocking(data.add_dataset_from_json)
    add_dataset = blocking(data.add_dataset)
    run_etl = blocking(data.run_etl)
    upload = blocking(data.upload)

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
