"""The Algomancy HTTP API: configure it, build the application, run it.

Names are imported on first use, so that the client and the models can be had without the server's dependencies.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from algomancy_api.api_configuration import ApiConfiguration
    from algomancy_api.api_launcher import ApiLauncher

__all__ = ["ApiConfiguration", "ApiLauncher"]

_MODULES = {"ApiConfiguration": "api_configuration", "ApiLauncher": "api_launcher"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attributes may be anything
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
