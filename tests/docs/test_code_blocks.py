"""Every code block of a hand-written page works, typed in by someone who starts with an empty folder."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from algomancy_api.client import AlgomancyClient
from tests.docs.code_blocks import Block, Reader, blocks_of
from tests.repository import MASTER_DATA, ROOT

pytestmark = pytest.mark.timeout(300)
"""A page starts a dozen programs, one after another: on a busy machine that takes a while."""

PAGES_WITHOUT_A_TEST_OF_THEIR_OWN = ["crashing_solver", "concepts", "guarantees", "architecture", "backend", "deploy"]
GUIDE = ["index", "tutorial", "frontend", "sandbox", *PAGES_WITHOUT_A_TEST_OF_THEIR_OWN]


@pytest.mark.parametrize("page", GUIDE)
def test_blocks_are_narrow_enough_to_read(page: str) -> None:
    """In a window of 1,280 pixels no line of code or drawing runs out of its block, which holds 80 characters."""
    lines = (ROOT / "docs" / f"{page}.md").read_text("utf-8").split("```")[1::2]
    assert [line for block in lines for line in block.splitlines()[1:] if len(line) > 80] == []


def test_files_named_on_the_pages_are_there() -> None:
    """Whoever reads that a test or a module proves something finds it."""
    pages = [
        *(ROOT / "docs").glob("*.md"),
        ROOT / "CONTRIBUTING.md",
        ROOT / "README.md",
        ROOT / "conformance/README.md",
    ]
    named = {
        path for page in pages for path in re.findall(r"`((?:tests|src|conformance|docs)/[\w./-]+)`", page.read_text())
    }
    tests = {name for page in pages for name in re.findall(r"`(test_\w+\.py)`", page.read_text("utf-8"))}
    assert len(named) > 20
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
    assert sorted(tests - {path.name for path in (ROOT / "tests").rglob("test_*.py")}) == []


def follow_all(page: str, reader: Reader) -> None:
    """Follow every block of a page."""
    for block in blocks_of(page):
        reader.follow(block)


def give_notice(reader: Reader) -> None:
    """Skip with the list of what could not be tried here, if there is any."""
    if reader.left_out:
        pytest.skip(f"all blocks ran but these: {'; '.join(reader.left_out)}")


def test_start_page_works_as_typed(tmp_path: Path) -> None:
    """`make demo`, two runs and the client end in KPI numbers, and the named addresses answer."""
    with Reader.at_work(tmp_path / "algomancy") as reader:
        reader.folder = reader.project
        follow_all("index", reader)
        slow, greedy, compared, client, uploaded = reader.printed
        for path in ("", "docs", "health", "openapi.json"):
            address = f"http://127.0.0.1:{reader.port}/{path}"
            assert httpx.get(address, follow_redirects=True).status_code == 200
    for kpi in ("Travel distance", "Zone balance", "Worst walk"):
        assert kpi in slow
        assert kpi in greedy
        assert kpi in compared
        assert kpi in client
    assert "met *" in compared
    assert uploaded.splitlines()[-1] == "Stored 'My data'."


def test_tutorial_leads_from_an_empty_folder_to_a_complete_scenario(tmp_path: Path) -> None:
    """Block by block, in order: two complete scenarios, tours as long as the page says, and a refused upload."""
    with Reader.at_work(tmp_path / "empty") as reader:
        follow_all("tutorial", reader)
        base = f"http://127.0.0.1:{reader.port}/api/v1/sessions/main"
        plain, turned = httpx.get(f"{base}/scenarios").json()
        keys = httpx.get(f"{base}/data").json()["keys"]
    assert (plain["tag"], plain["status"]) == ("plain", "complete")
    assert (turned["tag"], turned["status"]) == ("turned", "complete")
    first, second = (f"{one['kpis']['Tour length']['value']:.1f} km" for one in (plain, turned))
    page = (ROOT / "docs/tutorial.md").read_text("utf-8")
    assert f"The first tour is {first} long" in page
    assert f"The second is {second}." in page
    assert keys == ["Monday"]
    refusal = reader.printed[-1]
    assert "Depot" in refusal
    assert "four" in refusal


def test_frontend_page_works_as_typed(tmp_path: Path) -> None:
    """The programs run under Node against the servers that the page starts; types are generated from one."""
    with Reader.at_work(tmp_path / "frontend") as reader:
        for sample in MASTER_DATA.iterdir():
            shutil.copy(sample, reader.folder)
        follow_all("frontend", reader)
    said = "".join(reader.printed)
    assert "asked for complete" in said
    assert re.search("scenario .*tag='told' status=<RunStatus.COMPLETE", said)
    if shutil.which("node"):
        assert "complete 100 %" in said
        assert "Travel distance" in said
        assert "tag: 'waited for',\n  status: 'complete',\n  progress: 100" in said
        assert '<input type="number" name="duration" value="1" min="1" max="60">' in said
        assert "true [" in said
    give_notice(reader)


def test_page_of_another_origin_is_told_what_happens(
    tmp_path: Path, serve: Callable[[Any], str], open_page: Callable[..., Any]
) -> None:
    """The page with an `EventSource`, on the origin that the server was started for, shows a run to its end."""
    blocks = blocks_of("frontend")
    with Reader.at_work(tmp_path / "frontend") as reader:
        reader.follow(next(block for block in blocks if block.title == "events.html"))
        origin = serve(Starlette(routes=[Mount("/", StaticFiles(directory=reader.folder))]))
        start = next(block for block in blocks if block.starts_a_server)
        reader.follow(replace(start, text=start.text.replace("http://localhost:5173", origin)))
        page = open_page()
        page.goto(f"{origin}/events.html")
        with AlgomancyClient(f"http://127.0.0.1:{reader.port}") as client:
            scenario = client.create_scenario("far away", "Master data", "Slow")
            page.get_by_text("far away: created").wait_for()
            client.run_scenario(scenario)
            page.get_by_text("far away: processing").wait_for()
            page.get_by_text("far away: complete").wait_for()


def test_sandbox_recipes_work_as_typed(tmp_path: Path) -> None:
    """Ten recipes for Node and one for Python, each of which checks what it says."""
    recipes = [block for block in blocks_of("sandbox") if block.language == "js"]
    assert len(recipes) == 10
    assert all("assert" in recipe.text for recipe in recipes)
    with Reader.at_work(tmp_path / "sandbox") as reader:
        for helper in ("sandbox.mjs", "sandbox.py"):
            shutil.copy(ROOT / "example" / "frontend" / helper, reader.folder)
        reader.environment["ALGOMANCY_SANDBOX"] = f"http://127.0.0.1:{reader.port}"
        follow_all("sandbox", reader)
    give_notice(reader)


def test_polling_program_survives_a_restart(tmp_path: Path) -> None:
    """The server is killed and started again while the program polls; the run ends complete, and the program with 0."""
    if shutil.which("node") is None:
        pytest.skip("Node is not installed: the polling program is not run")
    blocks = {block.title: block for block in blocks_of("frontend")}
    server = Block("sh", "first terminal", "algomancy-api serve --port 8051 --data-path state")
    with Reader.at_work(tmp_path / "frontend") as reader:
        for name in ("algomancy.mjs", "poll.mjs"):
            text = blocks[name].text.replace("8051", reader.port).replace("duration: 1", "duration: 3")
            (reader.folder / name).write_text(text, encoding="utf-8")
        reader.follow(server)
        command = ["node", "poll.mjs"]
        with subprocess.Popen(command, cwd=reader.folder, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            said = []
            for line in program.stdout:
                said.append(line.strip())
                if line.startswith("processing"):
                    break
            reader.follow(server)  # ends the one that runs by SIGKILL
            said += [line.strip() for line in program.stdout]
        assert program.returncode == 0
    assert "complete 100 %" in said
    assert said[-1].startswith("Worst walk")


@pytest.mark.parametrize("page", PAGES_WITHOUT_A_TEST_OF_THEIR_OWN)
def test_page_blocks_work_as_typed(page: str, tmp_path: Path) -> None:
    """Each block of the other pages runs too."""
    with Reader.at_work(tmp_path / page) as reader:
        reader.environment["ALGOMANCY_TOKEN"] = "a-token-of-this-test"  # where a page reads one
        follow_all(page, reader)
    give_notice(reader)


def test_reader_notices_a_block_that_does_not_run(tmp_path: Path) -> None:
    """A program that raises, a command that fails and an output that differs are failures of the page."""
    with Reader.at_work(tmp_path / "broken") as reader:
        reader.follow(Block("sh", "", "echo one"))
        for language, text in (("python", "raise SystemExit(1)"), ("sh", "false"), ("cobol", ""), ("text", "two")):
            with pytest.raises(AssertionError):
                reader.follow(Block(language, "", text))
