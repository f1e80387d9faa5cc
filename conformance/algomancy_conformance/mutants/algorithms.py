"""Algorithms that misbehave, for a reference that must stand it. Imported only where the reference is asked for."""

from __future__ import annotations

import ctypes
import importlib
import time
from typing import Any

from ..messages import Json

_base: Any = importlib.import_module("algomancy_scenario").BaseAlgorithm
_no_parameters: Any = importlib.import_module("algomancy_utils.baseparameterset").EmptyParameters


class Crashing(_base):  # type: ignore[misc]
    """Raises something unexpected as soon as anybody asks for its parameters."""

    @staticmethod
    def initialize_parameters() -> Json:
        """Raise a KeyError, which is not a 404."""
        raise KeyError("this algorithm crashes on purpose")

    def run(self, data: Json) -> Json:  # noqa: ARG002
        """Never called."""
        raise KeyError("this algorithm crashes on purpose")


class NativeCrash(_base):  # type: ignore[misc]
    """Kills the process it runs in, as a faulty solver does."""

    def __init__(self, params: Json) -> None:
        super().__init__("Native crash", params)

    @staticmethod
    def initialize_parameters() -> Json:
        """It has none."""
        return _no_parameters()

    def run(self, data: Json) -> Json:  # noqa: ARG002
        """Read where nothing is."""
        return ctypes.string_at(0)


class Silent(_base):  # type: ignore[misc]
    """Works for a while, and neither reports progress nor looks whether it is cancelled."""

    def __init__(self, params: Json) -> None:
        super().__init__("Silent", params)

    @staticmethod
    def initialize_parameters() -> Json:
        """It has none."""
        return _no_parameters()

    def run(self, data: Json) -> Json:  # noqa: ARG002
        """Sleep in one go."""
        time.sleep(20)
        raise TimeoutError("nobody has stopped this run")
