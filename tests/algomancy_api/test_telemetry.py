"""Requests are told of to OpenTelemetry if somebody listens when the application is built."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from algomancy_api.api_launcher import telemetry_setting


def test_nobody_is_told_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """FastAPI need not ask again at each request; its own variable turns it on."""
    assert telemetry_setting() == {"telemetry": {"tracing": False, "metrics": False, "logs": False}}
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    assert telemetry_setting() == {}


def test_requests_are_spans_where_somebody_listens(monkeypatch: pytest.MonkeyPatch, make_app: Any) -> None:
    """Each names its route and its status."""
    spans, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    with TestClient(make_app()) as http:
        assert http.get("/api/v1/sessions/nowhere/scenarios").status_code == 404
    (span,) = spans.get_finished_spans()
    attributes = span.attributes or {}
    assert span.name == "GET /api/v1/sessions/{session_id}/scenarios"
    assert attributes["http.response.status_code"] == 404
