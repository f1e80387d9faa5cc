"""The scripts of `example/` run, as a reader would run them, against a live server."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.repository import ROOT

SCRIPTS = ROOT / "example"


def run_script(name: str, *arguments: str) -> str:
    """What a script prints when it is run to its end."""
    command: list[str | Path] = [sys.executable, SCRIPTS / name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def serving(name: str, *arguments: str) -> Iterator[str]:
    """Run a script that serves on a free port; gives the URL it says it listens on."""
    command: list[str | Path] = [sys.executable, SCRIPTS / name, "--port", "0", *arguments]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout is not None
    overdue = threading.Timer(60, server.kill)
    overdue.start()
    printed = ""
    try:
        for line in server.stdout:
            printed += line
            if found := re.search(r"http://127\.0\.0\.1:[1-9]\d*", line):
                yield found.group()
                break
        else:
            pytest.fail(f"{name} did not say where it listens: {printed}")
    finally:
        overdue.cancel()
        server.terminate()
        server.communicate(timeout=30)


KPI_VALUES = re.compile(r"{'Travel distance': \d+\.\d+, 'Zone balance': \d+\.\d+, 'Worst walk': \d+\.\d+}")


def test_poll_shows_progress_and_kpis(example_url: str) -> None:
    """While a scenario runs its progress is printed; it ends complete, with three numbers."""
    *progress, last, values = run_script("poll.py", "--url", example_url, "--duration", "1").splitlines()
    assert any(re.fullmatch(r" *processing +\d+\.\d %", line) for line in progress)
    assert last.split() == ["complete", "100.0", "%"]
    assert KPI_VALUES.fullmatch(values)


def test_poll_with_client_shows_kpis(example_url: str) -> None:
    """The client comes to the same numbers."""
    assert KPI_VALUES.fullmatch(run_script("poll.py", "--url", example_url, "--duration", "1", "--client").strip())


def test_etl_upload_compares_algorithms(example_url: str) -> None:
    """The table shows a shorter distance for greedy slotting, and the session made for it is gone."""
    printed = run_script("etl_upload.py", "--url", example_url)
    assert "Uploaded items.csv, locations.json, planning.xlsx as 'Spring'." in printed
    assert "['Spring', 'Spring, variant']" in printed
    row = re.search(r"Travel distance +([\d.]+) m +([\d.]+) m", printed)
    assert row is not None
    assert float(row[2]) < float(row[1])
    sessions = httpx.get(f"{example_url}/api/v1/sessions").json()["sessions"]
    assert [session["display_name"] for session in sessions] == ["main"]


def test_etl_upload_reports_failure(example_url: str) -> None:
    """Without a server the script fails rather than pretend."""
    command: list[str | Path] = [sys.executable, SCRIPTS / "etl_upload.py", "--url", example_url + "/nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0


def test_serve_serves_example(tmp_path: Path) -> None:
    """The server started by the script has the sample dataset, and its folder holds the state."""
    with serving("serve.py", "--data-path", str(tmp_path / "state")) as url:
        assert httpx.get(f"{url}/health").json()["title"] == "Warehouse slotting"
        assert httpx.get(f"{url}/api/v1/sessions/main/data").json() == {"keys": ["Master data"]}
    assert list((tmp_path / "state").rglob("meta.json"))


def test_own_backend_serves_scripts() -> None:
    """The other scripts cannot tell the backend of dictionaries from the real one."""
    with serving("own_backend.py") as url:
        assert "complete 100.0 %" in run_script("poll.py", "--url", url, "--duration", "1")
        assert "Travel distance" in run_script("etl_upload.py", "--url", url)


@pytest.mark.timeout(300)
def test_own_backend_conforms() -> None:
    """The backend of dictionaries keeps every clause that binds all backends."""
    kit = Path(sys.executable).with_name("algomancy-conformance")
    options = ["--profile", "seed", "--level", "must", "--examples", "1", "--seed", "1"]
    with serving("own_backend.py") as url:
        done = subprocess.run([kit, "run", url, *options], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout


def test_own_backend_is_small() -> None:
    """The second backend stays below 250 lines, and does without the managers of the first."""
    text = (SCRIPTS / "own_backend.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 250
    assert not re.search(r"ScenarioManager|SessionManager|DataManager", text)
