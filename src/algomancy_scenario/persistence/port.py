"""What the managers ask of a store.

Every method returns only once what it was told is safe; until then the managers acknowledge nothing. A method that
raises has changed nothing. Calls for one session come one at a time, and so do the calls of `StateStore`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from algomancy_data import Dataset
from algomancy_scenario.persistence.raw_datasets import Extract, RawDataset
from algomancy_scenario.persistence.scenario_record import ScenarioRecord


class SessionStore(Protocol):
    """The stored part of one session: its datasets and its scenarios."""

    durable: bool
    """Whether what is stored outlives the process."""

    folder: Path | None
    """Where the user may have put files of the session, if there is such a place."""

    def save_dataset(self, key: str, json: bytes) -> None:
        """Keep a dataset, in place of any other of that key.

        Args:
            key: Its key.
            json: The dataset in UTF-8 JSON.
        """

    def delete_dataset(self, key: str) -> None:
        """Forget a dataset; one that is not there is no error."""

    def save_scenario(self, record: ScenarioRecord) -> None:
        """Keep a scenario; replaces what was kept under its id."""

    def delete_scenario(self, scenario_id: str) -> None:
        """Forget a scenario; one that is not kept is no error."""


@dataclass(frozen=True)
class StoredSession:
    """A session as it was found.

    Attributes:
        id: Its identifier.
        display_name: Its name.
        store: Where its changes go.
        datasets: Its datasets.
        raw_datasets: Folders of raw files that are to be loaded by ETL, by dataset key.
        scenarios: Its scenarios, in no particular order.
    """

    id: str
    display_name: str
    store: SessionStore
    datasets: Sequence[Dataset] = ()
    raw_datasets: Mapping[str, Path] = field(default_factory=dict)
    scenarios: Iterable[ScenarioRecord] = ()

    def all_datasets(self, extract: Extract) -> list[Dataset]:
        """Return the datasets in order of their keys; those of raw files are loaded when somebody asks for them.

        Args:
            extract: Runs the ETL.
        """
        datasets: dict[str, Dataset] = {
            key: RawDataset(key, folder, self.id, extract) for key, folder in self.raw_datasets.items()
        }
        # A dataset that was stored under the key of raw files has taken their place.
        datasets |= {dataset.key: dataset for dataset in self.datasets}
        return [datasets[key] for key in sorted(datasets)]


class StateStore(Protocol):
    """All sessions of a server."""

    durable: bool
    """Whether what is stored outlives the process."""

    def load(self) -> list[StoredSession]:
        """Return the sessions found, in order of creation. Called once, before anything else."""

    def create_session(
        self,
        session_id: str,
        display_name: str,
        datasets: Mapping[str, bytes],
        scenarios: Iterable[ScenarioRecord],
    ) -> SessionStore:
        """Keep a new session with everything in it, or nothing of it."""

    def rename_session(self, session_id: str, display_name: str) -> None:
        """Keep a session's new name."""

    def delete_session(self, session_id: str) -> None:
        """Forget a session and everything in it."""

    def close(self) -> None:
        """Let go of the store; nothing is called afterwards."""
