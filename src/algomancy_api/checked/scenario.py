"""Scenarios as JSON, made from a backend's `to_dict()` and put right where that differs from the contract."""

from __future__ import annotations

import json
import math
from typing import Any

from algomancy_api.backend import ScenarioLike
from algomancy_api.http.json_text import encode_json

_NOT_COMPUTED = -9_999_999_999
"""What Algomancy's measurements hold before they are computed: `Measurement.INITIAL_VALUE`."""

_STARTED = ("processing", "complete", "failed")


class CheckedScenario:
    """A `CompleteScenario` in front of any backend's.

    Args:
        backend: The backend's scenario.
    """

    def __init__(self, backend: ScenarioLike) -> None:
        self.backend = backend

    @property
    def id(self) -> str:
        """Identifier that never changes."""
        return self.backend.id

    @property
    def tag(self) -> str:
        """Name given at creation."""
        return self.backend.tag

    @property
    def status(self) -> str:
        """`created`, `queued`, `processing`, `complete` or `failed`."""
        return str(self.backend.status)

    @property
    def progress(self) -> float:
        """Percent done, 0 to 100; 100 when complete (contract SCN-18)."""
        return _progress(self.status, self.backend.progress)

    @property
    def input_data_key(self) -> str | None:
        """Key of the dataset, where the backend tells it."""
        key = getattr(self.backend, "input_data_key", None)
        return key if isinstance(key, str) else None

    def to_dict(self) -> dict[str, Any]:
        """Return the scenario as the API shows it (contract SCN)."""
        # The status is read once and first: what has ended stays as it is, and a run that ends while the rest is read
        # must not be told as complete without its result.
        status = self.status
        told = dict(self.backend.to_dict())
        kpis = told.get("kpis") or {}
        told |= {
            "status": status,
            "progress": _progress(status, self.backend.progress),
            "kpis": {name: _kpi(kpi, complete=status == "complete") for name, kpi in kpis.items()},
            "result": _result(status, told.get("result")),
            "algorithm": _algorithm(told.get("algorithm")),
            "data_parameters": _parameters(told.get("data_parameters")),
        }
        if "input_data_key" not in told and self.input_data_key is not None:
            told["input_data_key"] = self.input_data_key
        return told

    def to_json_bytes(self) -> bytes:
        """Return `to_dict()` as JSON."""
        return encode_json(self.to_dict())

    def summary_json_bytes(self) -> bytes:
        """Return the same without `result`."""
        return encode_json({name: value for name, value in self.to_dict().items() if name != "result"})

    def status_json_bytes(self) -> bytes:
        """Return `id`, `tag`, `status` and `progress` as JSON."""
        status = self.status
        progress = _progress(status, self.backend.progress)
        return encode_json({"id": self.id, "tag": self.tag, "status": status, "progress": progress})


def _progress(status: str, progress: Any) -> float:  # noqa: ANN401 - whatever the algorithm said
    if status == "complete":
        return 100
    if status not in _STARTED or not isinstance(progress, (int, float)) or math.isnan(progress):
        return 0
    return min(max(progress, 0), 100)


def _result(status: str, result: Any) -> Any:  # noqa: ANN401 - a backend's own
    """Return a result as the contract wants it (SCN-10); a backend may say `failed` before it says why."""
    if status == "complete":
        return result
    if status != "failed":
        return None
    told = isinstance(result, dict) and isinstance(result.get("error"), str) and result["error"]
    return result if told else {"error": "The run failed."}


def _kpi(kpi: Any, *, complete: bool) -> Any:  # noqa: ANN401 - a backend's own
    if isinstance(kpi, dict) and "value" in kpi and (not complete or kpi["value"] == _NOT_COMPUTED):
        return {**kpi, "value": None}
    return kpi


def _algorithm(algorithm: Any) -> Any:  # noqa: ANN401 - a backend's own
    if not isinstance(algorithm, dict):
        return algorithm
    return {**algorithm, "parameters": _parameters(algorithm.get("parameters"))}


def _parameters(parameters: Any) -> Any:  # noqa: ANN401 - a backend's own
    """Return parameters as an object of plain values, where a backend gives the text of its serialised set."""
    if not isinstance(parameters, str):
        return parameters
    try:
        decoded = json.loads(parameters)
    except ValueError:
        return parameters
    if isinstance(decoded, dict) and decoded.keys() == {"name", "parameters"}:
        return decoded["parameters"]
    return decoded
