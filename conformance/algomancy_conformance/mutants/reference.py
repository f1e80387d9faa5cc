"""The reference as the kit certifies it: the bundled example, an allowed origin, and an algorithm that crashes.

The kit imports nothing of the reference: it asks for it here, when a mutant is to be made of it.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..outcomes import KitError
from ..target.serving import App

ORIGIN = "https://planner.example"
CRASHING = "Crashing"


def ask_for(module: str) -> Any:  # noqa: ANN401
    """A module of the reference.

    Raises:
        KitError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise KitError(
            f"The reference is needed to make mutants of it ({error}): pip install 'algomancy-conformance[selftest]'"
        ) from None


def crash(*_: object) -> object:
    """Raise a KeyError, which is not a 404."""
    raise KeyError("this algorithm crashes on purpose")


def reference_app(data_path: str | None = None) -> App:
    """The bundled example as an ASGI application; with `data_path` it keeps its state there."""
    example = ask_for("algomancy_api.example").build_example_config
    base = ask_for("algomancy_scenario").BaseAlgorithm
    crashing = type("CrashingAlgorithm", (base,), {"initialize_parameters": staticmethod(crash), "run": crash})
    algorithms = {**example().algorithms, CRASHING: crashing}
    return ask_for("algomancy_api").ApiLauncher.build(example(data_path, cors_origins=[ORIGIN], algorithms=algorithms))
