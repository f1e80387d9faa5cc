"""The example's algorithms, run by hand: what they return, and how they end early."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from algomancy_api.example.algorithms import ALGORITHMS, SlowAlgorithm
from algomancy_api.example.kpis import KPIS
from algomancy_api.example.warehouse import SlottingResult
from algomancy_data import DataSource
from algomancy_scenario import KpiError
from algomancy_utils import ParameterError, ParameterType


def run(name: str, data: DataSource, **values: Any) -> Any:
    """Run an algorithm with some parameters set."""
    algorithm: Any = ALGORITHMS[name]
    params = algorithm.initialize_parameters()
    params.set_validated_values(values)
    return algorithm(params).run(data)


def kpi_values(result: SlottingResult) -> dict[str, float]:
    """What the KPIs say about a result."""
    classes: dict[str, Any] = dict(KPIS)
    return {name: kpi().compute(result) for name, kpi in classes.items()}


@pytest.fixture(scope="module")
def unchanged(master_data: DataSource) -> SlottingResult:
    """The layout as it is."""
    result = run("Parameter showcase", master_data)
    assert isinstance(result, SlottingResult)
    return result


def test_showcase_moves_nothing(unchanged: SlottingResult) -> None:
    """The unchanged layout has every item and none of them moved."""
    assert unchanged.moved_items == 0
    assert len(unchanged.placements) == 200


def test_showcase_has_every_type() -> None:
    """Each of the eight types occurs once, and each default is valid."""
    params = ALGORITHMS["Parameter showcase"].initialize_parameters()
    assert sorted(each.parameter_type for each in params.get_parameters().values()) == sorted(ParameterType)
    params.set_validated_values(params.get_json_values())


def test_greedy_slotting_improves_on_unchanged(master_data: DataSource, unchanged: SlottingResult) -> None:
    """Greedy slotting walks less, keeps the worst walk within its threshold, and pays in balance."""
    before, after = kpi_values(unchanged), kpi_values(run("Greedy slotting", master_data))
    assert after["Travel distance"] < before["Travel distance"]
    worst_walk: Any = KPIS["Worst walk"]
    assert after["Worst walk"] <= worst_walk().to_dict()["threshold"] < before["Worst walk"]
    assert after["Zone balance"] < before["Zone balance"]


def test_random_slotting_follows_seed(master_data: DataSource) -> None:
    """The same seed gives the same numbers, another one others."""
    values = [kpi_values(run("Random slotting", master_data, seed=seed)) for seed in (1, 1, 2)]
    assert values[0] == values[1] != values[2]


@pytest.mark.parametrize(
    ("mode", "error"), [("ValueError", ValueError), ("RuntimeError", RuntimeError)], ids=["ValueError", "RuntimeError"]
)
def test_failing_raises(master_data: DataSource, mode: str, error: type[Exception]) -> None:
    """The failing algorithm raises what it was asked to."""
    with pytest.raises(error, match=f"asked to raise a {mode}"):
        run("Failing", master_data, mode=mode)


def test_failing_returns_nothing(master_data: DataSource) -> None:
    """The failing algorithm forgets to return a result when asked to."""
    assert run("Failing", master_data, mode="no result") is None


@pytest.mark.parametrize("name", KPIS)
def test_failing_makes_kpis_raise(master_data: DataSource, name: str) -> None:
    """Of a result without a layout no KPI can be computed, and each says so."""
    result = run("Failing", master_data, mode="KPI error")
    kpi: Any = KPIS[name]
    with pytest.raises(KpiError, match=name):
        kpi().compute(result)


class Watched(SlowAlgorithm):
    """A slow algorithm that records its progress."""

    def __init__(self, duration: int) -> None:
        params = self.initialize_parameters()
        params.set_validated_values({"duration": duration})
        super().__init__(params)
        self.reported: list[float] = []
        self.started = threading.Event()

    def set_progress(self, progress: float) -> None:
        """Record, and tell that it has started."""
        super().set_progress(progress)
        self.reported.append(progress)
        self.started.set()


def test_slow_reports_progress(master_data: DataSource, unchanged: SlottingResult) -> None:
    """The slow algorithm counts up to 100 and returns the layout unchanged."""
    algorithm = Watched(1)
    result = algorithm.run(master_data)
    assert len(algorithm.reported) > 5
    assert algorithm.reported == sorted(algorithm.reported)
    assert algorithm.reported[-1] == 100
    assert result.placements == unchanged.placements


def test_slow_ends_at_once_when_cancelled(master_data: DataSource) -> None:
    """A cancelled run does not wait for its time to pass."""
    algorithm = Watched(60)
    thread = threading.Thread(target=algorithm.run, args=(master_data,), daemon=True)
    thread.start()
    assert algorithm.started.wait(10)
    algorithm.cancel()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize("duration", [0, 61, 1.5, "1"])
def test_slow_refuses_other_durations(duration: Any) -> None:
    """A duration is an integer from 1 to 60, and 1 unless set."""
    params = SlowAlgorithm.initialize_parameters()
    assert params["duration"] == 1
    with pytest.raises(ParameterError, match="'duration'"):
        params.set_validated_values({"duration": duration})


@pytest.mark.parametrize("name", ["Greedy slotting", "Failing"])
def test_result_survives_json(master_data: DataSource, name: str) -> None:
    """A result read back is the same result, with the same KPIs."""
    result = run(name, master_data, **({"mode": "KPI error"} if name == "Failing" else {}))
    back = SlottingResult.from_json(result.to_json())
    assert back.to_dict() == result.to_dict()
    assert back.placements == result.placements


def test_layout_with_gap_is_refused(master_data: DataSource) -> None:
    """An item without a location is named."""
    data = DataSource.from_json(master_data.to_json())
    data.add_table("planning.layout", data.get_table("planning.layout").iloc[1:])
    with pytest.raises(ValueError, match="Item 'I001' has no location"):
        run("Parameter showcase", data)
