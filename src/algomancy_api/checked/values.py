"""Values on their way to and from a backend of any make, put right where it differs from the contract.

Scenarios come from its `to_dict()`, parameters go to its parameter sets, datasets both ways as `DataSource.to_json()`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pydantic

from algomancy_api.backend import ScenarioLike
from algomancy_api.errors import describe_validation_errors
from algomancy_api.http.names import check_dataset_key, shown
from algomancy_api.http.replies import encode_json
from algomancy_api.schemas.datasets import DatasetPayload
from algomancy_utils.baseparameterset import BaseParameterSet, ParameterError

_NOT_COMPUTED = -9_999_999_999
"""What Algomancy's measurements hold before they are computed: `Measurement.INITIAL_VALUE`."""

_STARTED = ("processing", "complete", "failed")


# --- scenarios --------------------------------------------------------------------------------------------------------


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


# --- parameters -------------------------------------------------------------------------------------------------------


def read_values(parameters: BaseParameterSet, values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the values with whole numbers, instants and pairs of instants as Python has them.

    A value that the parameter set itself refuses is left to it.

    Raises:
        ParameterError: A boolean stands for a number, something else for a boolean, or a text is no instant.
    """
    if values is None:
        return None
    known = parameters.get_parameters()
    return {
        name: _read(name, str(known[name].parameter_type), value) if name in known else value
        for name, value in values.items()
    }


def _read(name: str, kind: str, value: Any) -> Any:  # noqa: ANN401 - a value of any parameter
    if kind in ("integer", "float") and isinstance(value, bool):
        raise ParameterError(f"Parameter '{name}' takes a number, not a boolean.")
    if kind == "boolean" and not isinstance(value, bool):
        raise ParameterError(f"Parameter '{name}' takes true or false.")
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind == "time":
        return _instant(name, value)
    if kind == "interval" and isinstance(value, list):
        return tuple(_instant(name, each) for each in value)
    return value


def _instant(name: str, value: Any) -> Any:  # noqa: ANN401
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ParameterError(f"Parameter '{name}' takes an instant in ISO 8601, such as 2026-03-01T06:00:00.") from None


# --- datasets ---------------------------------------------------------------------------------------------------------


def read_payload(payload: bytes) -> tuple[str, str]:
    """Return the key of a dataset's payload, and its text with what may be missing filled in (contract DAT-5).

    Raises:
        ValueError: It is not JSON in UTF-8, or not what `DataSource.to_json()` writes; or its key is not allowed.
    """
    if not payload.strip():
        raise ValueError("The body is empty: it must be what DataSource.to_json() writes.")
    try:
        dataset = json.loads(payload.decode(), parse_constant=lambda _: None)
    except UnicodeDecodeError:
        raise ValueError("The body must be JSON in UTF-8.") from None
    except RecursionError:
        raise ValueError("The JSON nests too deep.") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"The body is not valid JSON: {error}.") from None
    if not isinstance(dataset, dict) or not isinstance(dataset.get("metadata"), dict):
        raise ValueError("The body must be an object with an object as its member 'metadata'.")
    metadata = dataset["metadata"]
    key = check_dataset_key(metadata.get("name"))
    for table in _objects(dataset.get("tables")):
        _complete(table)
    try:
        DatasetPayload.model_validate(dataset)
    except pydantic.ValidationError as error:
        raise ValueError(describe_validation_errors(error.errors())) from None
    tables: dict[str, dict[str, Any]] = dataset["tables"]
    for name, table in tables.items():
        _check_table(table, name)
    metadata["tables"] = list(tables)
    metadata["creation_datetime"] = metadata.get("creation_datetime") or str(datetime.now())
    return key, json.dumps(dataset)


def written_payload(text: str) -> bytes:
    """Return what a backend's `to_json()` wrote as strict JSON: no NaN, and its own time of creation in UTC."""
    dataset = json.loads(text)
    metadata = dataset.get("metadata") if isinstance(dataset, dict) else None
    if isinstance(metadata, dict) and "creation_datetime" in metadata:
        metadata["creation_datetime"] = _in_utc(metadata.get("creation_datetime"))
    return encode_json(dataset)


def _in_utc(told: Any) -> Any:  # noqa: ANN401 - a backend's own
    """Return a time as Python writes a local one, `2026-01-31 12:00:00`, in UTC (contract GEN-12); no other changes."""
    if not isinstance(told, str) or told[10:11] != " ":
        return told
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return told
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _objects(value: object) -> list[dict[str, Any]]:
    """Return the objects among the members of `value`, if it is one itself."""
    return [member for member in value.values() if isinstance(member, dict)] if isinstance(value, dict) else []


def _complete(table: dict[str, Any]) -> None:
    """Fill in columns and index where they are missing: as the rows have them, in order."""
    rows = table.get("data")
    if isinstance(rows, list):
        table.setdefault(
            "columns", list(dict.fromkeys(column for row in rows if isinstance(row, dict) for column in row))
        )
        table.setdefault("index", list(range(len(rows))))
        table.setdefault("dtypes", {})


def _check_table(table: dict[str, Any], name: str) -> None:
    if any(not row.keys() <= set(table["columns"]) for row in table["data"]):
        raise ValueError(f"Table {shown(name)}: 'columns' must name every member of the rows.")
    if len(table["index"]) != len(table["data"]):
        raise ValueError(f"Table {shown(name)}: member 'index' must be an array with one label per row.")
    for row in table["data"]:
        for column, cell in row.items():
            if isinstance(cell, float) and not math.isfinite(cell):
                row[column] = None  # 1e999 is JSON; infinity is not.
