"""Whether requests are told of to OpenTelemetry: decided once, when the application is built."""

from __future__ import annotations

import inspect
import os
from typing import Any

from fastapi import FastAPI

_API_PACKAGES = ("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs")
"""Providers of these tell nobody: they stand in until somebody sets up an SDK."""


def telemetry_setting() -> dict[str, Any]:
    """Return the argument of `FastAPI` that turns its spans and metrics off where nobody listens to them.

    Left on, it would ask the environment at each request whether somebody does: 7 to 10 µs, a third of a status
    request. Somebody does when an SDK was set up before, or when FastAPI is told by its own variable to set one up.
    """
    if "telemetry" not in inspect.signature(FastAPI.__init__).parameters or _is_listened_to():
        return {}
    return {"telemetry": {"tracing": False, "metrics": False, "logs": False}}


def _is_listened_to() -> bool:
    from opentelemetry import _logs, metrics, trace

    if os.environ.get("FASTAPI_OTEL_AUTO_CONFIGURE", "").lower() == "true":
        return True
    providers = (trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider())
    return not all(type(provider).__module__.startswith(_API_PACKAGES) for provider in providers)
