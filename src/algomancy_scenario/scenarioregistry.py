"""The scenarios of one session in memory, found by id, by tag and by dataset."""

from __future__ import annotations

import threading
from collections import Counter

from algomancy_scenario.scenario import Scenario, ScenarioState, join_documents
from algomancy_utils import NotFoundError


class ScenarioRegistry:
    """Dictionaries of scenarios, so that no operation takes longer the more there are.

    Methods that change it are called with the state lock held; those that read it take the lock themselves where one
    look is not enough.

    Args:
        lock: The session's state lock.
    """

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._by_id: dict[str, Scenario] = {}
        self._by_tag: dict[str, Scenario] = {}
        self._references: Counter[str] = Counter()
        self._revision = 0
        self._document: tuple[int, bytes] | None = None

    @property
    def revision(self) -> int:
        """A number that grows with every change of a scenario, progress included."""
        return self._revision

    def by_id(self, scenario_id: str) -> Scenario | None:
        """Return a scenario, `None` when there is none of this id."""
        return self._by_id.get(scenario_id)

    def by_tag(self, tag: str) -> Scenario | None:
        """Return a scenario, `None` when there is none of this tag."""
        return self._by_tag.get(tag)

    def known(self, scenario_id: str) -> Scenario:
        """Return a scenario.

        Raises:
            NotFoundError: There is none of this id.
        """
        scenario = self._by_id.get(scenario_id)
        if scenario is None:
            raise NotFoundError(f"Scenario '{scenario_id}' does not exist.")
        return scenario

    def references(self, key: str) -> int:
        """Return how many scenarios use a dataset."""
        return self._references.get(key, 0)

    def scenarios(self) -> list[Scenario]:
        """Return the scenarios in order of creation."""
        with self._lock:
            return list(self._by_id.values())

    def states(self) -> list[tuple[Scenario, ScenarioState]]:
        """Return the scenarios in order of creation, with their states at one moment."""
        with self._lock:
            return [(scenario, scenario.state) for scenario in self._by_id.values()]

    def as_bytes(self) -> bytes:
        """Return the array of all scenario objects as JSON; made once for each revision."""
        cached = self._document
        if cached is not None and cached[0] == self._revision:
            return cached[1]
        with self._lock:
            revision = self._revision
            states = [(scenario, scenario.state) for scenario in self._by_id.values()]
        document = join_documents(states)
        self._document = (revision, document)
        return document

    def insert(self, scenario: Scenario) -> None:
        """Add a scenario, the latest in order of creation."""
        self._by_id[scenario.id] = scenario
        self._by_tag[scenario.tag] = scenario
        self._references[scenario.input_data_key] += 1
        self._revision += 1

    def remove(self, scenario: Scenario) -> None:
        """Take a scenario away."""
        del self._by_id[scenario.id]
        del self._by_tag[scenario.tag]
        self._references[scenario.input_data_key] -= 1
        if not self._references[scenario.input_data_key]:
            del self._references[scenario.input_data_key]
        self._revision += 1

    def publish(self, scenario: Scenario, state: ScenarioState) -> None:
        """Make a state the present one of a scenario."""
        scenario.publish(state)
        self._revision += 1
