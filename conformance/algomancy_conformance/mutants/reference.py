"""The reference as the kit certifies it: the bundled example, an allowed origin, and an algorithm that crashes."""

from __future__ import annotations

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from algomancy_scenario import BaseAlgorithm
from algomancy_utils.baseparameterset import BaseParameterSet

from ..anything import App, Json

ORIGIN = "https://planner.example"
CRASHING = "Crashing"


class CrashingAlgorithm(BaseAlgorithm):
    """Raises something unexpected as soon as anybody asks for its parameters."""

    @staticmethod
    def initialize_parameters() -> BaseParameterSet:
        """Raise a KeyError, which is not a 404."""
        raise KeyError("this algorithm crashes on purpose")

    def run(self, data: Json) -> Json:  # noqa: ARG002
        """Never called."""
        raise KeyError("this algorithm crashes on purpose")


def reference_app(data_path: str | None = None) -> App:
    """The bundled example as an ASGI application; with `data_path` it keeps its state there."""
    algorithms = {**build_example_config().algorithms, CRASHING: CrashingAlgorithm}
    return ApiLauncher.build(build_example_config(data_path, cors_origins=[ORIGIN], algorithms=algorithms))
