"""Lets `pytest conformance --base-url URL` run the suite as plain pytest."""

from __future__ import annotations

pytest_plugins = ["algomancy_conformance.running.plugin"]
