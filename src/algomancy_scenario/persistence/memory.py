"""The store of a server that keeps its state in memory only: nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from algomancy_scenario.persistence.port import SessionStore, StoredSession
from algomancy_scenario.persistence.scenario_record import ScenarioRecord


class MemorySessionStore:
    """Keeps nothing of a session; its manager's dictionaries are all there is.

    Args:
        folder: Where the user may have put files of the session.
    """

    durable = False

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def save_dataset(self, key: str, json: bytes) -> None:
        """Keep nothing."""

    def delete_dataset(self, key: str) -> None:
        """Forget nothing."""

    def save_scenario(self, record: ScenarioRecord) -> None:
        """Keep nothing."""

    def delete_scenario(self, scenario_id: str) -> None:
        """Forget nothing."""


class MemoryStore:
    """Keeps no sessions.

    Args:
        folder: Where the user may have put files of the sessions.
    """

    durable = False

    def __init__(self, folder: Path | None = None) -> None:
        self._session = MemorySessionStore(folder)

    def load(self) -> list[StoredSession]:
        """Return no session."""
        return []

    def create_session(
        self,
        session_id: str,  # noqa: ARG002 - the port's signature
        display_name: str,  # noqa: ARG002 - the port's signature
        datasets: Mapping[str, bytes],  # noqa: ARG002 - the port's signature
        scenarios: Iterable[ScenarioRecord],  # noqa: ARG002 - the port's signature
    ) -> SessionStore:
        """Keep nothing."""
        return self._session

    def rename_session(self, session_id: str, display_name: str) -> None:
        """Keep nothing."""

    def delete_session(self, session_id: str) -> None:
        """Forget nothing."""

    def close(self) -> None:
        """There is nothing to let go of."""
