"""Worlds: each a server of its own, that goes back to what it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from algomancy_api.sandbox.worlds import MAX_WORLDS


def test_world_is_a_server_of_its_own(make_world: Callable[..., Any], sandbox: TestClient) -> None:
    """What is made in one world is in no other, nor in the default one; each document leads back to its world."""
    one, other = make_world(), make_world()
    one.scenario("only here")
    assert "only here" in one.statuses()
    assert "only here" not in other.statuses()
    assert sandbox.get("/api/v1/sessions/main/scenarios").json() == []
    document = sandbox.get(one.base.replace("/api/v1", "/openapi.json")).json()
    assert document["servers"][0]["url"] == one.base.replace("/api/v1", "")
    made = one.api("POST", "/sessions", {"display_name": "new"})
    assert made.headers["location"].startswith(f"{one.base}/sessions/")


def test_default_world_is_the_api_itself(sandbox: TestClient) -> None:
    """Without a world in its path a request is for the one that is always there."""
    assert sandbox.get("/sandbox/worlds/default").json()["base_url"] == "http://testserver/api/v1"
    assert sandbox.get("/api/v1/sessions").json()["sessions"][0]["display_name"] == "main"
    assert sandbox.delete("/sandbox/worlds/default").json()["detail"].startswith("The default world cannot be dropped")


def test_seeded_worlds_are_alike(make_world: Callable[..., Any]) -> None:
    """The same requests give the same ids, times and progress, to the byte, in another world and after a reset."""

    def play(world: Any) -> list[str]:
        world.steer("PUT", "/runs/mine", duration=10)
        said = [world.api("POST", "/sessions", {"display_name": "new"}).text]
        scenario = world.scenario()
        world.run(scenario)
        for _ in range(3):
            world.advance(4)
            said.append(world.api("GET", scenario).text)
        return said

    one, other, another = make_world(seed=5, clock=None), make_world(seed=5, clock=None), make_world(seed=6)
    played = play(one)
    assert play(other) == played
    one.steer("POST", "/reset")
    assert play(one) == played
    assert play(another) != played


def test_world_goes_back_to_its_fixture(world: Any) -> None:
    """After a reset everything is as it was at first: scenarios, scripts, clock, faults and log; runs have stopped."""
    before = world.api("GET", "/sessions/main/scenarios").json()
    world.steer("PUT", "/runs/*", duration=60)
    world.run(world.scenario())
    world.api("DELETE", "/sessions/main")
    world.steer("POST", "/faults", latency_ms=5)
    world.advance(5)
    shown = world.steer("POST", "/reset")
    assert (shown["clock"], shown["requests"]) == (world.made["clock"], 0)
    assert world.steer("GET", "/faults") == {"faults": []}
    assert world.steer("GET", "/runs") == {"runs": []}
    assert world.api("GET", "/sessions/main/scenarios").json() == before
    assert world.api("GET", "/runs").json()["running"] == 0


def test_snapshot_is_where_a_world_goes_on(world: Any) -> None:
    """Restored, a run by script is as far as it was and ends when it would have; so are the one that waits, and ids."""
    world.steer("PUT", "/runs/*", duration=10, kpis={}, result={})
    first, second = world.scenario("first"), world.scenario("second")
    for each in (first, second):
        world.run(each)
    world.advance(4)
    assert world.steer("POST", "/snapshots", name="half-way")["snapshots"] == ["half-way"]

    def go_on() -> Any:
        created = world.api("POST", "/sessions", {"display_name": "later"}).json()
        seen = [world.status(first), world.status(second)]
        world.advance(7)
        return created, seen, world.status(first), world.status(second), world.steer("GET", "/clock")

    gone_on = go_on()
    assert gone_on[1:4] == ([("processing", 40), ("queued", 0)], ("complete", 100), ("processing", 10))
    assert world.steer("POST", "/snapshots/half-way/restore")["clock"]["now"] == "2026-01-05T08:00:04Z"
    assert go_on() == gone_on
    missing = world.http.post(f"{world.path}/snapshots/other/restore")
    assert (missing.status_code, missing.json()["detail"]) == (404, "The world has no snapshot 'other'.")


def test_reset_ends_the_streams_of_events(world: Any) -> None:
    """Whoever listens is told the session's name once more, and then listens anew."""
    told: list[str] = []
    opened = threading.Event()

    def listen() -> None:
        with world.http.stream("GET", f"{world.base}/sessions/main/events") as stream:
            for line in stream.iter_lines():
                told.append(line)
                opened.set()

    # The client of the tests gives a body when it has ended, so its end is what is waited for.
    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    while not world.steer("GET", "/requests")["requests"]:
        pass
    world.steer("POST", "/reset")
    listener.join(10)
    assert [line for line in told if line.startswith("event")][-1:] in (["event: session"], ["event: snapshot"])


def test_dropped_world_is_gone(make_world: Callable[..., Any], sandbox: TestClient) -> None:
    """Its paths answer 404 with a sentence, its name is free again, and none of its threads is left."""
    before = set(threading.enumerate())
    world = make_world(name="short-lived")
    world.steer("PUT", "/runs/*", duration=60)
    world.run(world.scenario())
    playing = [each for each in set(threading.enumerate()) - before if each.name == "algomancy-sandbox-run"]
    assert len(playing) == 1
    assert sandbox.delete(world.path).status_code == 204
    playing[0].join(20)
    assert not playing[0].is_alive()
    for path in (world.path, f"{world.base}/sessions"):
        answer = sandbox.get(path)
        assert (answer.status_code, "There is no world 'short-lived'." in answer.json()["detail"]) == (404, True)
    make_world(name="short-lived")


def test_idle_world_is_dropped(make_world: Callable[..., Any], sandbox: TestClient) -> None:
    """When it was not asked anything for as long as it said; a request keeps it."""
    idle, busy = make_world(idle_ttl=0.001), make_world()
    listed = {each["name"] for each in sandbox.get("/sandbox/worlds").json()["worlds"]}
    assert idle.made["name"] not in listed
    assert {busy.made["name"], "default"} <= listed


def test_worlds_have_a_bound(monkeypatch: pytest.MonkeyPatch, sandbox: TestClient) -> None:
    """Whoever forgets to drop them is told so."""
    monkeypatch.setattr("algomancy_api.sandbox.worlds.MAX_WORLDS", 1)
    refused = sandbox.post("/sandbox/worlds", json={})
    assert (MAX_WORLDS, refused.status_code) == (1_000, 409)
    assert refused.json()["detail"] == "There are 1 worlds already; drop some."


def test_world_has_no_control_api_of_its_own(world: Any) -> None:
    """Nor does the document of the API name what steers it, or a server that is no sandbox have it."""
    refused = world.http.get(world.base.replace("/api/v1", "/sandbox/worlds"))
    assert refused.status_code == 404
    assert [path for path in world.http.get("/openapi.json").json()["paths"] if "sandbox" in path] == []
    with TestClient(ApiLauncher.build(build_example_config())) as http:
        assert http.get("/sandbox/worlds").status_code == 404


def test_hundred_worlds_in_parallel_never_meet(make_world: Callable[..., Any]) -> None:
    """Each plays a life of its own by its own clock, eight at a time: ids, times and ends are its own alone."""
    worlds = [make_world(name=f"parallel-{number}", seed=number) for number in range(100)]

    def play(number: int) -> Any:
        world = worlds[number]
        world.steer("PUT", "/runs/*", duration=number + 1, kpis={"Travel distance": number}, result={"world": number})
        scenarios = [world.scenario(f"{tag} of {number}") for tag in ("first", "second")]
        for each in scenarios:
            world.run(each)
        world.advance(1.5 * (number + 1))
        return [world.api("GET", each).json() for each in scenarios]

    with ThreadPoolExecutor(8) as pool:
        played = list(pool.map(play, range(100)))
    for number, (first, second) in enumerate(played):
        assert (first["tag"], second["tag"]) == (f"first of {number}", f"second of {number}")
        assert (first["status"], second["status"], second["progress"]) == ("complete", "processing", 50)
        assert (first["result"], first["kpis"]["Travel distance"]["value"]) == ({"world": number}, number)
        assert len(worlds[number].statuses()) == 7
        assert {
            each["path"].partition("?")[0].split("/")[3]
            for each in worlds[number].steer("GET", "/requests")["requests"]
        } == {"sessions"}
    ids = {each["id"] for pair in played for each in pair}
    assert len(ids) == 200
