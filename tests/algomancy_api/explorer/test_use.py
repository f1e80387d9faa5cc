"""What people do in the explorer, and what may happen to them meanwhile."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount

from algomancy_api import ApiLauncher
from algomancy_api.client import AlgomancyClient
from algomancy_api.example import build_example_config
from tests.repository import MASTER_DATA

FILES = sorted((MASTER_DATA).iterdir())


def upload(page: Any, name: str, *files: Path) -> None:
    """Fill in the form of an upload, and send it."""
    page.get_by_label("Files").set_input_files(files)
    page.get_by_label("Name of the dataset").fill(name)
    page.get_by_role("button", name="Upload").click()


def run(page: Any, algorithm: str) -> None:
    """Create a scenario and watch it to its end."""
    page.get_by_label("Algorithm", exact=True).select_option(algorithm)
    page.get_by_role("group", name=f"Parameters of {algorithm}").wait_for()
    page.get_by_role("button", name="Create and run").click()
    panel = page.get_by_role("region", name="Scenario", exact=True)
    panel.get_by_role("heading", name=re.compile(f"^{algorithm} ")).wait_for()
    panel.get_by_text("complete", exact=True).wait_for()


def test_newcomer_sees_which_algorithm_is_better_and_why(url: str, explore: Callable[..., Any]) -> None:
    """Open, upload, run two algorithms, compare: by the words on the screen alone."""
    page = explore(url)
    page.get_by_role("link", name="Data").click()
    upload(page, "My data", *FILES)
    page.get_by_text("Dataset “My data” is there.").wait_for()
    page.get_by_role("link", name="items (200)").wait_for()
    page.get_by_role("link", name="Scenarios").click()
    page.get_by_text("New scenario").click()
    page.get_by_label("Dataset").select_option("My data")
    run(page, "Greedy slotting")
    run(page, "Random slotting")
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Compare").click()
    best = page.get_by_role("list", name="Which is best")
    best.wait_for()
    assert best.inner_text().splitlines() == [
        "Greedy slotting 1 is best in 2 of 3: Travel distance, Worst walk",
        "Random slotting 1 is best in 1 of 3: Zone balance",
    ]
    travel = page.locator("figure", has_text="Travel distance").inner_text()
    assert "lower is better" in travel
    assert re.search(r"\+\d+(\.\d)? % · worse", travel)
    for name, beginning in (("csv", b"KPI,Scenario,Value"), ("PNG", b"\x89PNG")):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Download {name}").click()
        assert download.value.suggested_filename == f"comparison.{name.lower()}"
        assert Path(download.value.path()).read_bytes().startswith(beginning)


def test_run_is_watched_to_its_end(url: str, client: AlgomancyClient, explore: Callable[..., Any]) -> None:
    """A bar moves while somebody else's run goes on; then its KPIs are there, without a reload or a poll."""
    scenario = client.create_scenario("watched", "Master data", "Slow", {"duration": 1})
    page = explore(url, f"/explorer#/main/scenarios?scenario={scenario.id}")
    panel = page.get_by_role("region", name="Scenario", exact=True)
    panel.get_by_text("created", exact=True).wait_for()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    client.run_scenario(scenario)
    panel.get_by_role("progressbar").wait_for()
    drawn = []
    while bars := page.evaluate("[...document.querySelectorAll('.content progress')].map((bar) => bar.value)"):
        drawn += bars
    assert drawn == sorted(drawn)
    assert len(set(drawn)) > 2
    panel.get_by_text("complete", exact=True).wait_for()
    assert re.search(r"Travel distance\s+[\d,]+ m", panel.inner_text())
    assert not any(each.endswith("/status") for each in asked)
    assert len(asked) < 10


def test_run_is_stopped_and_reset(url: str, client: AlgomancyClient, explore: Callable[..., Any]) -> None:
    """What destroys is confirmed; the reason of a failure is told."""
    client.run_scenario(client.create_scenario("long", "Master data", "Slow", {"duration": 60}))
    page = explore(url)
    page.get_by_role("link", name="long").click()
    panel = page.get_by_role("region", name="Scenario", exact=True)
    panel.get_by_role("button", name="Cancel").click()
    panel.get_by_text("Cancelled", exact=True).wait_for()
    panel.get_by_role("button", name="Reset").click()
    page.get_by_role("dialog").get_by_role("button", name="Reset").click()
    panel.get_by_role("button", name="Run").wait_for()
    panel.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert len(client.list_scenario_summaries()) == 1
    panel.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_text("No scenario yet").wait_for()
    assert client.list_scenario_summaries() == []


def test_failed_upload_says_what_to_mend(
    url: str, client: AlgomancyClient, explore: Callable[..., Any], problems: Any, tmp_path: Path
) -> None:
    """By file, row and column where the data is wrong, as a sentence where the files are; and nothing is stored."""
    broken = tmp_path / "items.csv"
    right, *others = sorted(FILES, key=lambda file: file.name != broken.name)
    broken.write_text(right.read_text("utf-8").replace(";0.1;", ";heavy;", 1), "utf-8")
    page = explore(url, "/explorer#/main/data")
    upload(page, "Broken", broken, *others)
    page.get_by_text("“Broken” was not stored: nothing has changed").wait_for()
    row = page.get_by_role("group", name="Messages").get_by_role("row", name=re.compile("heavy"))
    assert [cell.inner_text() for cell in row.get_by_role("cell").all()][:4] == ["error", "items", "2", "weight_kg"]
    upload(page, "Half", broken)
    page.get_by_role("status").get_by_text(re.compile("missing")).wait_for()
    assert page.get_by_text("“Broken” was not stored").count() == 0
    assert client.list_datasets().keys == ["Master data"]
    assert [each for each in problems.said if "400" not in each] == []
    problems.said.clear()


def test_restart_of_the_server_is_lived_through(
    make_config: Callable[..., Any], serve_at: Callable[..., Any], explore: Callable[..., Any], problems: Any
) -> None:
    """The page says that there is no connection, and goes on when there is: nothing to be reloaded."""
    with ExitStack() as life:
        url = life.enter_context(serve_at(ApiLauncher.build(make_config())))
        page = explore(url)
        page.get_by_text("live", exact=True).wait_for()
    page.get_by_text("no connection").wait_for()
    with serve_at(ApiLauncher.build(make_config()), int(url.rpartition(":")[2])), AlgomancyClient(url) as client:
        scenario = client.create_scenario("after it", "Master data", "Greedy slotting")
        page.get_by_text("live", exact=True).wait_for()
        page.get_by_role("link", name="after it").wait_for()
        client.run_scenario(scenario)
        page.get_by_role("listitem").get_by_text("complete").wait_for()
    assert all("ERR_" in each for each in problems.said)
    problems.said.clear()


def test_reload_loses_nothing(url: str, client: AlgomancyClient, explore: Callable[..., Any]) -> None:
    """Session, view, scenario, filter, ticks, table, page and order stand in the address."""
    greedy = client.run_and_wait("Greedy slotting", "Master data", tag="greedy")
    client.run_and_wait("Slow", "Master data", tag="slow")
    page = explore(url)
    page.get_by_label("Compare slow").check()
    page.get_by_label("Filter scenarios").fill("greedy")
    page.get_by_text("1 of 2").wait_for()
    page.get_by_role("link", name="greedy").click()
    page.get_by_role("heading", name="greedy").wait_for()
    page.reload()
    page.get_by_role("heading", name="greedy").wait_for()
    assert page.get_by_label("Filter scenarios").input_value() == "greedy"
    page.get_by_role("link", name="Compare 1").wait_for()
    assert f"scenario={greedy.id}" in page.url
    page.goto(page.url.replace("/scenarios?", "/data?key=Master+data&x="))
    page.get_by_role("link", name="locations (100)").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="zone").click()
    page.get_by_role("columnheader", name="zone").wait_for()
    before = page.get_by_role("group", name="Table locations").inner_text()
    page.reload()
    page.get_by_role("row").nth(1).wait_for()
    assert page.get_by_role("group", name="Table locations").inner_text() == before
    page.go_back()
    page.get_by_role("spinbutton", name="Page").wait_for()
    assert page.get_by_role("spinbutton", name="Page").input_value() == "2"


def test_sessions_are_made_copied_renamed_and_deleted(
    url: str, client: AlgomancyClient, explore: Callable[..., Any]
) -> None:
    """Each in a dialog; the page goes where the work goes on."""
    page = explore(url, "/explorer#/main/sessions")

    def answer(button: str, name: str | None, action: str) -> None:
        page.get_by_role("button", name=button).first.click()
        dialog = page.get_by_role("dialog")
        if name is not None:
            dialog.get_by_label("Name").fill(name)
        dialog.get_by_role("button", name=action).click()
        page.get_by_role("dialog").wait_for(state="detached")

    answer("Copy", "a copy", "Copy")
    page.get_by_text("“a copy” is a copy of “main”.").wait_for()
    page.get_by_role("link", name="Sessions").click()
    answer("Rename", "renamed", "Rename")
    page.get_by_text("“main” is now “renamed”.").wait_for()
    answer("Delete", None, "Delete")
    page.get_by_text("Session “renamed” is deleted.").wait_for()
    assert [each.display_name for each in client.list_sessions().sessions] == ["a copy"]


def test_token_is_asked_for(serve: Callable[[Any], str], explore: Callable[..., Any], problems: Any) -> None:
    """Once in a tab, and it is not in the curl lines."""
    url = serve(ApiLauncher.build(build_example_config(api_token="s3cret", executor="threads")))
    page = explore(url)
    page.get_by_label("Bearer token").fill("s3cret")
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("live", exact=True).wait_for()
    page.reload()
    page.get_by_text("live", exact=True).wait_for()
    page.get_by_text("Show requests").click()
    lines = page.get_by_role("complementary", name="Requests").inner_text()
    assert "Authorization: Bearer $ALGOMANCY_TOKEN" in lines
    assert "s3cret" not in lines
    assert all("401" in each for each in problems.said)
    problems.said.clear()


def test_page_of_one_server_works_on_another(serve: Callable[[Any], str], explore: Callable[..., Any]) -> None:
    """With `?api=`, where the other allows the origin; below a mount, too."""
    mounted = Starlette(routes=[Mount("/inner", ApiLauncher.build(build_example_config()))])
    page_url = serve(mounted)
    api = serve(ApiLauncher.build(build_example_config(cors_origins=[page_url], title="Far away", executor="threads")))
    page = explore(page_url, f"/inner/explorer?api={api}/api/v1")
    page.get_by_role("heading", name="Far away").wait_for()
    page.get_by_text("New scenario").click()
    run(page, "Greedy slotting")
    page.goto(f"{page_url}/inner/")
    page.get_by_role("heading", name="Warehouse slotting").wait_for()
    page.get_by_text("live", exact=True).wait_for()


def test_requests_can_be_typed_again(url: str, explore: Callable[..., Any], client: AlgomancyClient) -> None:
    """A click is shown as the curl line that does the same."""
    client.create_scenario('it\'s "one"', "Master data", "Greedy slotting")
    page = explore(url, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Show requests").click()
    line = page.get_by_role("complementary", name="Requests").locator("li", has_text="/run")
    line.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(rf"curl -X POST '{url}/api/v1/sessions/[^/]+/scenarios/[^/]+/run'", copied)


def test_files_are_dropped(url: str, client: AlgomancyClient, explore: Callable[..., Any]) -> None:
    """What is dragged onto the form is what the dialog would have given; one file names the dataset."""
    page = explore(url, "/explorer#/main/data")
    form = page.locator("form.drop")
    files = [(each.name, base64.b64encode(each.read_bytes()).decode()) for each in FILES]
    dragged = page.evaluate_handle(
        """(files) => {
          const dragged = new DataTransfer();
          for (const [name, content] of files) {
            dragged.items.add(new File([Uint8Array.from(atob(content), (each) => each.charCodeAt(0))], name));
          }
          return dragged;
        }""",
        files,
    )
    form.dispatch_event("dragover", {"dataTransfer": dragged})
    form.dispatch_event("drop", {"dataTransfer": dragged})
    form.get_by_text("items.csv, locations.json, planning.xlsx").wait_for()
    page.get_by_label("Name of the dataset").fill("Dropped")
    page.keyboard.press("Enter")
    page.get_by_text("Dataset “Dropped” is there.").wait_for()
    assert client.list_datasets().keys == ["Master data", "Dropped"]


def test_form_has_a_field_for_every_type(url: str, client: AlgomancyClient, explore: Callable[..., Any]) -> None:
    """All eight, with their limits; what they hold at first is what the server would take, and a change is taken."""
    described = client.get_algorithm_parameters("Parameter showcase").parameters
    page = explore(url, timezone_id="America/New_York")
    page.get_by_text("New scenario").click()
    page.get_by_label("Algorithm", exact=True).select_option("Parameter showcase")
    group = page.get_by_role("group", name="Parameters of Parameter showcase")
    group.wait_for()
    assert group.locator(".field").count() == len(described)
    page.get_by_label("Tag").fill("as described")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("heading", name="as described").wait_for()
    (scenario,) = client.list_scenarios()
    taken = scenario.algorithm.parameters
    by_default = client.create_scenario("by default", "Master data", "Parameter showcase").algorithm.parameters
    assert {each.name: taken[each.name] for each in described} == by_default
    page.get_by_label("note").fill("")
    page.get_by_label("note").fill("second")
    page.get_by_label("pickers").fill("7")
    page.get_by_label("walking_speed").fill("0.75")
    page.get_by_label("night_shift").check()
    page.get_by_label("strategy").select_option("balanced")
    page.get_by_label("Zone C").check()
    page.get_by_label("start").fill("2025-01-02T03:04:05")
    page.get_by_label("period", exact=True).fill("2025-01-02T00:00:00")
    page.get_by_label("period, end").fill("2025-02-03T04:05:00")
    page.get_by_label("Tag").fill("changed")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("heading", name="changed").wait_for()
    assert client.list_scenarios()[-1].algorithm.parameters == {
        "note": "second",
        "pickers": 7,
        "walking_speed": 0.75,
        "night_shift": True,
        "strategy": "balanced",
        "zones": ["Zone A", "Zone C"],
        "start": "2025-01-02T03:04:05",
        "period": ["2025-01-02T00:00:00", "2025-02-03T04:05:00"],
    }
    page.get_by_label("pickers").fill("21")
    page.get_by_role("button", name="Create", exact=True).click()
    assert page.get_by_label("pickers").evaluate("(input) => input.validity.rangeOverflow")
    assert len(client.list_scenarios()) == 3


def test_server_without_events_is_asked(
    serve: Callable[[Any], str], explore: Callable[..., Any], problems: Any
) -> None:
    """Every second, so that a run is seen to end all the same."""
    app = ApiLauncher.build(build_example_config(executor="threads"))

    async def without_events(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path", "").endswith("/events"):
            await JSONResponse({"detail": "This server does not offer that."}, 404)(scope, receive, send)
        else:
            await app(scope, receive, send)

    page = explore(serve(without_events))
    page.get_by_text("New scenario").click()
    run(page, "Greedy slotting")
    page.get_by_role("listitem").get_by_text("complete").wait_for()
    assert all("404" in each for each in problems.said)
    problems.said.clear()
