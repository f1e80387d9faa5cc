"""The page on architecture draws the way of a request: the server goes that way."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from starlette.testclient import TestClient

import algomancy_scenario
from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from tests.repository import MASTER_DATA, ROOT

SOURCES = Path(algomancy_scenario.__file__).parents[1]
MAIN = "/api/v1/sessions/main"


def looked_up() -> list[tuple[str, list[Path], list[str]]]:
    """Each question on the page, with the files and the names that answer it."""
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    section = page.partition("## Where things are")[2].partition("\n## ")[0]
    _, _, *rows = re.findall(r"^\| (.*) \|$", section, re.MULTILINE)
    found = []
    for row in rows:
        question, answer = row.split(" | ", 1)
        quoted = re.findall(r"`([^`]*)`", answer)
        files = [(ROOT if path.startswith("conformance/") else SOURCES) / path for path in quoted if "/" in path]
        found.append((question, files, [name for name in quoted if "/" not in name]))
    return found


def drawn() -> list[list[str]]:
    """The files of each walk on the page, in order."""
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    walks = re.findall(r"^``` \{ \.text \.walk \}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return [[line.split()[0] for line in walk.splitlines() if line[0] != " "] for walk in walks]


@contextmanager
def visited() -> Iterator[dict[str, None]]:
    """The files of this project whose functions are called meanwhile, in whatever thread, in order."""
    files: dict[str, None] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(str(SOURCES)):
            files[str(Path(name).relative_to(SOURCES))] = None

    before = threading.getprofile()
    threading.setprofile(note)
    try:
        yield files
    finally:
        threading.setprofile(before)


def upload(http: TestClient) -> None:
    """Load the example's files."""
    files = [("files", (path.name, path.read_bytes())) for path in sorted(MASTER_DATA.iterdir())]
    assert http.post(f"{MAIN}/etl", data={"dataset_name": "new"}, files=files).json()["success"]


def create(http: TestClient) -> None:
    """Create a scenario."""
    body = {"tag": "new", "dataset_key": "Master data", "algo_name": "Greedy slotting"}
    http.post(f"{MAIN}/scenarios", json=body).raise_for_status()


def run(http: TestClient) -> None:
    """Create a scenario, run it and see it complete."""
    create(http)
    (scenario,) = http.get(f"{MAIN}/scenarios").json()
    http.post(f"{MAIN}/scenarios/{scenario['id']}/run").raise_for_status()
    headers = {"If-None-Match": '"none"', "Prefer": "wait=20"}
    while True:
        status = http.get(f"{MAIN}/scenarios/{scenario['id']}/status", headers=headers)
        headers["If-None-Match"] = status.headers.get("etag", "")
        if status.status_code == 200 and status.json()["status"] in ("complete", "failed"):
            break
    assert status.json()["status"] == "complete"


def test_question_on_the_page_is_answered_where_it_says() -> None:
    """Each file that the page names for a question is there, and one of them defines each name to look for."""
    questions = looked_up()
    assert len(questions) > 10
    for question, files, names in questions:
        assert files, question
        assert [file for file in files if not file.exists()] == [], question
        text = "".join(file.read_text("utf-8") for file in files if file.suffix == ".py")
        defined = re.findall(r"^ *(?:def|class) (\w+)|^([A-Z_]+)\b.* = ", text, re.MULTILINE)
        assert {*names} <= {name for names in defined for name in names}, question


@pytest.mark.parametrize(("number", "act"), [(0, upload), (1, create), (2, run)], ids=["upload", "create", "run"])
def test_walk_on_the_page_is_the_way_of_the_request(number: int, act: Callable[[TestClient], None]) -> None:
    """Each file that the page names is there and visited, in the order of the page."""
    walk = drawn()[number]
    config = build_example_config()
    config.executor = "threads"
    # The server's threads are watched from their start: it begins meanwhile.
    with visited() as files, TestClient(ApiLauncher.build(config)) as http:
        files.clear()
        act(http)
        order = list(files)
    assert [file for file in walk if not (SOURCES / file).is_file()] == []
    assert [file for file in order if file in walk] == walk
