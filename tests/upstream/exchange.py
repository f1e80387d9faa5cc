"""Writes a project's data folder with the packages that are installed, or tells what they find in one.

`python exchange.py write|read PROJECT FOLDER` prints sessions, keys and tables as JSON; the state is in FOLDER/state.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

from observe import load_project, open_sessions, tables_of, write_files


def write(project: Any, folder: Path) -> Any:
    """Load the project's datasets into two sessions and keep them; return the sessions."""
    sessions = open_sessions(project, folder, has_persistent_state=True, save_type="json")
    first = sessions.get_scenario_manager(sessions.start_session_id)
    second = sessions.get_scenario_manager(sessions.create_new_session("Zweite, größere"))
    for manager in (first, second):
        for key, files in project.FILES.items():
            with contextlib.suppress(Exception):  # What cannot be loaded is not there to be kept.
                manager.etl_data(write_files(files, folder / "raw" / key), key)
    first.derive_data(first.get_data_keys()[0], "derived")
    for manager in (first, second):
        for key in manager.get_data_keys():
            manager.store_data_as_json(key)
    return sessions


def told(sessions: Any) -> dict[str, Any]:
    """Return the sessions by id: name, and each dataset's id, kind and tables."""
    facts = {}
    for session in sessions.list_sessions():
        manager = sessions.get_scenario_manager(session["id"])
        sources = {key: manager.get_data(key) for key in sorted(manager.get_data_keys())}
        facts[session["id"]] = {
            "name": session["display_name"],
            "datasets": {
                key: {"id": source.id, "is master": source.is_master_data(), "tables": tables_of(source)}
                for key, source in sources.items()
            },
        }
        manager.shutdown_processing()
    return facts


def main(action: str, name: str, folder: Path) -> None:
    """Print what was written, or what is found. What the packages print themselves is swallowed."""
    project = load_project(name)
    with contextlib.redirect_stdout(io.StringIO()):
        if action == "write":
            facts = told(write(project, folder))
        else:
            facts = told(open_sessions(project, folder, has_persistent_state=True, save_type="json"))
    print(json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
