"""The rows of the explorer in Chromium: its first paint, ten thousand scenarios, and how soon an end is drawn."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.benchmarks.bench import Bench, Row, fill, small_dataset
from tests.benchmarks.live import finished

SCENARIOS = 10_000
LONG_TASK_MS = 50
OBSERVED = (
    "window.tasks = []; new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map("
    "(entry) => entry.duration))).observe({type: 'longtask', buffered: true});"
)
SCROLLED = """async () => {
  const list = document.querySelector(".long");
  for (let frame = 0; frame < 120; frame += 1) {
    list.scrollTop = (list.scrollHeight * frame) / 120;
    await new Promise(requestAnimationFrame);
  }
}"""
DRAWN = """(id) => new Promise((resolve) => {
  const row = () => [...document.querySelectorAll(".long-row")].find((each) => each.querySelector(`a[href*="${id}"]`));
  const look = () => row()?.querySelector(".badge.complete") && (observer.disconnect(), resolve(Date.now() / 1000));
  const observer = new MutationObserver(look);
  observer.observe(document.body, {subtree: true, childList: true});
  look();
})"""


@contextmanager
def chromium() -> Iterator[Any]:
    """The machine's browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


def first_paint(bench: Bench) -> Row:
    """The page as it is seen first, with nothing kept from before."""
    row = Row("explorer: first paint")
    paints, sizes = [], []
    with bench.subject() as ours, chromium() as browser:
        for _ in range(4 * bench.repeat):
            context = browser.new_context()
            page = context.new_page()
            page.goto(f"{ours.url}/explorer")
            page.get_by_text("live", exact=True).wait_for()
            paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
            loaded = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            sizes.append(page.evaluate(f"{loaded}.reduce((sum, each) => sum + each.transferSize, 0)"))
            context.close()
    row.figures = {"ms": statistics.median(paints), "KB": max(sizes) / 1e3}
    row.goals = {"≤ 150 ms": row.figures["ms"] <= 150, "< 150 KB": row.figures["KB"] < 150}
    return row


def many_scenarios(bench: Bench) -> Row:
    """Ten thousand scenarios, listed and scrolled from end to end; then runs, watched in that list."""
    row = Row(f"explorer: {SCENARIOS:,} scenarios")
    with bench.subject() as ours, chromium() as browser, httpx.Client(timeout=60) as http:
        session = small_dataset(f"{ours.url}/api/v1/sessions")
        fill(session, SCENARIOS)
        page = browser.new_page()
        page.add_init_script(OBSERVED)
        page.goto(f"{ours.url}/explorer#/{session.rpartition('/')[2]}/scenarios")
        page.get_by_text(str(SCENARIOS), exact=True).wait_for()
        page.evaluate(SCROLLED)
        tasks = page.evaluate("window.tasks")
        page.evaluate("document.querySelector('.long').scrollTop = 0")
        delays = []
        for number in range(20 * bench.repeat):
            body = {"tag": f"drawn {number}", "dataset_key": "data", "algo_name": "Instant"}
            url = f"{session}/scenarios/{http.post(f'{session}/scenarios', json=body).json()['id']}"
            http.post(f"{url}/run").raise_for_status()
            drawn: float = page.evaluate(DRAWN, url.rpartition("/")[2])
            delays.append(drawn - finished(http.get(url).json()))
    row.figures = {
        "longest task ms": max(tasks, default=0.0),
        "end drawn after ms": statistics.median(delays) * 1e3,
        "at most ms": max(delays) * 1e3,
    }
    row.goals = {
        f"no task > {LONG_TASK_MS} ms": row.figures["longest task ms"] <= LONG_TASK_MS,
        "drawn ≤ 100 ms after the server knew": row.figures["end drawn after ms"] <= 100,
    }
    return row


ROWS: dict[str, Callable[[Bench], Row]] = {"first-paint": first_paint, "many-scenarios": many_scenarios}
