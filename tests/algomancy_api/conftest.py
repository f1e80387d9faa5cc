"""A backend in dictionaries that does as it is told, and clients of servers built on it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from algomancy_api import ApiConfiguration, ApiLauncher
from algomancy_api.client import AlgomancyClient
from algomancy_data import DataSource
from algomancy_utils.baseparameterset import BaseParameterSet, EmptyParameters, IntegerParameter
from algomancy_utils.errors import NotFoundError, PreconditionError

DATASET = {
    "metadata": {
        "id": "d1",
        "name": "data",
        "type": "master_data",
        "creation_datetime": "2026-01-01T00:00:00",
        "tables": ["items"],
    },
    "tables": {
        "items": {"data": [{"id": 1}], "columns": ["id"], "dtypes": {"id": "int64"}, "index": [0]},
    },
}


EXISTING = {"session_id": "main", "algorithm_name": "Slow", "scenario_id": "s1", "data_key": "data"}
"""Path parameters of what is there in the fake backend once it has a scenario."""


class Duration(BaseParameterSet):
    """One integer from 1 to 60."""

    def __init__(self) -> None:
        super().__init__("Slow")
        self.add_parameters([IntegerParameter("duration", 1, 60)])

    def validate(self) -> None:
        """Nothing more to check."""


LOOSE_DATASET = """{"metadata": {"id": "d1", "name": "data", "type": "master_data"},
"tables": {"x": {"data": [{"a": NaN}], "columns": ["a"], "dtypes": {"a": "float64"}, "index": [0]}}}"""


class FakeScenario:
    """A scenario whose status a test sets."""

    def __init__(self, scenario_id: str, tag: str) -> None:
        self.id = scenario_id
        self.tag = tag
        self.status = "created"
        self.progress = 0.0
        self.result: Any = None

    def to_dict(self) -> dict[str, Any]:
        """The scenario object of the contract."""
        return {
            "id": self.id,
            "tag": self.tag,
            "input_data_id": "d1",
            "kpis": {},
            "algorithm": {"name": "Slow", "parameters": {}},
            "data_parameters": {},
            "status": self.status,
            "result": self.result,
        }


class FakeListener:
    """Somebody for whom all is over."""

    def take(self) -> Any:
        return [], None, True

    def close(self) -> None:
        """Nothing was held."""


class FakeScenarios:
    """A session. `error`, when set, is raised by whatever is called next that does something."""

    scenario_class = FakeScenario

    def __init__(self) -> None:
        self.available_algorithms = ["Slow"]
        self.available_kpis = ["Delay"]
        self.currently_processing: FakeScenario | None = None
        self.scenarios: dict[str, FakeScenario] = {}
        self.data: dict[str, str] = {"data": LOOSE_DATASET}
        self.error: BaseException | None = None
        self.uploaded: list[tuple[str, dict[str, tuple[str, str, bytes]]]] = []
        self.etl_success = True

    def _act(self) -> None:
        if self.error is not None:
            raise self.error

    def get_algorithm_parameters(self, name: str) -> BaseParameterSet:
        self._act()
        return Duration()

    def get_data_parameters(self, key: str) -> BaseParameterSet:
        self._act()
        return EmptyParameters()

    def get_data_keys(self) -> list[str]:
        return list(self.data)

    def get_data_as_json(self, key: str) -> str:
        self._act()
        return self.data[key]

    def derive_data(self, key: str, new_key: str) -> None:
        self._act()
        self.data[new_key] = self.data[key]

    def delete_data(self, key: str) -> None:
        self._act()
        del self.data[key]

    def add_datasource_from_json(self, payload: str) -> None:
        self._act()
        self.data["data"] = payload

    def etl_data(self, files: dict[str, Any], name: str) -> Any:
        self._act()
        self.uploaded.append(
            (name, {stem: (file.name, str(file.path), file.read_bytes()) for stem, file in files.items()})
        )
        if self.etl_success:
            self.data[name] = "{}"
        return type("Result", (), {"is_success": self.etl_success})()

    def create_scenario(self, tag: str, *_: Any) -> FakeScenario:
        self._act()
        scenario = self.scenario_class(f"s{len(self.scenarios) + 1}", tag)
        self.scenarios[scenario.id] = scenario
        return scenario

    def get_by_id(self, scenario_id: str) -> FakeScenario | None:
        return self.scenarios[scenario_id]

    def list_scenarios(self) -> list[FakeScenario]:
        return list(self.scenarios.values())

    def list_ids(self) -> list[str]:
        return list(self.scenarios)

    def listen(self, *_: Any) -> Any:
        return FakeListener()

    def list_tags(self) -> list[str]:
        return [scenario.tag for scenario in self.scenarios.values()]

    def delete_scenario(self, scenario_id: str) -> bool:
        self._act()
        return self.scenarios.pop(scenario_id, None) is not None

    def process_scenario_async(self, scenario: FakeScenario) -> None:
        self._act()
        scenario.status = "queued"


class FakeSessions:
    """Sessions in a dictionary; looking up what is not there is a `KeyError`, as in a backend that is not ours."""

    scenarios_class = FakeScenarios

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.names: dict[str, str] = {}
        self.managers: dict[str, FakeScenarios] = {}
        self.error: BaseException | None = None
        self.closed = 0
        self.create_new_session("main")

    @property
    def start_session_id(self) -> str:
        return next(iter(self.names))

    @property
    def main(self) -> FakeScenarios:
        """The first session."""
        return self.managers[self.start_session_id]

    def list_sessions(self) -> list[dict[str, str]]:
        return [{"id": key, "display_name": name} for key, name in self.names.items()]

    def get_display_name(self, session_id: str) -> str:
        return self.names[session_id]

    def get_scenario_manager(self, session_id: str) -> FakeScenarios:
        return self.managers[session_id]

    def create_new_session(self, display_name: str) -> str:
        if self.error is not None:
            raise self.error
        session_id = f"id-{next(self.numbers)}"
        self.names[session_id] = display_name
        self.managers[session_id] = self.scenarios_class()
        return session_id

    def copy_session(self, session_id: str, new_display_name: str) -> str:
        return self.create_new_session(new_display_name)

    def rename_session(self, session_id: str, display_name: str) -> None:
        if self.error is not None:
            raise self.error
        self.names[session_id] = display_name

    def delete_session(self, session_id: str) -> None:
        if self.error is not None:
            raise self.error
        del self.names[session_id]
        if not self.names:
            self.create_new_session("main")

    def count_runs(self) -> dict[str, Any]:
        return {"executor": "threads", "workers": 1, "running": 0, "queued": 0}

    def close(self) -> None:
        self.closed += 1


class CompleteScenario(FakeScenario):
    """A scenario that encodes itself."""

    def to_json_bytes(self) -> bytes:
        return json.dumps(self.to_dict()).encode()

    def summary_json_bytes(self) -> bytes:
        return json.dumps({name: value for name, value in self.to_dict().items() if name != "result"}).encode()

    def status_json_bytes(self) -> bytes:
        return json.dumps({name: getattr(self, name) for name in ("id", "tag", "status", "progress")}).encode()


class CompleteScenarios(FakeScenarios):
    """A session that has all that the routes ask for."""

    scenario_class = CompleteScenario

    def get_by_id(self, scenario_id: str) -> FakeScenario | None:
        return self.scenarios.get(scenario_id)

    def scenarios_as_bytes(self) -> bytes:
        return json.dumps([scenario.to_dict() for scenario in self.list_scenarios()]).encode()


class NonblockingSessions(FakeSessions):
    """As `FakeSessions`, but one that checks by itself and says so."""

    nonblocking = True
    scenarios_class = CompleteScenarios
    ended = 0

    def open_session(self, id_or_name: str) -> tuple[str, FakeScenarios]:
        for key, name in self.names.items():
            if id_or_name in (key, name):
                return key, self.managers[key]
        raise NotFoundError(f"Session '{id_or_name}' does not exist.")

    def end_helpers(self) -> None:
        self.ended += 1

    def create_new_session(self, display_name: str) -> str:
        if display_name in self.names.values():
            raise PreconditionError(f"A session named '{display_name}' exists already.")
        return super().create_new_session(display_name)


class UnusedFactory:
    """Stands where a configuration wants an ETL factory."""


def configuration(**overrides: Any) -> ApiConfiguration:
    """A configuration with no algorithms of its own."""
    fields = {"etl_factory": UnusedFactory, "kpis": {}, "algorithms": {}, "schemas": [], "data_object_type": DataSource}
    return ApiConfiguration(**{**fields, **overrides})


@pytest.fixture
def make_configuration() -> Callable[..., ApiConfiguration]:
    """Makes configurations without algorithms."""
    return configuration


@pytest.fixture
def backend() -> FakeSessions:
    """A backend that is not ours."""
    return FakeSessions()


@pytest.fixture
def make_app(backend: FakeSessions) -> Callable[..., FastAPI]:
    """Makes applications on the fake backend."""
    return lambda **overrides: ApiLauncher.build(configuration(**overrides), session_manager=backend)


@pytest.fixture
def make_client(make_app: Callable[..., FastAPI]) -> Callable[..., TestClient]:
    """Makes clients of servers on the fake backend."""
    return lambda **overrides: TestClient(make_app(**overrides), raise_server_exceptions=False)


@pytest.fixture
def http(make_client: Callable[..., TestClient]) -> TestClient:
    """A client of a server on the fake backend."""
    return make_client()


@pytest.fixture
def nonblocking() -> tuple[NonblockingSessions, TestClient]:
    """A backend that answers look-ups from memory, and a client of a server on it."""
    backend = NonblockingSessions()
    app = ApiLauncher.build(configuration(), session_manager=backend)
    return backend, TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def client(url: str) -> Iterator[AlgomancyClient]:
    """A client of the live server at `url`, which is another one in each folder."""
    with AlgomancyClient(url) as client:
        yield client
