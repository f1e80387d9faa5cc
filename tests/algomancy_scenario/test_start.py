"""Starting is quick, for nothing heavy is imported before a table is touched."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from algomancy_scenario import SessionManager
from tests.algomancy_scenario.scenario_project import WAIT, payload
from tests.repository import ROOT

START = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.algomancy_scenario.scenario_project import config
from algomancy_scenario import SessionManager
sessions = SessionManager.from_config(config(has_persistent_state=True, data_path=sys.argv[2]))
manager = sessions.get_scenario_manager("main")
print(manager.get_data_keys(), manager.list_tags(), len(manager.get_data_as_bytes("data")) > 100)
manager.create_scenario("new", "data", "Instant")
sessions.close()
print(sorted({"pandas", "numpy", "openpyxl", "cloudpickle"} & set(sys.modules)))
"""


def test_start_on_a_full_folder_imports_nothing_heavy(
    open_sessions: Callable[..., SessionManager], tmp_path: Path
) -> None:
    """Sessions, datasets and results are served, and scenarios created, without a heavy import."""
    sessions = open_sessions(has_persistent_state=True, data_path=tmp_path)
    manager = sessions.get_scenario_manager("main")
    manager.add_datasource_from_json(payload("data"))
    manager.process_scenario_async(manager.create_scenario("done", "data", "Instant"))
    assert manager.wait_for_processing(WAIT)
    sessions.close()
    command = [sys.executable, "-c", START, str(ROOT), str(tmp_path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert output == "['data'] ['done'] True\n[]\n"
