"""A second backend in one file: sessions, datasets and scenarios in dictionaries, served by the same routes.

`ApiLauncher.build(cfg, session_manager=…)` takes anything that has the methods of `algomancy_api.backend`. This one
keeps nothing on disk, and does not say `nonblocking = True`: it is called in worker threads, for things that exist.

Run `python example/own_backend.py`, then try `algomancy-conformance run http://127.0.0.1:8051` on it.
"""

# ruff: noqa: D102, ANN401 - algomancy_api.backend says what each method means and takes
from __future__ import annotations

import argparse
import json
import queue
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from algomancy_api import ApiConfiguration, ApiLauncher
from algomancy_api.example import build_example_config
from algomancy_data import BaseDataSource, ETLResult, File
from algomancy_scenario import BaseAlgorithm, BaseKPI
from algomancy_utils import BaseParameterSet


@dataclass
class DictScenario:
    """One algorithm on one dataset."""

    tag: str
    key: str
    data_id: str
    algorithm: BaseAlgorithm
    kpis: dict[str, BaseKPI]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "created"
    result: dict[str, Any] | None = None

    @property
    def progress(self) -> float:
        return 100.0 if self.status == "complete" else self.algorithm.get_progress

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "tag": self.tag,
            "input_data_id": self.data_id,
            "input_data_key": self.key,
            "kpis": {name: kpi.to_dict() for name, kpi in self.kpis.items()},
            "algorithm": self.algorithm.to_dict(),
            "data_parameters": self.algorithm.data_params.get_values(),
            "status": self.status,
            "progress": self.progress,
            "result": self.result,
        }


class DictScenarios:
    """One session: what it holds, and a thread that runs its scenarios one after another."""

    def __init__(self, config: ApiConfiguration, data: Mapping[str, str]) -> None:
        self.config = config
        self.data = dict(data)  # as the text that clients get
        self.scenarios: dict[str, DictScenario] = {}
        self.lock = threading.RLock()
        self.available_algorithms, self.available_kpis = list(config.algorithms), list(config.kpis)
        self.get_data_as_json = self.data.__getitem__
        self.get_by_id, self.list_ids = self.scenarios.get, self.scenarios.keys
        self.queue: queue.SimpleQueue[DictScenario | None] = queue.SimpleQueue()
        self.worker = threading.Thread(target=self._work, daemon=True)

    def get_data_keys(self) -> list[str]:
        return list(self.data)

    def get_data_parameters(self, key: str) -> BaseParameterSet:
        return self._source(key).initialize_data_parameters()

    def derive_data(self, key: str, new_key: str) -> None:
        self._store(new_key, self._source(key).derive(new_key), replace=False)

    def delete_data(self, key: str) -> None:
        with self.lock:
            self._require_unused(key)
            del self.data[key]

    def add_datasource_from_json(self, payload: str) -> None:
        source = self.config.data_object_type.from_json(payload)
        self._store(source.name, source)

    def etl_data(self, files: Mapping[str, File], name: str) -> ETLResult:
        result = self.config.etl_factory(self.config.schemas).build_pipeline(name, files).run()
        if result.is_success and result.datasource is not None:
            self._store(name, result.datasource)
        return result

    def _source(self, key: str) -> BaseDataSource:
        return self.config.data_object_type.from_json(self.data[key])

    def _store(self, key: str, source: BaseDataSource, *, replace: bool = True) -> None:
        text = source.to_json()
        with self.lock:
            self._require_unused(key)
            if key in self.data and not replace:
                raise AssertionError(f"Dataset '{key}' exists already.")
            self.data[key] = text

    def _require_unused(self, key: str) -> None:
        if any(scenario.key == key for scenario in self.scenarios.values()):
            raise AssertionError(f"Dataset '{key}' is used by a scenario.")

    def get_algorithm_parameters(self, name: str) -> BaseParameterSet:
        return self.config.algorithms[name].initialize_parameters()

    def create_scenario(
        self, tag: str, dataset_key: str, algo_name: str, algo_params: Any = None, data_params: Any = None
    ) -> DictScenario:
        params = self.get_algorithm_parameters(algo_name)
        params.set_validated_values(algo_params or {})
        algorithm = self.config.algorithms[algo_name](params)
        with self.lock:
            if tag in self.list_tags():
                raise AssertionError(f"Tag '{tag}' is used already.")
            source = self._source(dataset_key)
            dataset_params = source.initialize_data_parameters()
            dataset_params.set_validated_values(data_params or {})
            algorithm.set_data_params(dataset_params)
            scenario = DictScenario(tag, dataset_key, source.id, algorithm, self._new_kpis())
            self.scenarios[scenario.id] = scenario
        return scenario

    def _new_kpis(self) -> dict[str, BaseKPI]:
        return {name: kpi() for name, kpi in self.config.kpis.items()}

    def list_scenarios(self) -> list[DictScenario]:
        return list(self.scenarios.values())

    def list_tags(self) -> list[str]:
        return [scenario.tag for scenario in self.list_scenarios()]

    def delete_scenario(self, scenario_id: str) -> bool:
        scenario = self.scenarios.pop(scenario_id, None)
        if scenario is not None and hasattr(scenario.algorithm, "cancel"):
            scenario.algorithm.cancel()
        return scenario is not None

    @property
    def currently_processing(self) -> DictScenario | None:
        return next((scenario for scenario in self.list_scenarios() if scenario.status == "processing"), None)

    def process_scenario_async(self, scenario: DictScenario) -> None:
        with self.lock:
            if scenario.status != "created":
                raise AssertionError(f"Scenario '{scenario.tag}' is {scenario.status}: it was run already.")
            scenario.status = "queued"
            self.queue.put(scenario)
            if self.worker.ident is None:
                self.worker.start()

    def _work(self) -> None:
        while (scenario := self.queue.get()) is not None:
            if scenario.id in self.scenarios:
                scenario.status = "processing"
                try:
                    self._run(scenario)
                    scenario.status = "complete"
                except Exception as error:
                    scenario.result = {"error": str(error) or "The algorithm failed."}
                    scenario.status = "failed"

    def _run(self, scenario: DictScenario) -> None:
        result = scenario.algorithm.run(self._source(scenario.key))
        kpis = self._new_kpis()
        for kpi in kpis.values():
            kpi.compute_and_check(result)
        scenario.result, scenario.kpis = json.loads(result.to_json()), kpis


class DictSessions:
    """All sessions, the oldest of which is the one to start with."""

    def __init__(self, config: ApiConfiguration) -> None:
        self.config = config
        self.names: dict[str, str] = {}
        self.sessions: dict[str, DictScenarios] = {}
        self.lock = threading.RLock()
        self.has_session, self.get_scenario_manager = self.sessions.__contains__, self.sessions.__getitem__
        self.get_display_name = self.names.__getitem__
        main = self.sessions[self.create_new_session("main")]
        for folder in Path(config.initial_data_path).iterdir() if config.initial_data_path else ():
            files = {file.stem: File(file.stem, file.suffix, path=file) for file in folder.iterdir()}
            main.etl_data(files, folder.name)

    @property
    def start_session_id(self) -> str:
        return next(iter(self.names))

    def list_sessions(self) -> list[dict[str, str]]:
        return [{"id": session_id, "display_name": name} for session_id, name in list(self.names.items())]

    def resolve_id_by_display_name(self, display_name: str) -> str | None:
        return next((each["id"] for each in self.list_sessions() if each["display_name"] == display_name), None)

    def create_new_session(self, display_name: str) -> str:
        return self._add(display_name, {})

    def copy_session(self, session_id: str, new_display_name: str) -> str:
        return self._add(new_display_name, self.sessions[session_id].data)

    def rename_session(self, session_id: str, display_name: str) -> None:
        with self.lock:
            if self.resolve_id_by_display_name(display_name) not in (None, session_id):
                raise AssertionError(f"Session '{display_name}' exists already.")
            self.names[session_id] = display_name

    def delete_session(self, session_id: str) -> None:
        with self.lock:
            session = self.sessions[session_id]
            if len(self.sessions) == 1:
                self.names[session_id] = ""  # frees the name for the fresh session; there is never none
                self.create_new_session("main")
            del self.names[session_id], self.sessions[session_id]
        for scenario_id in list(session.scenarios):
            session.delete_scenario(scenario_id)
        session.queue.put(None)

    def _add(self, display_name: str, data: Mapping[str, str]) -> str:
        with self.lock:
            if self.resolve_id_by_display_name(display_name) is not None:
                raise AssertionError(f"Session '{display_name}' exists already.")
            session_id = str(uuid.uuid4())
            self.sessions[session_id] = DictScenarios(self.config, data)
            self.names[session_id] = display_name
        return session_id


def application(port: int = 8051) -> Any:
    """The bundled example's algorithms and data, served from the dictionaries."""
    return ApiLauncher.build(config := build_example_config(port=port), session_manager=DictSessions(config))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8051, help="the port to listen on")
    ApiLauncher.run(application(parser.parse_args().port))
