"""Makes a backend of any make keep the contract: each call is checked first, each reply put right.

`backend_calls` wraps a backend that does not say `nonblocking` in `CheckedBackend`; nothing else imports from here.
Here are its sessions. `scenarios` holds one lock per session; `values` puts what goes in and out right.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from algomancy_api.backend import SessionBackend
from algomancy_api.checked.scenarios import CheckedScenarios
from algomancy_api.errors import ConflictError, NotFoundError
from algomancy_api.http.names import file_at, shown, split_file_name


class CheckedBackend:
    """A `CompleteSessionBackend` in front of any backend. Its methods may wait: call them in a thread.

    One lock guards the list of sessions, another one each session. So no two requests to this server pass a check at
    the same time, whatever the backend does with simultaneous calls.

    Args:
        backend: The backend.
    """

    def __init__(self, backend: SessionBackend) -> None:
        self._backend = backend
        self._write = threading.Lock()
        self._opened: dict[str, CheckedScenarios] = {}

    @property
    def start_session_id(self) -> str:
        """Id of the session to start with: the backend's choice, or the first where that is gone (contract SES-8)."""
        ids = [each["id"] for each in self._backend.list_sessions()]
        start = self._backend.start_session_id
        return start if start in ids else ids[0]

    def list_sessions(self) -> list[dict[str, str]]:
        """Return `{id, display_name}` of each session."""
        return [{"id": each["id"], "display_name": each["display_name"]} for each in self._backend.list_sessions()]

    def get_display_name(self, session_id: str) -> str:
        """Return the name of a session.

        Raises:
            NotFoundError: There is none of this id.
        """
        for each in self.list_sessions():
            if each["id"] == session_id:
                return each["display_name"]
        raise NotFoundError(f"Session {shown(session_id)} does not exist.")

    def open_session(self, id_or_name: str) -> tuple[str, CheckedScenarios]:
        """Return the id and the scenarios of the session with this id or, second, this name (contract SES-9).

        Raises:
            NotFoundError: There is none.
        """
        listed = self.list_sessions()
        for member in ("id", "display_name"):
            for each in listed:
                if each[member] == id_or_name:
                    return each["id"], self._scenarios_of(each["id"])
        raise NotFoundError(f"Session {shown(id_or_name)} does not exist.")

    def create_new_session(self, display_name: str) -> str:
        """Create an empty session and return its id.

        Raises:
            ConflictError: The name is taken.
        """
        with self._write:
            self._require_free(display_name)
            return self._backend.create_new_session(display_name)

    def copy_session(self, session_id: str, new_display_name: str) -> str:
        """Copy a session and return the copy's id.

        Raises:
            NotFoundError: There is no such session.
            ConflictError: The name is taken.
        """
        with self._write:
            self.get_display_name(session_id)
            self._require_free(new_display_name)
            return self._backend.copy_session(session_id, new_display_name)

    def rename_session(self, session_id: str, display_name: str) -> None:
        """Give a session another name, or the one it has.

        Raises:
            NotFoundError: There is no such session.
            ConflictError: The name is taken.
        """
        with self._write:
            if self.get_display_name(session_id) != display_name:
                self._require_free(display_name)
                self._backend.rename_session(session_id, display_name)

    def delete_session(self, session_id: str) -> None:
        """Delete a session with all that is in it.

        Raises:
            NotFoundError: There is no such session.
        """
        with self._write:
            self.get_display_name(session_id)
            self._backend.delete_session(session_id)
            self._opened.pop(session_id, None)

    def add_initial_data(self, folder: Path) -> None:
        """Make a dataset of each sub-folder of raw files, in the first session and where that has none yet.

        Args:
            folder: What the configuration calls `initial_data_path`; it is only read.

        Raises:
            ValueError: The files of a sub-folder are no dataset.
        """
        _, session = self.open_session(self.start_session_id)
        if session.get_data_keys():
            return
        for each in sorted(path for path in folder.iterdir() if path.is_dir()):
            files = {}
            for path in sorted(path for path in each.iterdir() if path.is_file()):
                stem, extension = split_file_name(path.name)
                files[stem] = file_at(path, stem, extension, path.name)
            result = session.etl_data(files, each.name)
            if not result.is_success:
                found = "; ".join(message.message for message in getattr(result, "messages", ()))
                raise ValueError(f"The files of '{each}' are no dataset: {found}")

    def count_runs(self) -> dict[str, Any]:
        """Count the runs of all sessions, where the backend does.

        Raises:
            NotFoundError: It does not.
        """
        count = getattr(self._backend, "count_runs", None)
        if not callable(count):
            raise NotFoundError("This backend does not offer that.")
        counted: dict[str, Any] = count()
        return counted

    def close(self) -> None:
        """Close the backend or, where it cannot be closed, stop the processing of every session."""
        close = getattr(self._backend, "close", None)
        if callable(close):
            close()
            return
        for each in self.list_sessions():
            stop = getattr(self._backend.get_scenario_manager(each["id"]), "shutdown_processing", None)
            if callable(stop):
                stop()

    def end_helpers(self) -> None:
        """End the processes that the backend has started, if it has a method for that."""
        end = getattr(self._backend, "end_helpers", None)
        if callable(end):
            end()

    def _scenarios_of(self, session_id: str) -> CheckedScenarios:
        manager = self._backend.get_scenario_manager(session_id)
        opened = self._opened.get(session_id)
        if opened is None or opened.backend is not manager:
            # Of two threads that get here together both use the lock of the one that came first.
            fresh = CheckedScenarios(manager)
            opened = self._opened.setdefault(session_id, fresh)
            if opened.backend is not manager:
                opened = self._opened[session_id] = fresh
        return opened

    def _require_free(self, name: str) -> None:
        if any(each["display_name"] == name for each in self.list_sessions()):
            raise ConflictError(f"A session named {shown(name)} exists already.")
