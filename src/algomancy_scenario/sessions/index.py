"""Which sessions there are: by id, by name, and which is the default."""

from __future__ import annotations

import threading

from algomancy_scenario.sessions.building import Session
from algomancy_utils import TakenError, UnknownSessionError

FIRST_NAME = "main"
"""The name of the session that a server starts with."""


class SessionIndex:
    """Dictionaries of sessions, in order of creation; any thread may look something up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_id: dict[str, Session] = {}
        self._ids_by_name: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def default(self) -> str:
        """The id of the default session: the one named `main`, or the oldest; the same on every server of a state."""
        with self._lock:
            return self._ids_by_name.get(FIRST_NAME) or next(iter(self._by_id), "")

    def all(self) -> list[Session]:
        """Return the sessions in order of creation."""
        with self._lock:
            return list(self._by_id.values())

    def get(self, session_id: str) -> Session | None:
        """Return the session of this id, `None` when there is none."""
        return self._by_id.get(session_id)

    def id_of_name(self, display_name: str) -> str | None:
        """Return the id of the session of this name, `None` when there is none."""
        return self._ids_by_name.get(display_name)

    def find(self, id_or_name: str) -> Session | None:
        """Return the session of this id or, second, this name, `None` when there is none."""
        session = self._by_id.get(id_or_name)
        if session is None:
            session_id = self._ids_by_name.get(id_or_name)
            session = None if session_id is None else self._by_id.get(session_id)
        return session

    def known(self, id_or_name: str) -> Session:
        """Return the session of this id or, second, this name.

        Raises:
            UnknownSessionError: There is none.
        """
        session = self.find(id_or_name)
        if session is None:
            raise unknown(id_or_name)
        return session

    def refuse_if_taken(self, display_name: str) -> None:
        """Raise `TakenError` if a session has this name."""
        if display_name in self._ids_by_name:
            raise TakenError(f"Another session is named '{display_name}' already.")

    def replace(self, old: Session | None, new: Session | None) -> None:
        """Take one session away and add another, at the same moment."""
        with self._lock:
            if old is not None:
                del self._by_id[old.id]
                if self._ids_by_name.get(old.display_name) == old.id:
                    del self._ids_by_name[old.display_name]
            if new is not None:
                self._by_id[new.id] = new
                self._ids_by_name[new.display_name] = new.id

    def rename(self, session: Session, display_name: str) -> None:
        """Give a session another name."""
        with self._lock:
            if self._ids_by_name.get(session.display_name) == session.id:
                del self._ids_by_name[session.display_name]
            session.display_name = display_name
            self._ids_by_name[display_name] = session.id


def unknown(id_or_name: str) -> UnknownSessionError:
    """Return the error that there is no such session."""
    return UnknownSessionError(f"Session '{id_or_name}' does not exist.")
