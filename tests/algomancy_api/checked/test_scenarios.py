"""One session of a backend that does not check by itself."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import BadZipFile

import pytest

from algomancy_api.checked.scenarios import CheckedScenarios
from algomancy_api.errors import ConflictError, NotFoundError
from algomancy_data import CSVFile, ETLConstructionError
from algomancy_utils.errors import TooLargeError

PAYLOAD: dict[str, Any] = {
    "metadata": {"id": "i", "name": "new", "type": "master_data", "creation_datetime": None},
    "tables": {},
}


@pytest.fixture
def scenarios(backend: Any) -> CheckedScenarios:
    """The first session of a backend that is not ours."""
    return CheckedScenarios(backend.main)


def test_what_is_unknown_is_not_found(scenarios: CheckedScenarios) -> None:
    """Algorithms, datasets and scenarios are looked for first."""
    scenario = scenarios.create_scenario("t", "data", "Slow")
    assert scenarios.delete_scenario(scenario.id) is True
    for call in (
        lambda: scenarios.get_algorithm_parameters("none"),
        lambda: scenarios.get_data_parameters("none"),
        lambda: scenarios.get_data_as_bytes("none"),
        lambda: scenarios.derive_data("none", "new"),
        lambda: scenarios.delete_data("none"),
        lambda: scenarios.create_scenario("t", "none", "Slow"),
        lambda: scenarios.create_scenario("t", "data", "none"),
        lambda: scenarios.process_scenario_async(scenario),
        lambda: scenarios.reset_scenario("none"),
        lambda: scenarios.cancel_scenario("none"),
    ):
        with pytest.raises(NotFoundError):
            call()
    assert scenarios.get_by_id("none") is None
    assert scenarios.delete_scenario("none") is False


def test_dataset_that_a_scenario_refers_to_stays_as_it_is(scenarios: CheckedScenarios, backend: Any) -> None:
    """It is neither deleted nor replaced, until the scenario is gone."""
    scenario = scenarios.create_scenario("t", "data", "Slow")
    theirs: Any = scenario.backend
    theirs.input_data_key = "data"
    named = {**PAYLOAD, "metadata": {**PAYLOAD["metadata"], "name": "data"}}
    for call in (
        lambda: scenarios.delete_data("data"),
        lambda: scenarios.add_datasource_from_json(json.dumps(named).encode()),
        lambda: scenarios.etl_data({}, "data"),
    ):
        with pytest.raises(ConflictError, match="'data' is used by a scenario"):
            call()
    assert scenarios.delete_scenario(scenario.id)
    scenarios.delete_data("data")
    assert scenarios.get_data_keys() == []


@pytest.mark.parametrize("key", ["", " ", "a/b", ".", "..", "from-json", "x\n", "k" * 256])
def test_key_that_is_not_allowed_is_refused(key: str, scenarios: CheckedScenarios) -> None:
    """Each way to a new key checks it (contract DAT-9)."""
    payload = json.dumps({**PAYLOAD, "metadata": {**PAYLOAD["metadata"], "name": key}}).encode()
    for call in (
        lambda: scenarios.derive_data("data", key),
        lambda: scenarios.add_datasource_from_json(payload),
        lambda: scenarios.etl_data({}, key),
    ):
        with pytest.raises(ValueError, match=r"[Dd]ataset"):
            call()
    assert scenarios.get_data_keys() == ["data"]


@pytest.mark.parametrize("status", ["queued", "processing", "complete", "failed"])
def test_scenario_runs_once(status: str, scenarios: CheckedScenarios) -> None:
    """What is not `created` is not queued again; what has ended may be reset."""
    scenario = scenarios.create_scenario("t", "data", "Slow")
    theirs: Any = scenario.backend
    theirs.status = status
    with pytest.raises(ConflictError, match=f"already {status}"):
        scenarios.process_scenario_async(scenario)
    resets: list[str] = []
    session: Any = scenarios.backend
    session.refresh_scenario = resets.append
    if status in ("queued", "processing"):
        with pytest.raises(ConflictError):
            scenarios.reset_scenario(scenario.id)
    else:
        scenarios.reset_scenario(scenario.id)
    assert resets == ([] if status in ("queued", "processing") else [scenario.id])


def test_what_a_backend_lacks_is_not_offered(scenarios: CheckedScenarios) -> None:
    """Reset and cancel are 404 where the backend has no method for them."""
    scenario = scenarios.create_scenario("t", "data", "Slow")
    for call in (scenarios.reset_scenario, scenarios.cancel_scenario):
        with pytest.raises(NotFoundError, match="does not offer"):
            call(scenario.id)


def test_payload_that_a_backend_stumbles_over_is_bad_input(scenarios: CheckedScenarios, backend: Any) -> None:
    """A backend that takes JSON apart without looking raises what speaks of Python."""
    backend.main.error = TypeError("data type 'x' not understood")
    with pytest.raises(ValueError, match="to_json"):
        scenarios.add_datasource_from_json(json.dumps(PAYLOAD).encode())


FAULTS: dict[str, tuple[Exception, type[Exception], str]] = {
    "no schema": (ETLConstructionError("No Schema available for x."), ValueError, "No Schema available for x"),
    "not text": (
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
        ValueError,
        r"'items.csv' .* not text in UTF-8",
    ),
    "unparsable": (
        ValueError("No columns to parse from file"),
        ValueError,
        "'items.csv' cannot be read: No columns",
    ),
    "no workbook": (BadZipFile("File is not a zip file"), ValueError, "'items.csv' cannot be read: File is not a zip"),
    "a path": (OSError("/tmp/x is gone"), ValueError, r"^File 'items.csv' cannot be read\.$"),
    "too large": (TooLargeError("Too many rows."), TooLargeError, "Too many rows"),
    "missing": (KeyError("locations"), ValueError, "File 'locations' is missing"),
    "of the user's": (KeyError("column"), KeyError, "column"),
}


@pytest.mark.parametrize(("raised", "kind", "message"), FAULTS.values(), ids=FAULTS)
def test_upload_that_cannot_be_read_names_the_file(
    raised: Exception, kind: type[Exception], message: str, scenarios: CheckedScenarios, backend: Any, tmp_path: Path
) -> None:
    """What a reader raises becomes a sentence about the file, without a path; what is the user's own stays."""
    (tmp_path / "0.csv").write_bytes(b"id\n1\n")
    backend.main.schemas = [SimpleNamespace(file_name=lambda: "items"), SimpleNamespace(file_name=lambda: "locations")]
    backend.main.error = raised
    with pytest.raises(kind, match=message):
        scenarios.etl_data({"items": CSVFile("items", path=str(tmp_path / "0.csv"))}, "new")


@pytest.mark.parametrize("severities", [[], ["WARNING"], ["WARNING", "ERROR"]], ids=str)
def test_exception_kept_in_a_result_is_raised_unless_errors_tell_why(
    severities: list[str], scenarios: CheckedScenarios, backend: Any
) -> None:
    """A validator that stumbles over what was found before it does not hide that."""
    messages = [SimpleNamespace(severity=severity) for severity in severities]
    result = SimpleNamespace(is_success=False, raised=ZeroDivisionError(), messages=messages)
    backend.main.etl_data = lambda files, name: result
    if "ERROR" in severities:
        assert scenarios.etl_data({}, "new") is result
    else:
        with pytest.raises(ZeroDivisionError):
            scenarios.etl_data({}, "new")
