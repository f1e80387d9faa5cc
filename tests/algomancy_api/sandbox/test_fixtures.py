"""Fixtures: those that come with the sandbox, and a team's own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from algomancy_api import ApiConfiguration, ApiLauncher
from algomancy_api.example import build_example_config
from algomancy_api.sandbox.fixtures import Fixtures, line_of
from algomancy_api.sandbox.worlds import Worlds
from algomancy_api.schemas import Scenario

DATASET = {
    "metadata": {"id": "d", "name": "data", "type": "master_data"},
    "tables": {"items": {"data": [{"id": 1}], "columns": ["id"], "index": [0]}},
}


def fixture(**scenario: Any) -> dict[str, Any]:
    """A fixture with one scenario."""
    described = {"tag": "one", "input_data_key": "data", "algorithm": {"name": "Greedy slotting"}, **scenario}
    return {"sessions": [{"display_name": "main", "datasets": [DATASET], "scenarios": [described]}]}


def test_demo_is_what_the_configuration_can_do(make_world: Callable[..., Any]) -> None:
    """Each algorithm ran once on the data that a new server starts with."""
    world = make_world(fixture="demo")
    listed = [Scenario(**each) for each in world.api("GET", "/sessions/main/scenarios").json()]
    assert [each.algorithm.name for each in listed] == world.api("GET", "/sessions/main/algorithms").json()[
        "algorithms"
    ]
    assert {each.status.value for each in listed} == {"complete", "failed"}


def test_every_status_is_there(make_world: Callable[..., Any]) -> None:
    """A scenario in each, the failed one with a long message, the queued one behind the one that is processing."""
    world = make_world(fixture="every-status")
    listed = {each["tag"]: each for each in world.api("GET", "/sessions/main/scenarios").json()}
    assert {tag: each["status"] for tag, each in listed.items()} == {tag: tag for tag in listed}
    assert set(listed) == {"created", "queued", "processing", "complete", "failed"}
    assert listed["processing"]["progress"] == 40
    assert len(listed["failed"]["error"]) > 1_000
    world.advance(51_839)
    assert (world.statuses()["processing"], world.statuses()["queued"]) == ("processing", "queued")
    world.advance(1)
    assert (world.statuses()["processing"], world.statuses()["queued"]) == ("complete", "complete")


def test_crowded_is_what_it_says(make_world: Callable[..., Any]) -> None:
    """100 sessions with 100 scenarios each, every one of which can be read."""
    world = make_world(fixture="crowded")
    sessions = world.api("GET", "/sessions").json()["sessions"]
    assert len(sessions) == 100
    counted: Counter[str] = Counter()
    for session in sessions[::25]:
        listed = world.api("GET", f"/sessions/{session['id']}/scenarios").json()
        assert len(listed) == 100
        counted += Counter(Scenario(**each).status.value for each in listed)
    assert counted == {"complete": 200, "created": 100, "failed": 100}


def test_awkward_is_all_a_screen_must_bear(make_world: Callable[..., Any]) -> None:
    """The longest tags and names, right to left, markup, values of every size, no thresholds, 200 columns."""
    world = make_world(fixture="awkward")
    listed = [Scenario(**each) for each in world.api("GET", "/sessions/main/scenarios").json()]
    tags = [each.tag for each in listed]
    assert max(map(len, tags)) == 255
    assert any("<script>" in tag for tag in tags)
    assert any("مستودع" in tag for tag in tags)
    kpis = [kpi for each in listed for kpi in each.kpis.values() if each.status == "complete"]
    assert {0.0, 1e15} <= {kpi.value for kpi in kpis}
    assert {kpi.threshold for kpi in kpis} == {None}
    (key,) = world.api("GET", "/sessions/main/data").json()["keys"]
    dataset = world.api("GET", f"/sessions/main/data/{key}").json()
    assert len(dataset["tables"]["items"]["columns"]) == 200
    assert len(world.api("GET", "/sessions").json()["sessions"]) == 6


def test_own_fixture_is_what_a_world_shows(make_world: Callable[..., Any]) -> None:
    """Members that are left out have their defaults; scripts come with it; what the API shows is one, too."""
    own = fixture(status="processing")
    own["sessions"][0]["scenarios"] += [
        {**own["sessions"][0]["scenarios"][0], "tag": "waits", "status": "queued"},
        {
            **own["sessions"][0]["scenarios"][0],
            "tag": "done",
            "status": "complete",
            "kpis": {"Travel distance": 1, "Zone balance": {"value": 2}, "Worst walk": {"value": 3, "threshold": 4}},
            "result": {"a": 1},
        },
    ]
    own["runs"] = {"one": {"duration": 10, "elapsed": 5}}
    world = make_world(fixture=own)
    assert world.made["fixture"] == "custom"
    one, waits, done = world.api("GET", "/sessions/main/scenarios").json()
    assert (one["status"], one["progress"], waits["status"]) == ("processing", 50, "queued")
    assert {name: (kpi["value"], kpi["threshold"]) for name, kpi in done["kpis"].items()} == {
        "Travel distance": (1, None),
        "Zone balance": (2, None),
        "Worst walk": (3, 4),
    }
    data = world.api("GET", "/sessions/main/data/data").json()
    shown = {"sessions": [{"display_name": "main", "datasets": [data], "scenarios": [one, waits, done]}]}
    again = make_world(fixture=shown)
    assert again.api("GET", "/sessions/main/scenarios").json()[2] == done


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        (fixture(tag=" "), "Field 'sessions.0.scenarios.0.tag' must not be blank"),
        (fixture(status="done"), "Field 'sessions.0.scenarios.0.status' must be 'created', 'queued'"),
        (fixture(input_data_key="x"), "Field 'sessions.0.scenarios.0.input_data_key': The session has no dataset 'x'."),
        (
            fixture(algorithm={"name": "x"}),
            "Field 'sessions.0.scenarios.0.algorithm.name': Algorithm 'x' does not exist",
        ),
        (
            fixture(algorithm={"name": "Slow", "parameters": {"duration": 999}}),
            "Field 'sessions.0.scenarios.0.algorithm.parameters': Parameter 'duration' must be at most 60",
        ),
        (fixture(status="failed"), "scenarios.0.error': A scenario that failed needs an error."),
        (fixture(status="complete"), "scenarios.0.result': A scenario that is complete needs a result"),
        (fixture(status="complete", result={}), "scenarios.0.kpis': A scenario that is complete needs a value for KPI"),
        (
            fixture(status="complete", result={}, kpis={"Joy": 1}),
            "scenarios.0.kpis.Joy': KPI 'Joy' is unknown; known are: 'Travel distance'",
        ),
        ({"sessions": [{"display_name": "a"}, {"display_name": "a"}]}, "sessions.1.display_name': Another session has"),
        (
            {"sessions": [{"display_name": "a", "datasets": [DATASET, DATASET]}]},
            "sessions.0.datasets.1': Another dataset of the session has the key 'data'.",
        ),
        ({"sessions": [{"display_name": "a", "datasets": [{}]}]}, "sessions.0.datasets.0': The dataset cannot be read"),
        ({**fixture(), "more": 1}, "Field 'more' is unknown."),
        ({**fixture(), "runs": {"x": {"duration": -1}}}, "Field 'runs.x.duration' must be at least 0"),
    ],
    ids=lambda value: value[-40:] if isinstance(value, str) else "",
)
def test_own_fixture_that_breaks_a_rule_is_refused_whole(
    sandbox: TestClient, tmp_path: Path, own: dict[str, Any], sentence: str
) -> None:
    """Sent along, with the place in it; in a file, with its line too."""
    answer = sandbox.post("/sandbox/worlds", json={"name": "broken", "fixture": own})
    assert answer.status_code == 422
    sent = answer.json()["detail"].replace("fixture.", "", 1)
    assert sentence in sent
    assert sandbox.get("/sandbox/worlds/broken").status_code == 404
    file = tmp_path / "own.json"
    file.write_text(json.dumps(own, indent=2), encoding="utf-8")
    with pytest.raises(ValueError, match=r"Fixture '.*own\.json', line \d+: ") as told:
        ApiLauncher.build_sandbox(build_example_config(), file)
    assert sentence in str(told.value)


def test_line_of_a_place_is_found() -> None:
    """Of members and items however deep; of what there is not, the line of what holds it; of what is no JSON, where."""
    text = b'{"a": [1,\n {"b": "x,]}\\"", "c":\n [true,\n  null]}],\n"d": {}}'
    for location, line in [
        ((), 1),
        (("a",), 1),
        (("a", 0), 1),
        (("a", 1), 2),
        (("a", 1, "b"), 2),
        (("a", 1, "c"), 3),
        (("a", 1, "c", 1), 4),
        (("a", 7), 1),
        (("d",), 5),
        (("d", "e"), 5),
        (("a", "x"), 1),
        (("a", 0, 0), 1),
    ]:
        assert line_of(text, location) == line, location
    assert line_of(b'{"a":\n\n oops}', None) == 3


def test_fixture_of_a_file_has_the_files_name(tmp_path: Path) -> None:
    """The default world begins with it, and other worlds may; a name that is none is told with those there are."""
    file = tmp_path / "our-case.json"
    file.write_text(json.dumps(fixture()), encoding="utf-8")
    http = TestClient(ApiLauncher.build_sandbox(build_example_config(), str(file)))
    assert http.get("/sandbox/worlds/default").json()["fixture"] == "our-case"
    assert "our-case" in http.get("/sandbox/fixtures").json()["fixtures"]
    assert http.post("/sandbox/worlds", json={"fixture": "our-case"}).status_code == 201
    for wrong, sentence in (
        ("dmo", "There is no fixture 'dmo': take one of empty, demo"),
        ("no.json", "cannot be read: No"),
    ):
        with pytest.raises(ValueError, match=sentence):
            ApiLauncher.build_sandbox(build_example_config(), wrong)


def test_fixtures_suit_a_project_without_data(make_configuration: Callable[..., ApiConfiguration]) -> None:
    """Where there is no algorithm those that need one say so; the others are there."""
    config = make_configuration()
    http = TestClient(ApiLauncher.build_sandbox(config))
    assert http.post("/sandbox/worlds", json={"fixture": "empty"}).status_code == 201
    refused = http.post("/sandbox/worlds", json={"fixture": "crowded"})
    assert (refused.status_code, "needs an algorithm" in refused.json()["detail"]) == (409, True)
    algorithms, kpis = build_example_config().algorithms, build_example_config().kpis
    own = make_configuration(algorithms={"Slow": algorithms["Slow"]}, kpis=kpis)
    http = TestClient(ApiLauncher.build_sandbox(own, "every-status"))
    assert len(http.get("/api/v1/sessions/main/scenarios").json()) == 5


def test_fixture_is_made_once(sandbox: TestClient) -> None:
    """Worlds share what never changes."""
    app: Any = sandbox.app
    worlds: Worlds = app.state.worlds
    fixtures: Fixtures = worlds.fixtures
    assert fixtures.get("awkward") is fixtures.get("awkward")


def test_own_fixture_may_hold_as_much_as_a_dataset(make_world: Callable[..., Any], sandbox: TestClient) -> None:
    """Sent along it is bounded by the size of datasets, not of names and parameters."""
    rows = 150_000
    large = {"data": [{"id": 1}] * rows, "columns": ["id"], "index": list(range(rows))}
    own = fixture()
    own["sessions"][0]["datasets"] = [{**DATASET, "tables": {"items": large}}]
    world = make_world(fixture=own)
    assert len(world.api("GET", "/sessions/main/data/data").json()["tables"]["items"]["data"]) == rows


def test_fixture_is_all_there_is_at_the_start() -> None:
    """Where scenarios are created automatically, that begins with the first dataset that is added."""
    config = build_example_config(autocreate=True)
    http = TestClient(ApiLauncher.build_sandbox(config))
    http.post("/sandbox/worlds", json={"name": "a", "fixture": fixture()})
    path = "/worlds/a/api/v1/sessions/main"
    assert [each["tag"] for each in http.get(f"{path}/scenarios").json()] == ["one"]
    http.post(f"{path}/data/data/derive", json={"new_key": "more"})
    assert [each["tag"] for each in http.get(f"{path}/scenarios").json()] == ["one", "more [auto]"]
    http.post("/worlds/a/api/v1/sessions", json={"display_name": "new"})
    http.post("/worlds/a/api/v1/sessions/new/data/from-json", json=DATASET)
    assert [each["tag"] for each in http.get("/worlds/a/api/v1/sessions/new/scenarios").json()] == ["data [auto]"]
