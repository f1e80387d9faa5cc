"""Runs of schemathesis against a live server, with ids that exist where an operation wants ids."""

from __future__ import annotations

import copy
import itertools
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import events, from_schema
from schemathesis.generation.case import Case
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER, HookContext

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from tests.repository import DOCUMENT as PUBLISHED
from tests.repository import MASTER_DATA

# A stream of events has no end to wait for; `get_events` has tests of its own.
DOCUMENT = copy.deepcopy(PUBLISHED)  # schemathesis works in it
DOCUMENT["paths"] = {path: item for path, item in DOCUMENT["paths"].items() if not path.endswith("/events")}
OPERATIONS = {
    operation["operationId"]: {"path": path, "method": method.upper()}
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method in {"get", "post", "patch", "put", "delete"}
}
PHASES = ("examples", "coverage", "fuzzing", "stateful")
NAMES = {
    "create_session": "display_name",
    "copy_session": "new_display_name",
    "rename_session": "display_name",
    "create_scenario": "tag",
    "derive_dataset": "new_key",
}
"""The member of a body that must be new. Where sequences of operations are repeated, each needs a fresh one."""
SEQUENCES, MAX_SEQUENCES = 4, 40
"""How many sequences of operations are tried for each request that is made of a single one, and how many at most."""
DATASET, ALGORITHM = "Master data", "Greedy slotting"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `operation_id` once for each operation of the document."""
    if "operation_id" in metafunc.fixturenames:
        metafunc.parametrize("operation_id", OPERATIONS)


def unused_name() -> str:
    """A name nothing has yet."""
    return f"live {uuid4()}"


class World:
    """Things that exist on the server, for the requests that want one: a session with a dataset and scenarios.

    Args:
        url: URL of the server.
    """

    def __init__(self, url: str) -> None:
        # Nothing to verify on plain HTTP: loading the certificates would take longer than most requests.
        self._client = httpx.Client(base_url=f"{url}/api/v1", timeout=30, verify=False)
        first = self._client.get("/sessions").json()["default"]
        self._dataset = self._client.get(f"/sessions/{first}/data/{DATASET}").json()
        self._session_id = self._create_session()
        self._kept_scenario = self._create_scenario()

    def close(self) -> None:
        """Leave the server as it was: one session, with the dataset."""
        remaining = self._create_session()
        for session in self._client.get("/sessions").json()["sessions"]:
            if session["id"] != remaining:
                self._client.delete(f"/sessions/{session['id']}").raise_for_status()
        self._client.close()

    def restore(self) -> None:
        """Make anew what the requests so far have deleted."""
        if not self._client.get(f"/sessions/{self._session_id}/scenarios/{self._kept_scenario}").is_success:
            self._session_id = self._create_session()
            self._kept_scenario = self._create_scenario()

    def ids(self, operation_id: str) -> dict[str, str]:
        """Return a value for each path parameter of an operation. What it uses up, or changes, is made for it."""
        session_id, data_key, scenario_id = self._session_id, DATASET, self._kept_scenario
        match operation_id:
            case "delete_session" | "rename_session":
                session_id = self._create_session()
            case "delete_dataset":
                data_key = unused_name()
                self._post(f"/sessions/{session_id}/data/{DATASET}/derive", {"new_key": data_key})
            case "delete_scenario" | "run_scenario" | "reset_scenario":
                scenario_id = self._create_scenario()
            case "cancel_scenario":
                scenario_id = self._create_scenario()
                self._client.post(f"/sessions/{session_id}/scenarios/{scenario_id}/run").raise_for_status()
        return {
            "session_id": session_id,
            "algorithm_name": ALGORITHM,
            "data_key": data_key,
            "scenario_id": scenario_id,
        }

    def _create_session(self) -> str:
        session_id = self._post("/sessions", {"display_name": unused_name()}).rpartition("/")[2]
        self._post(f"/sessions/{session_id}/data/from-json", self._dataset)
        return session_id

    def _create_scenario(self) -> str:
        body = {"tag": unused_name(), "dataset_key": DATASET, "algo_name": "Slow"}
        return self._post(f"/sessions/{self._session_id}/scenarios", body).rpartition("/")[2]

    def _post(self, path: str, body: dict[str, Any]) -> str:
        return self._client.post(path, json=body).raise_for_status().headers["Location"]


@dataclass
class Findings:
    """What a run saw.

    Attributes:
        scenarios: How many operations, or sequences of them, were tried out.
        statuses: How often each operation gave each status.
        failures: What was wrong, by what makes one finding differ from another.
    """

    scenarios: int = 0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: dict[tuple[str, ...], str] = field(default_factory=dict)

    def read(self, event: events.EngineEvent) -> None:
        """Add what an event of the engine tells."""
        if isinstance(event, events.NonFatalError):
            self.failures["error", str(event.value)] = f"{event.label}: {event.value}"
        elif isinstance(event, events.FatalError):
            raise event.exception
        elif isinstance(event, events.ScenarioFinished):
            self.scenarios += 1
            recorder = event.recorder
            for case_id, interaction in recorder.interactions.items():
                if interaction.response is not None and case_id in recorder.cases:
                    operation_id = _operation_id(recorder.cases[case_id].value)
                    self.statuses[operation_id, interaction.response.status_code] += 1
            for check in itertools.chain.from_iterable(recorder.checks.values()):
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    where = f"{event.label or 'links'}, {event.phase.value}, {check.name}"
                    self.failures[where, failure.title] = (
                        f"{where}: {failure.title}\n{failure.message}\n    {check.failure_info.code_sample}"
                    )

    def successes(self, operation_id: str) -> int:
        """How often the operation did what it is for."""
        return sum(count for (name, status), count in self.statuses.items() if name == operation_id and status < 300)


@dataclass(frozen=True)
class Fuzzer:
    """Runs schemathesis.

    Attributes:
        url: URL of the server.
        examples: How many requests the fuzzing phases make of each operation.
        seed: Seed of what is generated.
    """

    url: str
    examples: int
    seed: int

    def fuzz_operation(self, operation_id: str, *, live_leaf: bool) -> Findings:
        """Run the phases that look at one operation at a time.

        Args:
            operation_id: The operation.
            live_leaf: Whether the last path parameter, and the names in the body, are those of something that exists;
                those before it always are.
        """
        config = {"operations": [{"exclude-operation-id": operation_id, "enabled": False}]}
        world = World(self.url)
        parameters = re.findall(r"\{(\w+)\}", OPERATIONS[operation_id]["path"])
        live = parameters if live_leaf else parameters[:-1]

        def feed(case: Case[Any], kwargs: dict[str, Any]) -> None:
            if case.method != OPERATIONS[operation_id]["method"]:
                return
            if not _negative(case, ParameterLocation.PATH):
                ids = world.ids(operation_id)
                case.path_parameters |= {name: ids[name] for name in live if name in case.path_parameters}
            if case.path_parameters.get("data_key") == "from-json":
                # DAT-9: no dataset has this key, for its path is another operation's.
                case.path_parameters["data_key"] = unused_name()
            if live_leaf:
                _feed_body(operation_id, case, kwargs)

        try:
            return self._run(config, PHASES[:-1], feed, Findings())
        finally:
            world.close()

    def follow_links(self, steps: Sequence[str]) -> Findings:
        """Run the phase that follows the document's links from one operation to the next.

        Args:
            steps: Operations that are to succeed before it stops, if they do so in time.
        """
        world = World(self.url)

        def feed(case: Case[Any], kwargs: dict[str, Any]) -> None:
            operation_id = _operation_id(case)
            if not _negative(case, ParameterLocation.PATH) and not _from_links(case):
                world.restore()
                ids = world.ids(operation_id)
                case.path_parameters |= {name: ids[name] for name in case.path_parameters}
            _feed_body(operation_id, case, kwargs)
            if operation_id in NAMES and isinstance(case.body, dict) and not _negative(case, ParameterLocation.BODY):
                case.body[NAMES[operation_id]] = unused_name()

        findings = Findings()
        try:
            # A run ends early, as if all were well, once the server answers a sequence otherwise than the time before.
            number = 0
            while True:
                self._run({"seed": self.seed * 1_000 + number}, PHASES[-1:], feed, findings)
                done = findings.scenarios >= SEQUENCES * self.examples and all(map(findings.successes, steps))
                if done or findings.failures or findings.scenarios >= MAX_SEQUENCES * self.examples:
                    return findings
                number += 1
        finally:
            world.close()

    def _run(
        self,
        config: dict[str, Any],
        phases: tuple[str, ...],
        feed: Callable[[Case[Any], dict[str, Any]], None],
        findings: Findings,
    ) -> Findings:
        judgement = tomllib.loads(Path(__file__).with_name("schemathesis.toml").read_text())
        settings: dict[str, Any] = {
            "base-url": self.url,
            "seed": config.get("seed", self.seed),
            "generation": {"max-examples": self.examples, "database": "none"},
            "phases": {phase: {"enabled": phase in phases} for phase in PHASES},
            "operations": judgement["operations"] + config.get("operations", []),
            "output": {"sanitization": {"enabled": False}},
        }
        schema = schemathesis.openapi.from_dict(DOCUMENT, config=schemathesis.Config.from_dict(settings))
        with _before_each_call(feed):
            for event in from_schema(schema).execute():
                findings.read(event)
        return findings


def _operation_id(case: Case[Any]) -> str:
    return str(case.operation.definition.raw["operationId"])


def _negative(case: Case[Any], part: ParameterLocation) -> bool:
    return case.meta is not None and case.meta.is_negative_at(part)


def _from_links(case: Case[Any]) -> bool:
    """Whether what the path names comes from replies, which give UUIDs; made-up names are none."""
    ids = [value for name, value in case.path_parameters.items() if name in ("session_id", "scenario_id")]
    try:
        return (
            _operation_id(case) != "create_scenario" and "data_key" not in case.path_parameters and all(map(UUID, ids))
        )
    except ValueError:
        return False


def _feed_body(operation_id: str, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Put what exists into a body that names things, and readable files into a valid upload."""
    if not isinstance(case.body, dict):
        return
    if operation_id == "create_scenario":
        # In an invalid body too: what is wrong with the rest of it must not hide behind a 404.
        for name, value in {"dataset_key": DATASET, "algo_name": ALGORITHM}.items():
            if isinstance(case.body.get(name), str) and case.body[name]:
                case.body[name] = value
    elif operation_id == "run_etl" and not _negative(case, ParameterLocation.BODY):
        kwargs["data"] = {"dataset_name": case.body["dataset_name"]}
        kwargs["files"] = [("files", (path.name, path.read_bytes())) for path in sorted(MASTER_DATA.iterdir())]


@contextmanager
def _before_each_call(feed: Callable[[Case[Any], dict[str, Any]], None]) -> Iterator[None]:
    def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
        feed(case, kwargs)

    GLOBAL_HOOK_DISPATCHER.register_hook_with_name(before_call, "before_call")
    try:
        yield
    finally:
        GLOBAL_HOOK_DISPATCHER.unregister(before_call)


@pytest.fixture(scope="module")
def fuzzed_server(serve_module: Callable[[Any], str]) -> str:
    """URL of a server with the example project."""
    return serve_module(ApiLauncher.build(build_example_config()))


@pytest.fixture
def fuzzer(fuzzed_server: str, request: pytest.FixtureRequest) -> Fuzzer:
    """Schemathesis, as `--fuzz-examples` and `--fuzz-seed` want it."""
    return Fuzzer(fuzzed_server, request.config.getoption("--fuzz-examples"), request.config.getoption("--fuzz-seed"))
