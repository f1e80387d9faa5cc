"""The bundled example: warehouse slotting, with sample data, algorithms and KPIs."""

from __future__ import annotations

from algomancy_api.example.config import build_example_config

__all__ = ["build_example_config"]
