"""What can only be seen with Algomancy's own packages: `make upstream` names an interpreter that has them.

The interpreter in the variable `ALGOMANCY_PYTHON` has `algomancy-api` of this repository and Algomancy's packages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from differential import PROJECTS, observe, observed

from tests.distributions.snippets import run_seed_snippets

FOLDER = Path(__file__).parent
THEIRS = os.environ.get("ALGOMANCY_PYTHON", "")
OURS = sys.executable
WITH_DATA = [project for project in PROJECTS if project != "units"]

pytestmark = pytest.mark.skipif(not THEIRS, reason="Algomancy's own packages are not here; `make upstream` gets them")


def test_surface_is_what_algomancy_shows() -> None:
    """The names and signatures that ours are compared with are those of the packages."""
    assert _printed(THEIRS, "surface.py") == ""


@pytest.mark.parametrize("project", PROJECTS)
def test_observation_is_what_algomancy_gives(project: str) -> None:
    """What ours is compared with is what the packages give today."""
    assert observe(project, THEIRS) == observed(project)


@pytest.mark.parametrize("project", WITH_DATA)
@pytest.mark.parametrize(
    ("writer", "reader"), [(THEIRS, OURS), (OURS, THEIRS)], ids=["theirs to ours", "ours to theirs"]
)
def test_folder_of_one_make_opens_on_the_other(project: str, writer: str, reader: str, tmp_path: Path) -> None:
    """Sessions, ids, names, datasets and every table are found again, and no file that was there is changed."""
    written = _facts(writer, "write", project, tmp_path)
    main = next(file.parent for file in (tmp_path / "state").rglob("meta.json") if '"main"' in file.read_text("utf-8"))
    (main / "scenarios.json").write_text('[{"tag": "kept by another program"}]', encoding="utf-8")
    (main / "notes.txt").write_text("keep", encoding="utf-8")
    before = _users_files(tmp_path)
    found = _facts(reader, "read", project, tmp_path)
    after = _users_files(tmp_path)
    assert found == written
    assert {path: after.get(path) for path in before} == before


def test_seed_snippets_run_on_algomancys_packages(tmp_path: Path) -> None:
    """With `algomancy-api` and Algomancy's packages alone the README's two snippets end in `complete`."""
    scenario = run_seed_snippets([THEIRS], os.environ, tmp_path)
    assert scenario["status"] == "complete"
    assert [type(kpi["value"]) for kpi in scenario["kpis"].values()] == [float] * 3


def _users_files(folder: Path) -> dict[str, bytes]:
    """Return every file but those in hidden folders, where a server keeps what is its own."""
    files = {file.relative_to(folder): file for file in folder.rglob("*") if file.is_file()}
    return {
        str(path): file.read_bytes()
        for path, file in files.items()
        if not any(part.startswith(".") for part in path.parts)
    }


def _facts(python: str, action: str, project: str, folder: Path) -> Any:
    """Return what one make tells of a folder; how finely it counts instants may differ."""
    text = _printed(python, "exchange.py", action, project, str(folder))
    return json.loads(text.replace("datetime64[ns]", "datetime64[us]"))


def _printed(python: str, script: str, *arguments: str) -> str:
    done = subprocess.run([python, str(FOLDER / script), *arguments], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()
