"""Runs one project on the packages that are installed and prints what a user sees of it, as JSON.

It needs nothing but the project and those packages: each make runs it in an interpreter of its own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from algomancy_data import CSVFile, JSONFile, XLSXFile
from algomancy_scenario import SessionManager
from algomancy_scenario.core_configuration import CoreConfig
from algomancy_utils import QUANTITIES, BaseMeasurement, Measurement

PHYSICAL = ("length", "mass", "time", "area", "volume", "speed", "temperature", "energy", "power", "pressure")
ELECTRICAL = ("frequency", "electric_current", "voltage", "resistance")
COUNTED = ("data", "data_decimal", "money", "percentage", "count", "default")
PROJECTS = Path(__file__).with_name("projects")
CHANGING = ("completed_at", "data_id", "scenario_id")
ERRORS = ("ParameterError", "KpiError", "ETLConstructionError", "ValidationError", "DateFormatError")
FILES = {".csv": CSVFile, ".json": JSONFile, ".xlsx": XLSXFile}


def observe(project: ModuleType, folder: Path) -> dict[str, Any]:
    """Run a project and return its parameters, datasets and scenarios as they turn out."""
    algorithms = {name: kind.initialize_parameters() for name, kind in project.ALGORITHMS.items()}
    seen: dict[str, Any] = {
        "parameters": {name: _parameters(given) for name, given in algorithms.items()},
        "validated": {
            f"{name} {json.dumps(values)}": _outcome(project.ALGORITHMS[name].initialize_parameters(), values)
            for name, values in project.VALUES
        },
    }
    sessions = open_sessions(project, folder)
    manager = sessions.get_scenario_manager(sessions.start_session_id)
    seen["facts"] = getattr(project, "FACTS", {})
    seen["datasets"] = {}
    for key, files in project.FILES.items():
        seen["datasets"][key] = _load(project, manager, key, files, folder / "raw" / key)
    seen["scenarios"] = {}
    for number, (tag, key, algorithm, values, data_values) in enumerate(project.RUNS, start=1):
        seen["scenarios"][f"{number} {tag}"] = _run(manager, tag, key, algorithm, values, data_values)
    manager.shutdown_processing()
    return seen


def open_sessions(project: ModuleType, folder: Path, **more: Any) -> Any:
    """Return the session manager of a project, its state in `folder`."""
    state = folder / "state"
    state.mkdir(parents=True, exist_ok=True)
    config = CoreConfig(
        data_path=str(state),
        data_object_type=project.DATA_SOURCE,
        etl_factory=project.ETL,
        kpis=project.KPIS,
        algorithms=project.ALGORITHMS,
        schemas=project.SCHEMAS,
        autocreate=False,
        autorun=False,
        default_algo=next(iter(project.ALGORITHMS)),
        default_algo_params_values={},
        **more,
    )
    return SessionManager.from_config(config)


def write_files(files: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Write a dataset's files: texts, records and the rows of each sheet; return them as an upload has them."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name, content in files.items():
        path = folder / name
        if path.suffix == ".xlsx":
            with pd.ExcelWriter(path) as workbook:
                for sheet, rows in content.items():
                    pd.DataFrame(rows[1:], columns=rows[0]).to_excel(workbook, sheet_name=sheet, index=False)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        found[path.stem] = FILES[path.suffix](path.stem, path=str(path))
    return found


def tables_of(source: Any) -> dict[str, Any]:
    """Return a data source's tables: columns, types, index and rows."""
    return {
        name: {
            "columns": [str(column) for column in table.columns],
            "dtypes": [str(dtype) for dtype in table.dtypes],
            "index": [_plain(label) for label in table.index],
            "rows": [[_plain(cell) for cell in row] for row in table.itertuples(index=False, name=None)],
        }
        for name, table in ((name, source.get_table(name)) for name in sorted(source.list_tables()))
    }


def _load(project: ModuleType, manager: Any, key: str, files: dict[str, Any], folder: Path) -> dict[str, Any] | str:
    given = write_files(files, folder)
    try:
        result = project.ETL(project.SCHEMAS, logger=None).build_pipeline(key, dict(given)).run()
    except Exception as error:
        return _raised(error)
    messages: dict[str, list[Any]] = {}
    for told in result.messages or []:
        kind = " ".join(str(part or "-") for part in (told.severity, told.table, told.column, told.code))
        messages.setdefault(kind, []).append(told.row)
    seen: dict[str, Any] = {"success": result.is_success, "rows of messages": messages}
    try:
        manager.etl_data(write_files(files, folder), key)
    except Exception as error:
        seen["upload"] = _raised(error)
    seen["kept"] = key in manager.get_data_keys()
    if seen["kept"]:
        source = manager.get_data(key)
        text = json.loads(manager.get_data_as_json(key))
        again = type(source).from_json(source.to_json())
        seen |= {
            "kind": type(source).__name__,
            "tables": tables_of(source),
            "json": {
                "metadata": sorted(text["metadata"]),
                "tables": {name: [table["columns"], table["dtypes"]] for name, table in sorted(text["tables"].items())},
            },
            "read back": tables_of(again) == tables_of(source) or tables_of(again),
        }
        manager.derive_data(key, f"{key} again")
        derived = manager.get_data(f"{key} again")
        seen["derived"] = [derived.is_master_data(), derived.id != source.id, tables_of(derived) == tables_of(source)]
    return seen


def _run(manager: Any, tag: str, key: str, algorithm: str, values: Any, data_values: Any) -> dict[str, Any] | str:
    try:
        scenario = manager.create_scenario(tag, key, algorithm, values, data_values)
    except Exception as error:
        return _raised(error)
    seen = {"before": [str(scenario.status), scenario.progress], "input data": scenario.input_data_key}
    manager.process_scenario_async(scenario)
    manager.wait_for_processing()
    result = scenario.result
    return seen | {
        "status": str(scenario.status),
        "progress": scenario.progress,
        "result": _plain(result if result is None or isinstance(result, dict) else result.to_dict()),
        "kpis": {name: _kpi(kpi) for name, kpi in scenario.kpis.items()},
        "described": _attempt(lambda: _described(scenario.to_dict())),
    }


def _kpi(kpi: Any) -> dict[str, Any]:
    told: dict[str, Any] = kpi.to_dict()
    return {
        **{field: told[field] for field in ("name", "better_when", "unit", "value", "threshold")},
        "success": _attempt(lambda: kpi.success),
        "binary": kpi.is_binary_kpi,
        "pretty": _attempt(kpi.pretty),
        "details": _attempt(kpi.details),
    }


def _described(told: dict[str, Any]) -> dict[str, Any]:
    """Return what a scenario says of itself, the parameters' text read, without ids and what only one make has."""
    parameters = told["algorithm"]["parameters"]
    return {
        "algorithm": told["algorithm"]["name"],
        "parameters": json.loads(parameters)["parameters"] if isinstance(parameters, str) else parameters,
        "data parameters": told["data_parameters"],
        "kpis": sorted(told["kpis"]),
        "status": str(told["status"]),
    }


def _raised(error: Exception) -> str:
    """Tell what a project can catch: the first of the error's classes that any make has."""
    kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins" or kind.__name__ in ERRORS]
    return f"raised {kinds[0]}"


def _attempt_raw(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except Exception as error:
        return _raised(error)


def _attempt(action: Callable[[], Any]) -> Any:
    """Return what an action gives, or the name of the exception it raises."""
    return _plain(_attempt_raw(action))


def _outcome(parameters: Any, values: dict[str, Any]) -> Any:
    """Return the values that a parameter set has after these were given to it, or what it raised."""
    try:
        parameters.set_validated_values(values)
    except Exception as error:
        return _raised(error)
    return {name: _plain(parameters[name]) for name in values}


def _parameters(given: Any) -> dict[str, Any]:
    fields = ("name", "parameter_type", "required", "value", "default", "min", "max", "choices", "default_start")
    return {
        "described": [
            {field: _plain(getattr(one, field)) for field in fields if hasattr(one, field)}
            for one in given.get_parameters().values()
        ],
        "values": {name: _plain(value) for name, value in given.get_values().items()},
        "has inputs": given.has_inputs(),
        "copied": _attempt(lambda: given.copy().get_values() == given.get_values()),
        "serialised": _attempt(lambda: json.loads(given.serialize())),
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it, what is missing as `null`."""
    if isinstance(value, dict):
        return {key: "…" if key in CHANGING else _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return None if pd.isna(value) else value.isoformat()
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, str | bool | int | float):
        return str(value) if isinstance(value, str) else value
    return value.item() if hasattr(value, "item") else str(value)


def load_project(name: str) -> ModuleType:
    """Import one of the projects beside this file."""
    specification = importlib.util.spec_from_file_location(name, PROJECTS / f"{name}.py")
    if specification is None or specification.loader is None:
        raise FileNotFoundError(name)
    project = importlib.util.module_from_spec(specification)
    sys.modules[name] = project
    specification.loader.exec_module(project)
    return project


def observe_units() -> dict[str, Any]:
    """Return how the quantities write small, ordinary and large amounts, and what they are converted to."""
    amounts = (0, 0.5, 1, -1, 12.345, 59.9, 100, 999.5, 1234.5, -3600, 86400, 1e7, 1e-5, float("nan"))
    styles: dict[str, dict[str, Any]] = {
        "plain": {},
        "unscaled": {"use_scaling": False},
        "whole": {"decimals": 0},
        "narrow": {"min_digits": 1, "max_digits": 2, "decimals": 1},
    }
    seen: dict[str, Any] = {}
    for name in (*PHYSICAL, *ELECTRICAL, *COUNTED):
        quantity = _attempt_raw(partial(QUANTITIES.__getitem__, name))
        if isinstance(quantity, str):
            seen[name] = quantity
            continue
        unit = quantity.standard_unit
        texts = {
            style: {
                str(amount): _attempt(partial(_text, BaseMeasurement(unit, **options), amount)) for amount in amounts
            }
            for style, options in styles.items()
        }
        seen[name] = {"unit": unit.symbol, "texts": texts}
    return seen


def _text(measurement: BaseMeasurement, amount: float) -> str:
    return Measurement(measurement, amount).pretty()


def main(name: str) -> None:
    """Print what a project gives. What the packages print themselves is swallowed."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        seen = observe_units() if name == "units" else observe(load_project(name), Path(folder))
    print(json.dumps(seen, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main(sys.argv[1])
