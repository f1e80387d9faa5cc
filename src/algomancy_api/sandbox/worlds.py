"""The worlds of a sandbox, and the backend that is the current one's."""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING, Any

from algomancy_api.backend_calls import WorkerPool
from algomancy_api.errors import ConflictError, NotFoundError
from algomancy_api.http.names import shown
from algomancy_api.sandbox.backend import steerable_backend
from algomancy_api.sandbox.fixtures import Fixtures
from algomancy_api.sandbox.middleware import current_world
from algomancy_api.sandbox.models import NewWorld
from algomancy_api.sandbox.world import DEFAULT, World

if TYPE_CHECKING:
    from algomancy_api.api_configuration import ApiConfiguration

MAX_WORLDS = 1_000


class Worlds:
    """The worlds by name; all methods may be called from any thread.

    Args:
        config: The configuration of them all.

    Attributes:
        calls: Where what steers is called: not among the threads of the routes, which an advance waits for.
    """

    def __init__(self, config: ApiConfiguration) -> None:
        self.calls = WorkerPool("algomancy-sandbox", 64)
        self.backend = steerable_backend()
        self.fixtures = Fixtures(config, self.backend)
        self._config = config
        self._changing = threading.Lock()
        self._worlds: dict[str, World] = {}

    def find(self, name: str) -> World | None:
        """Return a world that a request is for, if there is one of this name."""
        world = self._worlds.get(name)
        if world is not None:
            world.used = time.monotonic()
        return world

    def known(self, name: str) -> World:
        """Return a world.

        Raises:
            NotFoundError: There is none of this name.
        """
        world = self.find(name)
        if world is None:
            raise NotFoundError(f"There is no world {shown(name)}.")
        return world

    def all(self) -> list[World]:
        """Return the worlds, oldest first."""
        self._drop_expired()
        return list(self._worlds.values())

    def create(self, wanted: NewWorld) -> World:
        """Make a world.

        Raises:
            NotFoundError: There is no such fixture.
            ConflictError: The name is taken, or there are too many worlds.
            InvalidRequestError: The fixture breaks a rule.
        """
        self._drop_expired()
        name = wanted.name or f"w-{secrets.token_hex(4)}"
        given = wanted.fixture
        fixture, state = (
            (given, self.fixtures.get(given)) if isinstance(given, str) else ("custom", self.fixtures.of(given))
        )
        self._refuse(name)
        ttl = None if name == DEFAULT else wanted.idle_ttl
        world = World(
            self._config, self.backend, name, fixture, state, wanted.seed, wanted.clock, wanted.start, idle_ttl=ttl
        )
        try:
            with self._changing:
                self._refuse(name)
                self._worlds[name] = world
        except ConflictError:
            world.close()
            raise
        return world

    def drop(self, name: str) -> None:
        """Drop a world.

        Raises:
            NotFoundError: There is none of this name.
            ConflictError: It is the default one, which can be reset only.
        """
        if name == DEFAULT:
            raise ConflictError("The default world cannot be dropped; reset it.")
        with self._changing:
            world = self._worlds.pop(name, None)
        if world is None:
            raise NotFoundError(f"There is no world {shown(name)}.")
        world.close()

    def close(self) -> None:
        """Drop all worlds."""
        with self._changing:
            worlds = list(self._worlds.values())
        for world in worlds:
            world.close()

    def _refuse(self, name: str) -> None:
        if name in self._worlds:
            raise ConflictError(f"Another world is named {shown(name)}.")
        if len(self._worlds) >= MAX_WORLDS:
            raise ConflictError(f"There are {MAX_WORLDS:,} worlds already; drop some.")

    def _drop_expired(self) -> None:
        with self._changing:
            expired = [self._worlds.pop(each.name) for each in list(self._worlds.values()) if each.expired]
        for world in expired:
            world.close()


class CurrentWorld:
    """The backend of all worlds' routes: the sessions of the world that a request is for.

    So the worlds share one application, with its routes and its document.

    Args:
        worlds: The worlds.
    """

    nonblocking = True

    def __init__(self, worlds: Worlds) -> None:
        self._worlds = worlds

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a member of a `SessionManager`
        return getattr(current_world.get(self._worlds.known(DEFAULT)).sessions, name)

    def close(self) -> None:
        """Drop all worlds."""
        self._worlds.close()
