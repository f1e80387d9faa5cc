"""The scenarios of one session in memory: an index by id, by tag and by dataset, and the locks of the session."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from algomancy_scenario.persistence.cache import Cache, Kept
from algomancy_scenario.scenario import Scenario, ScenarioState
from algomancy_scenario.sessions.events import SessionEvents
from algomancy_scenario.sessions.owners import SessionGoneError
from algomancy_utils import Logger, NotFoundError


class SessionLocks:
    """Allows one change of a session at a time, and none once the session is gone.

    Used as a context manager it is the session's *write mutex*: it is held across check, write to the store and
    publication, and so across disk I/O, but never across user code. `state` is the *state lock*: it guards the
    dictionaries and is held only for as long as it takes to read or change them. Look-ups take the state lock or none
    at all, so they never wait for a disk. To hold both, acquire the mutex first.

    Args:
        guard: The write mutex, which is the store's; one of its own when left out.

    Attributes:
        state: The state lock.
    """

    def __init__(self, guard: AbstractContextManager[Any] | None = None) -> None:
        self.state = threading.Lock()
        self._write = guard or threading.Lock()
        self._closed = False

    def __enter__(self) -> None:
        """Acquire the write mutex.

        Raises:
            SessionGoneError: The session is gone.
        """
        self._write.__enter__()
        if self._closed:
            self._write.__exit__(None, None, None)
            raise SessionGoneError("The session no longer exists.")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._write.__exit__(kind, error, traceback)

    def close(self) -> None:
        """Refuse every further change. Call it with the mutex held."""
        self._closed = True


class ScenarioRegistry:
    """Dictionaries of scenarios, so that no operation takes longer the more there are.

    In a session, methods that change it are called with the state lock held; those that read it take the lock
    themselves where one look is not enough.

    Args:
        logger: Where to report to.
        locks: The session's locks; locks of its own when left out.
        cache: Where the JSON of all of them stays; in memory of its own when left out.

    Attributes:
        events: Tells of every change.
    """

    def __init__(
        self, logger: Logger | None = None, *, locks: SessionLocks | None = None, cache: Cache | None = None
    ) -> None:
        self.logger = logger
        self.locks = locks or SessionLocks()
        self._lock = self.locks.state
        self._by_id: dict[str, Scenario[Any]] = {}
        self.events = SessionEvents(self._lock, self._by_id)
        self._by_tag: dict[str, Scenario[Any]] = {}
        self._references: Counter[str] = Counter()
        self._revision = 0
        self._cache = cache or Cache(sys.maxsize)
        self._document: tuple[int, Kept[bytes]] | None = None

    def log(self, msg: str) -> None:
        """Report something, if there is a logger."""
        if self.logger is not None:
            self.logger.log(msg)

    @property
    def revision(self) -> int:
        """A number that grows with every change of a scenario, progress included."""
        return self._revision

    def get_by_id(self, scenario_id: str) -> Scenario[Any] | None:
        """Return a scenario, `None` when there is none of this id."""
        return self._by_id.get(scenario_id)

    def get_by_tag(self, tag: str) -> Scenario[Any] | None:
        """Return a scenario, `None` when there is none of this tag."""
        return self._by_tag.get(tag)

    def has_tag(self, tag: str) -> bool:
        """Tell whether there is a scenario of this tag."""
        return tag in self._by_tag

    def known(self, scenario_id: str) -> Scenario[Any]:
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

    def used_datasets(self) -> list[str]:
        """Return the keys of the datasets in use, once for each scenario."""
        return list(self._references.elements())

    def list_ids(self) -> list[str]:
        """Return the ids in order of creation."""
        return [scenario.id for scenario in self.list()]

    def list_tags(self) -> list[str]:
        """Return the tags in order of creation."""
        return [scenario.tag for scenario in self.list()]

    def states(self) -> list[tuple[Scenario[Any], ScenarioState]]:
        """Return the scenarios in order of creation, with their states at one moment."""
        with self._lock:
            return [(scenario, scenario.state) for scenario in self._by_id.values()]

    def as_bytes(self) -> bytes:
        """Return the array of all scenario objects as JSON; made once for each revision while there is room."""
        cached = self._document
        document = cached[1].peek() if cached is not None and cached[0] == self._revision else None
        if document is not None:
            return document
        with self._lock:
            revision = self._revision
            states = [(scenario, scenario.state) for scenario in self._by_id.values()]
        document = b"[" + b",".join([scenario.to_json_bytes(state) for scenario, state in states]) + b"]"
        kept: Kept[bytes] = Kept(self._cache)
        kept.put(document, len(document))
        self._document = (revision, kept)
        return document

    def add(self, scenario: Scenario[Any]) -> None:
        """Add a scenario, the latest in order of creation; one of the same id is replaced."""
        self.delete(scenario.id)
        self._by_id[scenario.id] = scenario
        self._by_tag[scenario.tag] = scenario
        self._references[scenario.input_data_key] += 1
        self._revision += 1
        self.events.scenario_changed(scenario.id)

    def delete(self, scenario_id: str) -> bool:
        """Take a scenario away.

        Returns:
            Whether there was one of this id.
        """
        scenario = self._by_id.pop(scenario_id, None)
        if scenario is None:
            return False
        if self._by_tag.get(scenario.tag) is scenario:
            del self._by_tag[scenario.tag]
        self._references[scenario.input_data_key] -= 1
        if not self._references[scenario.input_data_key]:
            del self._references[scenario.input_data_key]
        self._revision += 1
        self.events.scenario_deleted(scenario_id)
        return True

    def publish(self, scenario: Scenario[Any], state: ScenarioState) -> None:
        """Make a state the present one of a scenario."""
        scenario.publish(state)
        self._revision += 1
        self.events.scenario_changed(scenario.id)

    # Last, for its name hides the type's in what follows.
    def list(self) -> list[Scenario[Any]]:
        """Return the scenarios in order of creation."""
        with self._lock:
            return [*self._by_id.values()]
