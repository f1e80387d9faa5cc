"""A program that has set up OpenTelemetry and does runs; it prints, as JSON, what was told."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from algomancy_scenario import Scenario, ScenarioManager, SessionManager
from tests.algomancy_scenario.running.isolated_project import Steered, config, source
from tests.algomancy_scenario.scenario_project import Answer


class Traced(Steered):
    """Answers with the span that is current in the run's process."""

    def run(self, data: Any) -> Answer:
        return Answer(data.id, trace.get_current_span().get_span_context().span_id % 2**40)


class Failing(Steered):
    """Says why."""

    def run(self, data: Any) -> Answer:
        raise ValueError("No lorry is left.")


def until_it_reports(scenario: Scenario[Any]) -> None:
    while scenario.progress != 40:
        time.sleep(0.001)


def begin(manager: ScenarioManager, algo_name: str, folder: str = "") -> Scenario[Any]:
    """Queue a scenario, as a request does: within a span of its own."""
    scenario = manager.create_scenario(algo_name, "data", algo_name, {"folder": folder})
    with trace.get_tracer("requests").start_as_current_span(f"request of {algo_name}"):
        manager.process_scenario_async(scenario)
    return scenario


def main(executor: str, folder: str) -> None:
    """Do runs of each outcome, the second of them queued behind the first."""
    spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False))
    known = config(executor=executor)
    known = config(executor=executor, algorithms={**known.algorithms, "Traced": Traced, "Failing": Failing})
    sessions = SessionManager.from_config(known)
    manager = sessions.get_scenario_manager("main")
    manager.set_data("data", source())
    reporting = begin(manager, "Reporting", folder)
    traced = begin(manager, "Traced")
    until_it_reports(reporting)
    counts = numbers(reader)
    Path(folder, "go").touch()
    manager.wait_for_processing()
    for algo_name in ("Failing", "Segfault") if executor == "processes" else ("Failing",):
        begin(manager, algo_name)
        manager.wait_for_processing()
    Path(folder, "go").unlink()
    cancelled = manager.create_scenario("cancelled", "data", "Reporting", {"folder": folder})
    manager.process_scenario_async(cancelled)
    until_it_reports(cancelled)
    manager.cancel_scenario(cancelled.id)
    told = [
        {
            "name": span.name,
            "id": span.context.span_id,
            "below": span.parent and span.parent.span_id,
            "status": span.status.status_code.name,
            "error": span.status.description,
            **(span.attributes or {}),
        }
        for span in spans.get_finished_spans()
    ]
    print(json.dumps([told, traced.kpis["Answer"].value, traced.id, counts, numbers(reader)]))
    sessions.close()


def numbers(reader: InMemoryMetricReader) -> dict[str, Any]:
    """The value of each metric, by its name and its attributes."""
    metrics = reader.get_metrics_data()
    assert metrics is not None
    (resource,) = json.loads(metrics.to_json())["resource_metrics"]
    return {
        " ".join([metric["name"], *point["attributes"].values()]): point.get("value", point.get("count"))
        for scope in resource["scope_metrics"]
        for metric in scope["metrics"]
        for point in metric["data"]["data_points"]
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
