"""Replies are kept, encoded, until what they show changes; nobody ever gets an old one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from algomancy_scenario import ScenarioManager
from algomancy_scenario.scenario import Scenario

WAIT = 20
CONFIG = build_example_config()
DATASET = {
    "metadata": {"id": "", "name": "", "type": "master_data", "creation_datetime": "2026-01-01T00:00:00", "tables": []},
    "tables": {},
}


@pytest.fixture(scope="module")
def http() -> Iterator[TestClient]:
    """A client of a server in memory, with the bundled example."""
    with TestClient(ApiLauncher.build(CONFIG)) as http:
        yield http


class Person:
    """Changes things in a session of its own, and looks at everything after each change.

    It keeps every reply that has an `ETag`, and asks with it the next time.
    """

    def __init__(self, http: TestClient, name: str) -> None:
        self.http = http
        http.post("/api/v1/sessions/main/copy", json={"new_display_name": name}).raise_for_status()
        app: Any = http.app
        sessions = app.state.session_manager
        self.manager: ScenarioManager = sessions.get_scenario_manager(name)
        self.root = f"/api/v1/sessions/{name}"
        self.names = count()
        self.kept: dict[str, tuple[str, bytes]] = {}
        self.put_dataset(0)

    def put_dataset(self, _: int) -> None:
        """Add a dataset, or replace the first one if no scenario needs it."""
        key = f"data {next(self.names) % 2}"
        metadata = {**DATASET["metadata"], "id": f"{key} {next(self.names)}", "name": key}
        self.http.post(f"{self.root}/data/from-json", content=json.dumps({**DATASET, "metadata": metadata}))

    def derive(self, which: int) -> None:
        """Copy a dataset."""
        keys = self.manager.get_data_keys()
        self.http.post(f"{self.root}/data/{keys[which % len(keys)]}/derive", json={"new_key": f"d{next(self.names)}"})

    def delete_dataset(self, which: int) -> None:
        """Delete a dataset, if no scenario needs it."""
        keys = self.manager.get_data_keys()
        if len(keys) > 1:
            self.http.delete(f"{self.root}/data/{keys[which % len(keys)]}")

    def create(self, which: int) -> None:
        """Create a scenario."""
        keys = self.manager.get_data_keys()
        algorithm = ("Random slotting", "Failing")[which % 2]
        body = {"tag": f"t{next(self.names)}", "dataset_key": keys[which % len(keys)], "algo_name": algorithm}
        self.http.post(f"{self.root}/scenarios", json=body).raise_for_status()

    def run(self, which: int) -> None:
        """Run a scenario to its end."""
        self._tell(which, "run")
        assert self.manager.wait_for_processing(WAIT)

    def reset(self, which: int) -> None:
        """Reset a scenario."""
        self._tell(which, "reset")

    def delete(self, which: int) -> None:
        """Delete a scenario."""
        if ids := self.manager.list_ids():
            self.http.delete(f"{self.root}/scenarios/{ids[which % len(ids)]}").raise_for_status()

    def _tell(self, which: int, what: str) -> None:
        if ids := self.manager.list_ids():
            self.http.post(f"{self.root}/scenarios/{ids[which % len(ids)]}/{what}")

    def look(self) -> None:
        """Compare every reply with one made afresh."""
        afresh = [json.loads(self._afresh(scenario)) for scenario in self.manager.list_scenarios()]
        assert self._get("/scenarios") == afresh
        assert self._get("/scenarios?view=summary&limit=3") == [
            {name: value for name, value in scenario.items() if name != "result"} for scenario in afresh[:3]
        ]
        for scenario in afresh:
            assert self._get(f"/scenarios/{scenario['id']}") == scenario
            status = {name: scenario[name] for name in ("id", "tag", "status", "progress")}
            assert self._get(f"/scenarios/{scenario['id']}/status") == status
        keys = self.manager.get_data_keys()
        assert self._get("/data") == {"keys": keys}
        for key in keys:
            source = self.manager.get_data(key)
            assert source is not None
            assert self._get(f"/data/{key}") == json.loads(source.to_json())

    def _afresh(self, scenario: Scenario[Any]) -> bytes:
        return Scenario.of_record(scenario.record(scenario.state), scenario.owner).to_json_bytes()

    def _get(self, path: str) -> Any:
        tag, body = self.kept.get(path, ("", b""))
        answer = self.http.get(self.root + path, headers={"If-None-Match": tag} if tag else {})
        if answer.status_code != 304:
            body = answer.raise_for_status().content
        if "etag" in answer.headers:
            self.kept[path] = answer.headers["etag"], body
        return json.loads(body)


STEPS: dict[str, Callable[[Person, int], None]] = {
    step.__name__: step
    for step in (
        Person.put_dataset,
        Person.derive,
        Person.delete_dataset,
        Person.create,
        Person.run,
        Person.reset,
        Person.delete,
    )
}


@settings(max_examples=20)
@given(steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 3)), min_size=1, max_size=12))
def test_reply_is_never_older_than_the_last_change(http: TestClient, steps: list[tuple[str, int]]) -> None:
    """Whatever is changed in whatever order, each GET and each 304 tells how things stand now."""
    person = Person(http, f"person {next(PERSONS)}")
    person.look()
    for step, which in steps:
        STEPS[step](person, which)
        person.look()
    http.delete(person.root).raise_for_status()


PERSONS = count()
