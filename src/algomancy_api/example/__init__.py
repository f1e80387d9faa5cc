"""The bundled example: warehouse slotting, with sample data, algorithms and KPIs.

A whole Algomancy project, on names that every make of the backend has. Here are its configuration and the scenarios
that a demonstration starts with. Only the command line and tests import it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from algomancy_api.api_configuration import ApiConfiguration
from algomancy_api.example.algorithms import ALGORITHMS
from algomancy_api.example.etl import SCHEMAS, SlottingETLFactory
from algomancy_api.example.kpis import KPIS
from algomancy_data.datasource import DataSource

if TYPE_CHECKING:
    from algomancy_scenario import SessionManager

SAMPLE_DATA = Path(__file__).parent / "data"
"""A folder with one sub-folder of raw files per dataset; it is only read."""


def build_example_config(data_path: str | Path | None = None, **overrides: Any) -> ApiConfiguration:  # noqa: ANN401
    """Return the configuration of a small planning problem: which item of a warehouse goes to which location.

    A fresh server holds one dataset, `"Master data"`. Without `data_path` its state lives in memory and nothing is
    written anywhere.

    Args:
        data_path: A folder to keep the state in; it is made when missing.
        **overrides: Other fields of `ApiConfiguration`, such as `port`.

    Raises:
        ValueError: A field does not take the value given.
    """
    fields: dict[str, Any] = {
        "etl_factory": SlottingETLFactory,
        "schemas": SCHEMAS,
        "data_object_type": DataSource,
        "algorithms": ALGORITHMS,
        "kpis": KPIS,
        "autocreate": False,
        "autorun": False,
        "default_algo": "Greedy slotting",
        "title": "Warehouse slotting",
        "initial_data_path": SAMPLE_DATA,
    }
    if data_path is not None:
        Path(data_path).mkdir(parents=True, exist_ok=True)
        fields |= {"data_path": str(data_path), "has_persistent_state": True, "persistence_backend": "json"}
    return ApiConfiguration(**(fields | overrides))


SAMPLE_RUNS: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("As it is", "Slow", {"duration": 1}),
    ("Greedy", "Greedy slotting", None),
    ("Random, seed 7", "Random slotting", {"seed": 7}),
    ("Fails on purpose", "Failing", {"mode": "no result"}),
)
"""Tag, algorithm and parameters of each: three that end well, and one that fails."""


def add_sample_runs(sessions: SessionManager) -> None:
    """Create the sample scenarios in the default session, run them, and wait for their end: a second or two.

    Args:
        sessions: A fresh backend of the example.
    """
    manager = sessions.get_scenario_manager(sessions.start_session_id)
    for tag, algorithm, parameters in SAMPLE_RUNS:
        scenario = manager.create_scenario(tag, "Master data", algorithm, parameters)
        if scenario.status == "created":  # otherwise `autorun` has queued it
            manager.process_scenario_async(scenario)
    manager.wait_for_processing()
