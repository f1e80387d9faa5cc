"""What Algomancy's own `algomancy-api` 0.8.2 offers to programs is found here under the same names."""

from __future__ import annotations

import importlib
import inspect

import pytest

from algomancy_api import schemas
from algomancy_api.dependencies import resolve_session_id
from tests.algomancy_api.conftest import FakeSessions

FUNCTIONS = {
    "api_launcher.ApiLauncher.build": ["cfg"],
    "api_launcher.ApiLauncher.run": ["app", "host", "port"],
    "dependencies.get_scenario_manager": ["request", "session_id"],
    "dependencies.get_session_manager": ["request"],
    "dependencies.resolve_session_id": ["sm", "session_id_or_name"],
    "errors.install_exception_handlers": ["app"],
    "example.build_example_config": [],
    "parameter_describer.describe_parameter": ["param"],
    "parameter_describer.describe_parameter_set": ["params"],
}
MODELS = {
    "CreateSessionRequest": {"display_name"},
    "CopySessionRequest": {"new_display_name"},
    "RenameSessionRequest": {"display_name"},
    "SessionInfo": {"id", "display_name"},
    "SessionsListResponse": {"sessions", "default"},
    "AlgorithmsListResponse": {"algorithms"},
    "KpisListResponse": {"kpis"},
    "CreateScenarioRequest": {"tag", "dataset_key", "algo_name", "algo_params", "data_params"},
    "ScenarioStatusResponse": {"id", "tag", "status", "progress"},
    "DataKeysResponse": {"keys"},
    "DeriveDataRequest": {"new_key"},
    "EtlResponse": {"dataset_name", "success", "keys"},
}


@pytest.mark.parametrize(("name", "parameters"), FUNCTIONS.items(), ids=FUNCTIONS)
def test_function_takes_what_algomancys_takes(name: str, parameters: list[str]) -> None:
    """A call with its parameters, by place or by name, is understood."""
    module, *path = name.split(".")
    found = importlib.import_module(f"algomancy_api.{module}")
    for part in path:
        found = getattr(found, part)
    assert list(inspect.signature(found).parameters)[: len(parameters)] == parameters  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "fields"), MODELS.items(), ids=MODELS)
def test_model_has_the_fields_of_algomancys(name: str, fields: set[str]) -> None:
    """Each body of a request or a reply is there, whatever more it holds."""
    assert getattr(schemas, name).model_fields.keys() >= fields


def test_session_is_found_by_its_id_or_its_name(backend: FakeSessions) -> None:
    """An id stands for itself, a name for its session's id, and anything else for nothing."""
    main = backend.start_session_id
    assert [resolve_session_id(backend, given) for given in (main, "main", "nothing")] == [main, main, None]
