"""Each view of the explorer, in both schemes and three widths, and what keeps people out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from algomancy_api import ApiLauncher
from algomancy_api.client import AlgomancyClient
from algomancy_api.example import build_example_config

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="Axe is not installed")

WIDTHS = (390, 1280, 1920)


@pytest.fixture(scope="module")
def filled(serve_module: Callable[[Any], str]) -> Iterator[tuple[str, dict[str, str]]]:
    """A server with scenarios in every state, and the address of each view of them."""
    url = serve_module(ApiLauncher.build(build_example_config(executor="threads")))
    with AlgomancyClient(url) as client:
        greedy = client.run_and_wait("Greedy slotting", "Master data", tag="greedy")
        random = client.run_and_wait("Random slotting", "Master data", tag="random")
        client.create_scenario("not yet run", "Master data", "Slow")
        running, _ = [
            client.run_scenario(client.create_scenario(tag, "Master data", "Slow", {"duration": 60}))
            for tag in ("running", "a queued one with a rather long name, as people give them")
        ]
        empty = client.create_session("empty").sessions[-1].id
        yield (
            url,
            {
                "scenarios": "main/scenarios",
                "scenario": f"main/scenarios?scenario={greedy.id}",
                "running": f"main/scenarios?filter=running&scenario={running.id}",
                "compare": f"main/compare?ids={greedy.id},{random.id}",
                "data": "main/data?key=Master+data&table=locations&sort=-zone&page=2",
                "sessions": "main/sessions",
                "no scenarios": f"{empty}/scenarios",
                "no data": f"{empty}/data",
                "nothing to compare": f"{empty}/compare",
            },
        )


VIEWS = {
    "scenarios": "Choose a scenario",
    "scenario": "moved_items",
    "running": "Made of",
    "compare": "greedy is best in 2 of 3",
    "data": "of 2",
    "sessions": "A session is a workspace",
    "no scenarios": "There is nothing to plan with",
    "no data": "Drop csv, json or xlsx files on the left",
    "nothing to compare": "No scenario has a result",
}
"""What each view says once it is there."""


@pytest.mark.parametrize("view", VIEWS)
def test_view_fits_and_keeps_nobody_out(
    view: str, filled: tuple[str, dict[str, str]], explore: Callable[..., Any]
) -> None:
    """It says what it has to, is never wider than the window, and axe finds nothing, its forms and folds open too."""
    url, addresses = filled
    page = explore(url, f"/explorer#/{addresses[view]}")
    page.get_by_text(VIEWS[view]).first.wait_for()
    if view == "scenarios":
        page.get_by_text("New scenario").click()
        page.get_by_label("duration").wait_for()
    page.get_by_text("Show requests").click()
    assert faults(page) == {}


def faults(page: Any, schemes: tuple[str, ...] = ("dark", "light")) -> dict[str, Any]:
    """How wide a page is where that is more than the window, and what axe has found in each scheme."""
    found: dict[str, Any] = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            found[f"{width} pixels"] = wide
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        for each in axe.Axe().run(page).response["violations"]:
            found[f"{each['id']}, {scheme}"] = [node["html"] for node in each["nodes"]]
    return found


def test_awkward_names_and_values_fit(serve: Callable[[Any], str], explore: Callable[..., Any]) -> None:
    """Texts without spaces, in all scripts, with markup; numbers of any size; two hundred columns; long errors."""
    url = serve(ApiLauncher.build_sandbox(build_example_config(), fixture="awkward"))
    with AlgomancyClient(url) as client:
        scenarios = client.list_scenarios()
        (key,) = client.list_datasets().keys
        names = [each.display_name for each in client.list_sessions().sessions]
    failed = next(each for each in scenarios if each.status == "failed")
    page = explore(url, "/explorer#/main/scenarios")
    page.get_by_role("listitem").nth(len(scenarios) - 1).wait_for()
    shown = page.locator(".long-row a.name").evaluate_all("links => links.map((link) => link.firstChild.data)")
    assert shown == [each.tag for each in reversed(scenarios)]
    ids = ",".join(each.id for each in scenarios[:-1])
    views = {
        "scenarios": page.get_by_text("Choose a scenario"),
        f"scenarios?scenario={failed.id}": page.locator(".card.failed"),
        f"scenarios?scenario={scenarios[2].id}": page.get_by_text("Result", exact=True),
        f"compare?ids={ids}": page.get_by_text("Download csv"),
        f"data?{urlencode({'key': key})}": page.get_by_text("of 1", exact=True),
        "sessions": page.get_by_role("listitem").nth(len(names) - 1),
    }
    found = {}
    for view, seen in views.items():
        page.goto(f"{url}/explorer#/main/{view}")
        seen.wait_for()
        found[view] = faults(page, schemes=("light",))
    assert not any(found.values()), found


def test_crowded_server_is_found_through(serve: Callable[[Any], str], explore: Callable[..., Any]) -> None:
    """A hundred sessions with a hundred scenarios each."""
    url = serve(ApiLauncher.build_sandbox(build_example_config(), fixture="crowded"))
    page = explore(url, "/explorer#/main/sessions")
    page.get_by_role("link", name="Team 99").wait_for()
    assert faults(page, schemes=()) == {}
    page.get_by_role("combobox", name="Session").select_option(label="Team 42")
    page.get_by_role("link", name="Scenarios", exact=True).click()
    page.get_by_role("link", name="Plan 42-99").wait_for()
    page.get_by_label("Filter scenarios").fill("42-07")
    page.get_by_text("1 of 100").wait_for()
    assert page.locator(".long-row").count() == 1


def test_page_can_be_used_with_the_keyboard_alone(
    url: str, explore: Callable[..., Any], client: AlgomancyClient
) -> None:
    """From the address bar to a run: what has the focus is marked, and dialogs give it back."""
    page = explore(url)
    page.get_by_text("New scenario").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    for key in ("Tab", "Enter"):
        page.keyboard.press(key)
    page.get_by_label("duration").wait_for()
    page.get_by_label("Tag").focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Control+A")
    page.keyboard.type("by hand")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="by hand").wait_for()
    page.get_by_role("button", name="Delete").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent") == "Delete"
    assert [each.tag for each in client.list_scenario_summaries()] == ["by hand"]
