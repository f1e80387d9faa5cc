"""What a user gets who installs the wheel and nothing else of this repository."""

from __future__ import annotations

import ast
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PUBLISHED = "127.0.0.1:8051"
PYTHON = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
(SERVE,) = [block for block in PYTHON if "build_example_config())" in block]
(POLL,) = [block for block in PYTHON if "while True:" in block]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which the packages come from the built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheel = ["wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([*pip, *wheel], check=True, timeout=100)
    (file,) = folder.glob("*.whl")
    target = ["install", "--no-index", "--no-deps", "--target", str(folder / "site"), str(file)]
    subprocess.run([*pip, *target], check=True, timeout=100)
    return {**os.environ, "PYTHONPATH": str(folder / "site")}


def test_wheel_holds_every_package_and_the_sample_data(installed: dict[str, str], tmp_path: Path) -> None:
    """The five packages come from the wheel, and the example's files and the published document are in it."""
    code = (
        "import algomancy_utils as u, algomancy_data as d, algomancy_scenario as s, algomancy_api as a, "
        "algomancy_conformance as c; print([m.__path__[0] for m in (u, d, s, a, c)])"
    )
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, env=installed, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    folders = [Path(folder) for folder in ast.literal_eval(printed)]
    assert {str(folder.parent) for folder in folders} == {installed["PYTHONPATH"]}
    suffixes = {file.suffix for file in (folders[3] / "example").rglob("*") if file.is_file()}
    assert {".csv", ".json", ".xlsx"} <= suffixes
    assert (folders[4] / "openapi.json").is_file()
    assert all((folder / "py.typed").is_file() for folder in folders)


def test_seed_snippets_run_from_an_empty_folder(installed: dict[str, str], tmp_path: Path) -> None:
    """The two snippets, run as scripts without a `__main__` guard, end in `complete` with three KPI numbers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = SERVE.replace("build_example_config()", f"build_example_config(port={port})")
    server = subprocess.Popen([sys.executable, "-c", serve], env=installed, cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=12)) as http:
            assert http.get(f"http://127.0.0.1:{port}/health", timeout=30).status_code == 200
        poll = POLL.replace(PUBLISHED, f"127.0.0.1:{port}").replace('"duration": 5', '"duration": 1')
        command = [sys.executable, "-c", poll]
        polled = subprocess.run(command, env=installed, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    finally:
        server.terminate()
        server.wait(10)
    assert polled.returncode == 0, polled.stderr
    scenario = ast.literal_eval(polled.stdout)
    assert scenario["status"] == "complete"
    assert [type(kpi["value"]) for kpi in scenario["kpis"].values()] == [float] * 3
    assert list(tmp_path.iterdir()) == []
