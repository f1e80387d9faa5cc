"""A frontend's own tests, end to end: each in a world of its own, so that they may run at the same time.

Start `algomancy-api sandbox --cors-origin '*'`, then `pytest example/frontend`. It takes Chromium, and
`pip install pytest playwright`. The page is served here as your development server would serve yours.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sandbox import World


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests: the machine's own Chromium, or the one that Playwright has installed."""
    with sync_playwright() as playwright:
        own = shutil.which("chromium") or shutil.which("chromium-browser")
        yield playwright.chromium.launch(executable_path=own, args=["--no-sandbox"])


@pytest.fixture
def world() -> Iterator[World]:
    """A world under a manual clock, the same each time, with one scenario that has not run."""
    with World.create(fixture="empty", seed=1) as world:
        dataset = {"metadata": {"id": "d", "name": "Orders", "type": "master_data"}, "tables": {}}
        world.api("POST", "/sessions/main/data/from-json", dataset)
        scenario = {"tag": "Monday", "dataset_key": "Orders", "algo_name": "Greedy slotting"}
        world.api("POST", "/sessions/main/scenarios", scenario)
        yield world


@pytest.fixture(scope="module")
def frontend() -> Iterator[str]:
    """The address of the frontend."""
    serve_files = partial(SimpleHTTPRequestHandler, directory=str(Path(__file__).parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve_files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/page.html"
        server.shutdown()


@pytest.fixture
def opened(browser: Browser, frontend: str, world: World) -> Callable[[], Page]:
    """Opens the frontend as a person has it before them; its server is the world."""

    def open_page() -> Page:
        page = browser.new_page()
        page.goto(f"{frontend}?api={world.base_url}")
        return page

    return open_page


def test_failing_run_is_told(opened: Callable[[], Page], world: World, tmp_path: Path) -> None:
    """Half-way the bar is at half; then the reason is shown, in the same pixels each time."""
    world.script("Monday", duration=60, outcome="fail", fail_at=80, error="No truck is free on Monday.")
    shots = []
    for _ in range(2):
        page = opened()
        page.get_by_label("run Monday").click()
        expect(page.get_by_text("processing 0 %")).to_be_visible()
        world.advance(30)
        expect(page.get_by_text("processing 50 %")).to_be_visible()
        world.advance(18)
        expect(page.get_by_text("No truck is free on Monday.")).to_be_visible()
        shots.append(page.screenshot(path=tmp_path / "failed.png", animations="disabled"))
        page.close()
        (scenario,) = world.api("GET", "/sessions/main/scenarios")
        world.api("POST", f"/sessions/main/scenarios/{scenario['id']}/reset")
    assert shots[0] == shots[1]


def test_server_that_is_away_is_told_and_waited_for(opened: Callable[[], Page], world: World) -> None:
    """What a person sees while the server answers 503, and that it goes when the server is back."""
    page = opened()
    fault = world.fault(operation="list_scenarios", status=503, detail="The server is being updated.")
    expect(page.get_by_role("alert")).to_have_text("Trying again: The server is being updated.")
    world.steer("DELETE", f"/faults/{fault}")
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.get_by_text("created 0 %")).to_be_visible()
    statuses = {each["status"] for each in world.requests(operation="list_scenarios")}
    assert statuses - {304} == {200, 503}, "304 says that nothing has changed since the page last asked"


def test_worlds_side_by_side_never_meet() -> None:
    """Ten tests at the same time, each with a run of the same name that ends in its own way."""

    def play(number: int) -> tuple[str, str]:
        with World.create(fixture="demo", seed=number) as world:
            world.script("mine", duration=number + 1, outcome="fail", error=f"As told to world {number}.")
            body = {"tag": "mine", "dataset_key": "Master data", "algo_name": "Slow"}
            path = f"/sessions/main/scenarios/{world.api('POST', '/sessions/main/scenarios', body)['id']}"
            world.api("POST", f"{path}/run")
            world.advance(number + 1)
            return world.api("GET", path)["error"], world.api("GET", path)["finished_at"]

    with ThreadPoolExecutor(10) as pool:
        played = list(pool.map(play, range(10)))
    assert played == [(f"As told to world {n}.", f"2026-01-05T08:00:{n + 1:02}Z") for n in range(10)]
