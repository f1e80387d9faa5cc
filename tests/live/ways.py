"""How each status of the document is had from a live server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from algomancy_scenario import ScenarioManager, SessionManager
from tests.live.asker import OPERATIONS, Asker


@dataclass(frozen=True)
class Way:
    """A way to get a status: which server is asked, and how."""

    ask: Callable[[Asker, str], httpx.Response]
    server: str = "plain"


def plainly(asker: Asker, operation_id: str) -> httpx.Response:
    """Ask for the operation as it is meant."""
    if operation_id == "delete_dataset":
        asker.ask("derive_dataset", json={"new_key": "free"})
        return asker.ask(operation_id, {"data_key": "free"})
    if operation_id == "cancel_scenario":
        asker.ask("run_scenario")
    return asker.ask(operation_id)


def again(asker: Asker, operation_id: str) -> httpx.Response:
    """Ask for what the reply before said already."""
    wait = {"Prefer": "wait=0"}
    return asker.ask(
        operation_id, headers={"If-None-Match": asker.ask(operation_id, headers=wait).headers["ETag"], **wait}
    )


def with_headers(**headers: str) -> Callable[[Asker, str], httpx.Response]:
    """Ask as it is meant, but with these headers."""
    return lambda asker, operation_id: asker.ask(operation_id, headers=headers)


def with_ids(**ids: str) -> Callable[[Asker, str], httpx.Response]:
    """Ask as it is meant, but of something else."""
    return lambda asker, operation_id: asker.ask(operation_id, ids)


def with_content(**content: Any) -> Callable[[Asker, str], httpx.Response]:
    """Ask with another body or query."""
    return lambda asker, operation_id: asker.ask(operation_id, **content)


def in_use(asker: Asker, operation_id: str) -> httpx.Response:
    """Ask for a dataset that a scenario refers to be replaced."""
    dataset = asker.ask("get_dataset").json()
    upload = {**asker.body("run_etl"), "data": {"dataset_name": "Master data"}}
    return asker.ask(operation_id, **({"json": dataset} if operation_id == "add_dataset_from_json" else upload))


def while_running(asker: Asker, operation_id: str) -> httpx.Response:
    """Ask for it of a scenario that is queued or processing."""
    asker.ask("run_scenario")
    return asker.ask(operation_id)


def with_taken_tag(asker: Asker, operation_id: str) -> httpx.Response:
    """Ask for a scenario with a tag that another one has."""
    tag = asker.ask("get_scenario").json()["tag"]
    return asker.ask(operation_id, json={"tag": tag, "dataset_key": "Master data", "algo_name": "Slow"})


HUGE = {"content": b" " * (4 * 1024 * 1024 + 1), "headers": {"Content-Type": "application/json"}}
ELSEWHERE = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
SCENARIO = {"tag": "x", "dataset_key": "Master data", "algo_name": "Slow"}
BREAKABLE = {
    "create_session": (SessionManager, "create_new_session"),
    "copy_session": (SessionManager, "copy_session"),
    "rename_session": (SessionManager, "rename_session"),
    "delete_session": (SessionManager, "delete_session"),
    "get_algorithm_parameters": (ScenarioManager, "get_algorithm_parameters"),
    "get_data_parameters": (ScenarioManager, "get_data_parameters"),
    "create_scenario": (ScenarioManager, "create_scenario"),
    "delete_scenario": (ScenarioManager, "delete_scenario"),
    "run_scenario": (ScenarioManager, "process_scenario_async"),
    "reset_scenario": (ScenarioManager, "reset_scenario"),
    "cancel_scenario": (ScenarioManager, "cancel_scenario"),
    "get_dataset": (ScenarioManager, "get_data_as_bytes"),
    "delete_dataset": (ScenarioManager, "delete_data"),
    "derive_dataset": (ScenarioManager, "derive_data"),
    "add_dataset_from_json": (ScenarioManager, "add_datasource_from_json"),
    "run_etl": (ScenarioManager, "etl_data"),
}
"""What of the backend fails beneath each operation that can meet with a failure of the user's classes."""
REFUSED = [
    (name, 409)
    for name in ("delete_session", "delete_scenario", "get_algorithm_parameters", "get_data_parameters", "get_dataset")
]
"""What is a 409 only when a class of the user's, or a server that is shutting down, refuses it."""
NOT_OFFERED = [("get_runs", 404)]
"""What only another backend answers, which does not offer the operation; `test_documented_statuses` has one."""
WAYS: dict[int, dict[str, list[Way]]] = {
    304: {"*": [Way(again)]},
    400: {
        "*": [Way(with_headers(Host="elsewhere.example"), "one host")],
        "create_scenario": [Way(with_content(json={**SCENARIO, "algo_params": {"duration": 999}}))],
        "add_dataset_from_json": [Way(with_content(json={"tables": {}}))],
        "derive_dataset": [Way(with_content(json={"new_key": "a/b"}))],
        "run_etl": [
            Way(with_content(data={"dataset_name": "x"}, files=[("files", ("items.pdf", b"x"))])),
            Way(with_content(data={"dataset_name": "x"})),
        ],
    },
    403: {
        "*": [Way(with_headers(**ELSEWHERE))],
        "create_session": [Way(plainly, "closed"), Way(with_headers(**ELSEWHERE))],
        "copy_session": [Way(plainly, "closed"), Way(with_headers(**ELSEWHERE))],
    },
    404: {
        "*": [Way(with_ids(session_id="nowhere"))],
        "get_algorithm_parameters": [Way(with_ids(session_id="nowhere")), Way(with_ids(algorithm_name="none"))],
        "create_scenario": [
            Way(with_ids(session_id="nowhere")),
            Way(with_content(json={**SCENARIO, "algo_name": "none"})),
            Way(with_content(json={**SCENARIO, "dataset_key": "none"})),
        ],
        **{
            name: [Way(with_ids(session_id="nowhere")), Way(with_ids(**{leaf: "none"}))]
            for name, operation in OPERATIONS.items()
            for leaf in ("scenario_id", "data_key")
            if leaf in operation.path
        },
    },
    409: {
        "create_session": [Way(with_content(json={"display_name": "main"}))],
        "copy_session": [Way(with_content(json={"new_display_name": "main"}))],
        "rename_session": [Way(with_content(json={"display_name": "main"}))],
        "create_scenario": [Way(with_taken_tag)],
        "run_scenario": [Way(while_running)],
        "reset_scenario": [Way(while_running)],
        "cancel_scenario": [Way(Asker.ask)],
        "delete_dataset": [Way(Asker.ask)],
        "derive_dataset": [Way(with_content(json={"new_key": "Master data"}))],
        "add_dataset_from_json": [Way(in_use)],
        "run_etl": [Way(in_use)],
    },
    413: {
        "*": [Way(with_content(**HUGE))],
        "add_dataset_from_json": [Way(plainly, "small")],
        "run_etl": [Way(plainly, "small")],
    },
    422: {
        "*": [
            Way(with_content(json={})),
            Way(with_content(content=b"{", headers={"Content-Type": "application/json"})),
        ],
        "list_scenarios": [Way(with_content(params={"view": "none"}))],
        "get_events": [Way(with_content(params={"scenario": "x" * 256}))],
        "run_etl": [Way(with_content(files=[("files", ("items.csv", b"x"))]))],
    },
}
"""How each error status is had: from the operation named, or, under `*`, from every other one that lists it."""


def ways_to(operation_id: str, status: int) -> list[Way]:
    """Return the ways to get a status of an operation; empty when none is known."""
    if status < 300:
        return [Way(plainly)]
    of_status = WAYS.get(status, {})
    return of_status.get(operation_id, of_status.get("*", []))
