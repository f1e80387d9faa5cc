"""What the sandbox asks of the reference backend, beyond the port that every backend has."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from algomancy_api.api_configuration import ApiConfiguration
    from algomancy_api.sandbox.runs import WorldRuns

Saved = Sequence[Any]
"""What is in a server, session by session; nothing in it changes, so that worlds share it."""


class SteerableBackend(Protocol):
    """Servers whose time, ids and runs somebody else has in hand. See `algomancy_scenario.steering`."""

    def use_steering(self, steering: WorldRuns) -> AbstractContextManager[None]:
        """Take time and ids from there, for this thread or task."""

    def open_sessions(self, cfg: ApiConfiguration, steering: WorldRuns, saved: Saved) -> Any:  # noqa: ANN401 - a `SessionManager`
        """A server in memory with what was saved."""

    def save_sessions(self, sessions: Any) -> Saved:  # noqa: ANN401 - a `SessionManager`
        """What is in a server now."""

    def read_sessions(self, cfg: ApiConfiguration, document: Sequence[Mapping[str, Any]]) -> Saved:
        """Sessions that are described as the API shows them; a `ValueError` has a `location` in the document."""


class SandboxUnavailableError(RuntimeError):
    """The backend that is installed cannot be steered."""


def steerable_backend() -> SteerableBackend:
    """Return what steers the reference backend.

    Raises:
        SandboxUnavailableError: Another backend is installed.
    """
    # By its name: other makes of the backend have no such module, and their servers need none.
    try:
        return cast("SteerableBackend", importlib.import_module("algomancy_scenario.steering"))
    except ModuleNotFoundError:
        raise SandboxUnavailableError(
            "The sandbox needs the reference backend, for its clock and its runs: "
            "`pip install 'algomancy-api[reference]'` in an environment of its own."
        ) from None
