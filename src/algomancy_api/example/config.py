"""The configuration of the bundled example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from algomancy_api.api_configuration import ApiConfiguration
from algomancy_api.example.algorithms import ALGORITHMS
from algomancy_api.example.etl import SlottingETLFactory
from algomancy_api.example.kpis import KPIS
from algomancy_api.example.schemas import SCHEMAS
from algomancy_data.datasource import DataSource

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
