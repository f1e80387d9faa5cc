"""One case per operation: the request it sends, a reply, and what comes of it.

The same cases are tried against replies made up here and against the live server, so that the made-up ones are true.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from algomancy_api.schemas import Scenario, ScenarioSummary

MAIN_ID = "9f9b3b8e-6f0c-4a53-9d6e-0b1f6f4a7c11"
SPARE_ID = "3d2c1b0a-1111-4222-8333-444455556666"


@dataclass(frozen=True)
class World:
    """The names of what there is: a session to play with, a dataset no scenario reads, and scenarios."""

    main_id: str = MAIN_ID
    spare_id: str = SPARE_ID
    created: str = "c0000000-0000-4000-8000-000000000001"
    running: str = "c0000000-0000-4000-8000-000000000002"
    complete: str = "c0000000-0000-4000-8000-000000000003"
    data_id: str = "d0000000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Case:
    """A call of the client, and its exchange with the server."""

    operation: str
    request: tuple[str, str]
    """Method and path below the prefix, with the world's names in braces."""
    status: int
    reply: Any
    arguments: Callable[[World], tuple[Any, ...]] = lambda world: ()
    body: Any = None
    check: Callable[[Any], bool] = lambda result: True
    label: str = ""

    @property
    def name(self) -> str:
        return self.label or self.operation


def session_list(*names: str) -> dict[str, Any]:
    """A list of sessions."""
    return {
        "sessions": [{"id": f"id of {name}", "display_name": name} for name in names],
        "default": f"id of {names[0]}",
    }


def scenario(status: str = "created", **members: Any) -> dict[str, Any]:
    """A scenario object."""
    done = status == "complete"
    return {
        "id": "c0000000-0000-4000-8000-000000000001",
        "tag": "tag",
        "input_data_id": "d0000000-0000-4000-8000-000000000001",
        "input_data_key": "Master data",
        "kpis": {
            "Travel distance": {
                "name": "Travel distance",
                "better_when": "LOWER",
                "unit": "m",
                "value": 12.5 if done else None,
                "threshold": None,
            }
        },
        "algorithm": {"name": "Slow", "parameters": {"duration": 1}},
        "data_parameters": {},
        "status": status,
        "progress": 100.0 if done else 0.0,
        "created_at": "2026-01-01T00:00:00Z",
        "started_at": None,
        "finished_at": None,
        "error": "It broke." if status == "failed" else None,
        "result": {"layout": []} if done else {"error": "It broke."} if status == "failed" else None,
        **members,
    }


def scenario_status(status: str, progress: float = 0.0) -> dict[str, Any]:
    """The status of a scenario."""
    return {"id": "c0000000-0000-4000-8000-000000000001", "tag": "tag", "status": status, "progress": progress}


SUMMARY = {name: value for name, value in scenario().items() if name != "result"}

DATASET: dict[str, Any] = {
    "metadata": {
        "id": "d0000000-0000-4000-8000-000000000009",
        "name": "sent",
        "type": "master_data",
        "creation_datetime": "2026-01-01T00:00:00",
        "tables": ["items"],
    },
    "tables": {
        "items": {
            "data": [{"id": 1, "weight": 0.5, "name": "Bolt"}, {"id": 2, "weight": None, "name": None}],
            "columns": ["id", "weight", "name"],
            "dtypes": {"id": "int64", "weight": "float64", "name": "str"},
            "index": [0, 1],
        }
    },
}

CASES = (
    Case(
        "get_health",
        ("GET", "/health"),
        200,
        {"status": "ok", "title": "Warehouse slotting", "sessions": [{"id": MAIN_ID, "display_name": "main"}]},
        check=lambda health: "main" in {s.display_name for s in health.sessions},
    ),
    Case("list_sessions", ("GET", "{p}/sessions"), 200, session_list("main", "spare")),
    Case(
        "get_session",
        ("GET", "{p}/sessions/spare"),
        200,
        {"id": SPARE_ID, "display_name": "spare"},
        lambda world: ("spare",),
        check=lambda session: session.display_name == "spare",
    ),
    Case(
        "create_session",
        ("POST", "{p}/sessions"),
        201,
        session_list("main", "new"),
        lambda world: ("new",),
        {"display_name": "new"},
        check=lambda found: found.sessions[-1].display_name == "new",
    ),
    Case(
        "copy_session",
        ("POST", "{p}/sessions/spare/copy"),
        201,
        session_list("main", "copy"),
        lambda world: ("spare", "copy"),
        {"new_display_name": "copy"},
    ),
    Case(
        "rename_session",
        ("PATCH", "{p}/sessions/{spare_id}"),
        200,
        {"id": SPARE_ID, "display_name": "Ümläut 100% & co"},
        lambda world: (world.spare_id, "Ümläut 100% & co"),
        {"display_name": "Ümläut 100% & co"},
        check=lambda session: session.display_name == "Ümläut 100% & co",
    ),
    Case("delete_session", ("DELETE", "{p}/sessions/spare"), 200, session_list("main"), lambda world: ("spare",)),
    Case("list_algorithms", ("GET", "{s}/algorithms"), 200, {"algorithms": ["Slow"]}),
    Case(
        "get_algorithm_parameters",
        ("GET", "{s}/algorithms/Slow/parameters"),
        200,
        {
            "name": "Slow",
            "parameters": [
                {"name": "duration", "type": "integer", "required": True, "value": 1, "default": 1, "min": 1, "max": 60}
            ],
        },
        lambda world: ("Slow",),
        check=lambda found: found.parameters[0].max == 60,
    ),
    Case(
        "get_data_parameters",
        ("GET", "{s}/data/Master%20data/parameters"),
        200,
        {"name": "Master data", "parameters": []},
        lambda world: ("Master data",),
    ),
    Case("list_kpis", ("GET", "{s}/kpis"), 200, {"kpis": ["Travel distance"]}),
    Case("list_scenarios", ("GET", "{s}/scenarios"), 200, [scenario("complete")], check=lambda found: bool(found)),
    Case(
        "list_scenario_summaries",
        ("GET", "{s}/scenarios?view=summary"),
        200,
        [SUMMARY],
        check=lambda found: all(type(one) is ScenarioSummary for one in found),
    ),
    Case(
        "create_scenario",
        ("POST", "{s}/scenarios"),
        201,
        scenario(),
        lambda world: ("tag", "Master data", "Slow", {"duration": 1}, {}),
        {
            "tag": "tag",
            "dataset_key": "Master data",
            "algo_name": "Slow",
            "algo_params": {"duration": 1},
            "data_params": {},
        },
        check=lambda made: made.tag == "tag" and made.result is None,
    ),
    Case(
        "create_scenario",
        ("POST", "{s}/scenarios"),
        201,
        scenario(),
        lambda world: ("tag", "Master data", "Slow"),
        {"tag": "tag", "dataset_key": "Master data", "algo_name": "Slow"},
        label="create_scenario with defaults",
    ),
    Case(
        "get_scenario",
        ("GET", "{s}/scenarios/{complete}"),
        200,
        scenario("complete"),
        lambda world: (world.complete,),
        check=lambda found: type(found) is Scenario and found.status == "complete",
    ),
    Case("delete_scenario", ("DELETE", "{s}/scenarios/{created}"), 204, None, lambda world: (world.created,)),
    Case(
        "run_scenario",
        ("POST", "{s}/scenarios/{created}/run"),
        202,
        scenario("queued"),
        lambda world: (world.created,),
        check=lambda found: found.status != "created",
    ),
    Case(
        "get_scenario_status",
        ("GET", "{s}/scenarios/{created}/status"),
        200,
        scenario_status("created"),
        lambda world: (world.created,),
        check=lambda found: found.status == "created" and found.progress == 0,
    ),
    Case(
        "reset_scenario",
        ("POST", "{s}/scenarios/{complete}/reset"),
        200,
        scenario(),
        lambda world: (world.complete,),
        check=lambda found: found.status == "created",
    ),
    Case(
        "cancel_scenario",
        ("POST", "{s}/scenarios/{running}/cancel"),
        202,
        scenario("processing"),
        lambda w: (w.running,),
    ),
    Case("get_processing", ("GET", "{s}/processing"), 200, scenario("processing")),
    Case(
        "get_runs",
        ("GET", "{p}/runs"),
        200,
        {"executor": "processes", "workers": 2, "running": 1, "queued": 0},
        check=lambda found: (found.running, found.queued) == (1, 0),
    ),
    Case("list_datasets", ("GET", "{s}/data"), 200, {"keys": ["Master data"]}),
    Case(
        "get_dataset",
        ("GET", "{s}/data/unused"),
        200,
        DATASET,
        lambda world: ("unused",),
        check=lambda found: found.tables["items"].columns == ["id", "weight", "name"],
    ),
    Case(
        "dataset",
        ("GET", "{s}/data/unused"),
        200,
        DATASET,
        lambda world: ("unused",),
        check=lambda found: [str(t) for t in found.tables["items"].dtypes] == ["int64", "float64", "str"],
    ),
    Case("delete_dataset", ("DELETE", "{s}/data/unused"), 204, None, lambda world: ("unused",)),
    Case(
        "derive_dataset",
        ("POST", "{s}/data/unused/derive"),
        201,
        {"keys": ["unused", "derived"]},
        lambda world: ("unused", "derived"),
        {"new_key": "derived"},
        check=lambda found: "derived" in found.keys,
    ),
    Case(
        "add_dataset_from_json",
        ("POST", "{s}/data/from-json"),
        201,
        {"keys": ["sent"]},
        lambda world: (DATASET,),
        DATASET,
        check=lambda found: "sent" in found.keys,
    ),
)
