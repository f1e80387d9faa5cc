"""The bundled example over HTTP: what a person sees who tries it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from algomancy_api.client import AlgomancyClient, ScenarioFailed
from algomancy_api.example.algorithms import ALGORITHMS
from algomancy_api.example.kpis import KPIS
from tests.repository import MASTER_DATA


@pytest.fixture
def client(example_url: str) -> Iterator[AlgomancyClient]:
    """A client of a fresh server."""
    with AlgomancyClient(example_url) as connected:
        yield connected


def test_example_offers_what_it_says(client: AlgomancyClient) -> None:
    """The lists hold the algorithms, KPIs and the dataset of the example."""
    assert client.list_algorithms().algorithms == list(ALGORITHMS)
    assert client.list_kpis().kpis == list(KPIS)
    assert "Master data" in client.list_datasets().keys


@pytest.mark.parametrize("name", ["Slow", "Greedy slotting", "Random slotting", "Parameter showcase"])
def test_algorithm_completes_with_numbers(client: AlgomancyClient, name: str) -> None:
    """Run with its described values, each algorithm completes with three numbers and a layout of all items."""
    described = client.get_algorithm_parameters(name).parameters
    values = {parameter.name: parameter.value for parameter in described}
    scenario = client.run_and_wait(name, "Master data", algo_params=values, timeout=60)
    assert [kpi for kpi in KPIS if not isinstance(scenario.kpis[kpi].value, float)] == []
    assert scenario.result is not None
    assert len(scenario.result["layout"]) == 200


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("ValueError", "asked to raise a ValueError"),
        ("RuntimeError", "asked to raise a RuntimeError"),
        ("no result", "result"),
        ("KPI error", "holds no layout"),
    ],
)
def test_failing_tells_why(client: AlgomancyClient, mode: str, words: str) -> None:
    """However the failing algorithm fails, the scenario fails with a message and without KPI values."""
    with pytest.raises(ScenarioFailed) as failure:
        client.run_and_wait("Failing", "Master data", algo_params={"mode": mode}, timeout=60)
    scenario = failure.value.scenario
    assert scenario.result is not None
    assert words in scenario.result["error"]
    assert [kpi.value for kpi in scenario.kpis.values()] == [None] * 3


def test_slow_can_be_cancelled(client: AlgomancyClient) -> None:
    """A run of a minute ends within a few seconds of being cancelled."""
    scenario = client.create_scenario("to be cancelled", "Master data", "Slow", {"duration": 60})
    client.run_scenario(scenario)
    start = time.monotonic()
    client.cancel_scenario(scenario)
    with pytest.raises(ScenarioFailed) as failure:
        client.wait(scenario, timeout=30)
    assert failure.value.scenario.result == {"error": "Cancelled"}
    assert time.monotonic() - start < 20


def test_uploaded_files_equal_master_data(client: AlgomancyClient) -> None:
    """The sample files sent through ETL give the tables of the dataset the server starts with."""
    client.upload("Uploaded", sorted(MASTER_DATA.iterdir()))
    uploaded, master = client.get_dataset("Uploaded"), client.get_dataset("Master data")
    assert uploaded.tables == master.tables
    assert uploaded.metadata.type == master.metadata.type


def test_dataset_survives_from_json(example_url: str) -> None:
    """What is read, and sent to another session, is read there the same."""
    base = f"{example_url}/api/v1/sessions"
    httpx.post(base, json={"display_name": "elsewhere"}).raise_for_status()
    sent = httpx.get(f"{base}/main/data/Master data").content
    httpx.post(f"{base}/elsewhere/data/from-json", content=sent).raise_for_status()
    assert httpx.get(f"{base}/elsewhere/data/Master data").content == sent
