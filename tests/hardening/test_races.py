"""Upstream: of 50 simultaneous creations with one tag up to 15 succeed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from algomancy_api import ApiLauncher
from tests.hardening.crash import durable, payload
from tests.hardening.hardened_project import build_config
from tests.hardening.simultaneous import Request, at_once

CLIENTS = 50
ROUNDS = 20


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client for what comes before and after a race."""
    with httpx.Client(timeout=30) as client:
        yield client


@pytest.fixture(params=["memory", "durable"])
def base(request: pytest.FixtureRequest, serve: Callable[[Any], str], http: httpx.Client, tmp_path: Path) -> str:
    """The sessions URL of a fresh server with a dataset `data`."""
    overrides = durable(tmp_path) if request.param == "durable" else {}
    url = serve(ApiLauncher.build(build_config(**overrides))) + "/api/v1/sessions"
    http.post(f"{url}/main/data/from-json", json=payload("data", 1)).raise_for_status()
    return url


def scenario(tag: str, algorithm: str = "Instant") -> dict[str, Any]:
    """The body that creates a scenario on `data`."""
    return {"tag": tag, "dataset_key": "data", "algo_name": algorithm}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/main/scenarios", lambda number: scenario(f"tag {number}")),
        ("", lambda number: {"display_name": f"name {number}"}),
        ("/main/copy", lambda number: {"new_display_name": f"copy {number}"}),
        ("/main/data/data/derive", lambda number: {"new_key": f"key {number}"}),
    ],
    ids=["equal tags", "equal session names", "equal copy names", "equal derive keys"],
)
def test_equal_names_created_at_once_succeed_once(path: str, body: Callable[[int], dict[str, Any]], base: str) -> None:
    """Of 50 simultaneous creations of one name, one gets 201 and the rest 409, in each of 20 rounds."""
    rounds = ROUNDS if path != "/main/copy" else 4  # a copy carries all that the session holds
    outcomes = at_once(base, ([("POST", path, body(number))] * CLIENTS for number in range(rounds)))
    assert outcomes == [Counter({201: 1, 409: CLIENTS - 1})] * rounds


def test_scenario_run_at_once_starts_once(base: str, http: httpx.Client) -> None:
    """Of 50 simultaneous runs of one scenario one gets 202, the rest 409."""

    def rounds() -> Iterable[list[Request]]:
        for number in range(ROUNDS):
            created = http.post(f"{base}/main/scenarios", json=scenario(f"run {number}", "Nap")).json()
            yield [("POST", f"/main/scenarios/{created['id']}/run", None)] * CLIENTS

    assert at_once(base, rounds()) == [Counter({202: 1, 409: CLIENTS - 1})] * ROUNDS


def test_dataset_deleted_while_scenarios_are_created_leaves_no_orphan(base: str, http: httpx.Client) -> None:
    """After each race of deletion against creation, either the dataset is there or no scenario names it."""
    for number in range(ROUNDS):
        key = f"contested {number}"
        http.post(f"{base}/main/data/from-json", json=payload(key, number)).raise_for_status()
        create = {**scenario(""), "dataset_key": key}
        requests: list[Request] = [("POST", "/main/scenarios", {**create, "tag": f"{number}-{i}"}) for i in range(20)]
        requests[10:10] = [("DELETE", f"/main/data/{key}", None)] * 5
        (outcome,) = at_once(base, [requests])
        assert set(outcome) <= {201, 204, 404, 409}
        users = [s for s in http.get(f"{base}/main/scenarios").json() if s["input_data_key"] == key]
        present = key in http.get(f"{base}/main/data").json()["keys"]
        assert len(users) == outcome[201]
        assert present == (outcome[204] == 0)
        assert present or not users


def test_session_deleted_amid_everything_is_gone_whole(base: str, http: httpx.Client) -> None:
    """Requests that race with the deletion of their session succeed or are refused, and then everything is 404."""
    for number in range(ROUNDS):
        listed = http.post(base, json={"display_name": f"doomed {number}"}).json()["sessions"]
        session = next(s["id"] for s in listed if s["display_name"] == f"doomed {number}")
        http.post(f"{base}/{session}/data/from-json", json=payload("data", 1)).raise_for_status()
        requests: list[Request] = []
        for i in range(8):
            requests += [
                ("POST", f"/{session}/scenarios", scenario(f"tag {i}")),
                ("POST", f"/{session}/data/data/derive", {"new_key": f"key {i}"}),
                ("POST", f"/{session}/copy", {"new_display_name": f"copy {number} {i}"}),
                ("GET", f"/{session}/scenarios", None),
                ("PATCH", f"/{session}", {"display_name": f"doomed still {number} {i}"}),
            ]
        requests[20:20] = [("DELETE", f"/{session}", None)] * 2
        (outcome,) = at_once(base, [requests])
        assert set(outcome) <= {200, 201, 404, 409}
        assert http.get(f"{base}/{session}").status_code == 404
        listed = http.get(base).json()
        assert session not in [s["id"] for s in listed["sessions"]]
        assert listed["default"] in [s["id"] for s in listed["sessions"]]
