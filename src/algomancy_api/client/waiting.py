"""Running a scenario to its end: start it, and wait for it, whatever happens to the server meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx

from algomancy_api.client.events import HEARTBEAT_SECONDS, EventLines, SessionEvent
from algomancy_api.client.exceptions import (
    TRANSIENT,
    ApiError,
    Conflict,
    ConnectionFailed,
    NotFound,
    ScenarioFailed,
    TooManyRequests,
    Unavailable,
    UnexpectedReply,
    WaitTimeout,
)
from algomancy_api.client.flow import Api, Call, Flow, Listen, NoStreamLeft, Sleep, read
from algomancy_api.client.operations import (
    AnyScenario,
    create_scenario,
    list_scenario_summaries,
    scenario_call,
    scenario_id,
)
from algomancy_api.schemas import RunStatus, Scenario, ScenarioDeleted, ScenarioStatus, ScenarioSummary, Snapshot

ENDED = (RunStatus.COMPLETE, RunStatus.FAILED)

_LONG_POLL_SECONDS = 20
_LONG_POLL_PAUSE = 0.5
_MUTE_STREAMS = 1
"""How many streams in a row may stay silent, as behind a proxy that buffers them, before no more are opened."""


def wait(  # noqa: D417 - callers see a method, without `api`
    api: Api,
    scenario: AnyScenario,
    *,
    timeout: float | None = None,
    on_progress: Callable[[ScenarioStatus], None] | None = None,
) -> Flow[Scenario]:
    """Wait for a scenario to end, and give it with its result.

    The session's events tell of it where the server has any; else it is asked in a way that it answers when something
    has changed, and a server that has neither is asked often at first, ever less later. Broken connections, read
    timeouts, 429 and 502 to 504 do not end the waiting: a server may be restarted meanwhile.

    Args:
        scenario: the scenario or its id; it should have been run.
        timeout: seconds to wait at most; None to wait for as long as it takes, and give up only when the server has not
            answered for the retry policy's `max_outage`, or asks for a pause above its `max_retry_after`.
        on_progress: told the scenario's status whenever it has changed.

    Raises:
        ScenarioFailed: it failed.
        WaitTimeout: it did not end in time; a `TimeoutError`.
        NotFound: there is no such scenario (any more).
        ConnectionFailed: the server is gone for good.
    """
    return _Watch(api, scenario_id(scenario), timeout, on_progress).wait()


def run_and_wait(  # noqa: D417 - callers see a method, without `api`
    api: Api,
    algo_name: str,
    dataset_key: str,
    *,
    tag: str | None = None,
    algo_params: Mapping[str, Any] | None = None,
    data_params: Mapping[str, Any] | None = None,
    timeout: float | None = None,
    on_progress: Callable[[ScenarioStatus], None] | None = None,
) -> Flow[Scenario]:
    """Create a scenario, run it, wait for its end, and give it with its result.

    Nothing is done twice: where the answer to a creation or a start was lost, the server is asked what became of it.

    Args:
        algo_name: name of the algorithm to run.
        dataset_key: key of the dataset to read.
        tag: name of the scenario, new within the session; by default one is made up of algorithm and moment.
        algo_params: values of the algorithm's parameters by name; those left out take their described value.
        data_params: the same for the dataset's own parameters.
        timeout: seconds to wait for the end at most; None for as long as it takes.
        on_progress: told the scenario's status whenever it has changed.

    Raises:
        ScenarioFailed: it failed.
        WaitTimeout: it did not end in time; a `TimeoutError`.
        NotFound: unknown algorithm or dataset.
        Conflict: the tag is taken.
        InvalidParameter: a parameter does not pass validation.
        ConnectionFailed: the server is not there.
    """
    scenario = yield from _create(api, algo_name, dataset_key, tag, algo_params, data_params)
    watch = _Watch(api, scenario.id, timeout, on_progress)
    if scenario.status == RunStatus.CREATED:
        yield from watch.start()
    return (yield from watch.wait())


def _create(
    api: Api,
    algo_name: str,
    dataset_key: str,
    tag: str | None,
    algo_params: Mapping[str, Any] | None,
    data_params: Mapping[str, Any] | None,
) -> Flow[ScenarioSummary]:
    """Create the scenario, once; under a tag made up here even when the answer gets lost."""
    own_tag = tag or _made_up_tag(algo_name)
    failures = 0
    while True:
        try:
            return (yield from create_scenario(api, own_tag, dataset_key, algo_name, algo_params, data_params))
        except (*TRANSIENT, Conflict) as error:
            # A first conflict is a real one; a later one means that the attempt before came through after all.
            if tag or (isinstance(error, Conflict) and not failures) or failures + 1 >= api.retry.attempts:
                raise
            failures += 1
            delay = api.retry.delay(failures, error.retry_after)
            if delay > api.retry.max_retry_after:
                raise
        yield Sleep(delay)
        # A made-up tag is nobody else's: the scenario that bears it now is the one whose answer got lost.
        for scenario in (yield from list_scenario_summaries(api)):
            if scenario.tag == own_tag:
                return scenario


def _made_up_tag(algo_name: str) -> str:
    """A tag nobody else has, and one that every server takes, whatever the algorithm is called."""
    name = "".join(character for character in algo_name if character.isprintable())[:200]
    # To the microsecond: whoever else runs something now has another moment.
    return f"{name} {datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}".strip()


class _Watch:
    """One scenario being watched until it ends or the time is up."""

    def __init__(
        self, api: Api, identifier: str, timeout: float | None, on_progress: Callable[[ScenarioStatus], None] | None
    ) -> None:
        self._api = api
        self._id = identifier
        self._timeout = timeout
        self._deadline = None if timeout is None else api.clock() + timeout
        self._on_progress = on_progress
        self._last: ScenarioStatus | None = None
        self._tag = ""
        self._event_id: str | None = None
        self._mute_streams = 0.0
        self._holds_connections = True

    def start(self) -> Flow[None]:
        """Run the scenario, once."""
        failures = 0
        refused_since = self._api.clock()
        while True:
            try:
                yield from self._api.attempt(scenario_call(self._api, "POST", self._id, "run"))
            except (*TRANSIENT, Conflict) as error:
                # Whether the server took it before the answer got lost (or ran it by itself) shows in the status.
                if (yield from self._look()).status != RunStatus.CREATED:
                    return
                failures += 1
                if isinstance(error, Conflict):
                    raise
                yield from self._pause(self._bearable(error, failures, refused_since))
            else:
                return

    def wait(self) -> Flow[Scenario]:
        """Listen or poll until it has ended."""
        polls = 0
        while True:
            yield from self._listen()
            asked_at = self._api.clock()
            if not self._has_ended:
                yield from self._look()
            if self._has_ended:
                scenario = read(Scenario, (yield from self._ask(scenario_call(self._api, "GET", self._id))))
                if scenario.status == RunStatus.FAILED:
                    raise ScenarioFailed(scenario)
                if scenario.status == RunStatus.COMPLETE:
                    return scenario
                self._last = None  # It has been reset meanwhile.
            polls += 1
            # One that was long in coming was waited for already.
            pause = min(poll_delay(polls), _LONG_POLL_PAUSE if self._tag else math.inf)
            yield from self._pause(max(0.0, pause - (self._api.clock() - asked_at)))

    @property
    def _has_ended(self) -> bool:
        return self._last is not None and self._last.status in ENDED

    def _listen(self) -> Flow[None]:
        """Hear by events how it is, until it has ended, the stream breaks off, or the time is nearly up."""
        if self._mute_streams > _MUTE_STREAMS or self._left() < HEARTBEAT_SECONDS:
            return  # A silent stream cannot be left: the last seconds are for polling.
        self._holds_connections = True
        lines, listen = EventLines(), Listen(self._event_id, self._id)
        self._mute_streams += 1
        while True:
            try:
                line = yield listen
                event = None if line is None else lines.feed(line)
            except NoStreamLeft:
                self._mute_streams -= 1
                self._holds_connections = False
                return
            except TRANSIENT:
                return  # Polling goes on through the outage.
            except (ApiError, UnexpectedReply):
                self._mute_streams = math.inf  # There are no events, or none that can be read.
                return
            if event is not None:
                self._mute_streams, self._event_id = 0, event.id
            over = line is None or self._left() < HEARTBEAT_SECONDS
            if (event is not None and self._ends_listening(event)) or over:
                return

    def _ends_listening(self, event: SessionEvent) -> bool:
        """Take note of an event; tell whether it leaves nothing to wait for."""
        if isinstance(event.data, Snapshot):
            found = [status for status in event.data.scenarios if status.id == self._id]
            if not found:
                return True
            self._take(found[0])
        elif isinstance(event.data, ScenarioStatus) and event.data.id == self._id:
            self._take(event.data)
        return self._has_ended or (isinstance(event.data, ScenarioDeleted) and event.data.id == self._id)

    def _take(self, status: ScenarioStatus) -> None:
        if status != self._last:
            self._last = status
            if self._on_progress is not None:
                self._on_progress(status)

    def _look(self) -> Flow[ScenarioStatus]:
        """Ask how it is; a server that can is asked to answer when that has changed."""
        seconds = int(min(_LONG_POLL_SECONDS, self._left())) if self._holds_connections else 0
        headers = {"Prefer": f"wait={seconds}"} if self._holds_connections else {}
        if self._tag and self._last is not None and self._holds_connections:
            headers["If-None-Match"] = self._tag
        call = scenario_call(self._api, "GET", self._id, "status")
        call = replace(call, headers=headers, patience=self._api.timeout + seconds)
        response = yield from self._ask(call)
        self._tag = response.headers.get("ETag", "") if "Preference-Applied" in response.headers else ""
        if response.status_code == 304 and self._last is not None:
            return self._last
        status = read(ScenarioStatus, response)
        self._take(status)
        return status

    def _left(self) -> float:
        """Seconds until the deadline."""
        return math.inf if self._deadline is None else max(0.0, self._deadline - self._api.clock())

    def _ask(self, call: Call) -> Flow[httpx.Response]:
        """Send until there is an answer, for as long as this may take."""
        failures = 0
        silent_since = self._api.clock()
        while True:
            try:
                return (yield from self._api.attempt(call))
            except TRANSIENT as error:
                failures += 1
                yield from self._pause(self._bearable(error, failures, silent_since), error)
            except NotFound as error:
                if self._last is None:
                    raise
                raise NotFound(
                    error.status,
                    f"{error.detail} It was there before: it has been deleted, or the server has been restarted and "
                    "keeps no state.",
                ) from error

    def _bearable(self, error: ConnectionFailed | Unavailable | TooManyRequests, failures: int, since: float) -> float:
        """The pause after a transient failure; raises it where only a timeout could end the waiting."""
        policy = self._api.retry
        delay = policy.delay(failures, error.retry_after)
        too_long = self._api.clock() - since > policy.max_outage or delay > policy.max_retry_after
        if self._deadline is None and too_long:
            raise error
        return delay

    def _pause(self, seconds: float, cause: Exception | None = None) -> Flow[None]:
        """Sleep, but not beyond the deadline."""
        if self._deadline is not None:
            left = self._deadline - self._api.clock()
            if left <= 0:
                last = None if isinstance(cause, ConnectionFailed) else self._last
                raise WaitTimeout(self._id, self._timeout or 0.0, last) from cause
            seconds = min(seconds, left)
        yield Sleep(seconds)


def poll_delay(polls: int) -> float:
    """The pause in seconds after this many questions about a running scenario: short at first, never above 2."""
    return min(0.05 * 1.5 ** min(polls - 1, 32), 2.0)
