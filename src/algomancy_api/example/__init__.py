"""The bundled example: warehouse slotting, with sample data, algorithms and KPIs.

A whole Algomancy project, on names that every make of the backend has; begin with `config`. Only the command line and
tests import it.
"""

from __future__ import annotations

from algomancy_api.example.config import build_example_config

__all__ = ["build_example_config"]
