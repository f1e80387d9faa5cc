"""One case per operation: the request it sends, and what comes of it; and scenarios and datasets as servers send them.

The same cases are tried against the replies of the document's examples and against the live server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from algomancy_api.openapi import load_examples
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
    request: str
    """Method and path, with the prefix, the session's path and the world's names in braces."""
    status: int = 200
    arguments: Callable[[World], tuple[Any, ...]] = lambda world: ()
    body: Any = None
    check: Callable[[Any], bool] = lambda result: True
    """Tells whether the live server's reply was read as it should be."""
    example: str = ""
    """The operation whose documented reply is sent, where it is not the same."""

    @property
    def reply(self) -> Any:
        return load_examples().get(self.example or self.operation, {}).get("response")


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
    Case("get_health", "GET /health", check=lambda health: "main" in {s.display_name for s in health.sessions}),
    Case("list_sessions", "GET {p}/sessions"),
    Case(
        "get_session",
        "GET {p}/sessions/spare",
        arguments=lambda world: ("spare",),
        check=lambda session: session.display_name == "spare",
    ),
    Case(
        "create_session",
        "POST {p}/sessions",
        201,
        lambda world: ("new",),
        {"display_name": "new"},
        lambda found: found.sessions[-1].display_name == "new",
    ),
    Case(
        "copy_session",
        "POST {p}/sessions/spare/copy",
        201,
        lambda world: ("spare", "copy"),
        {"new_display_name": "copy"},
    ),
    Case(
        "rename_session",
        "PATCH {p}/sessions/{spare_id}",
        200,
        lambda world: (world.spare_id, "Ümläut 100% & co"),
        {"display_name": "Ümläut 100% & co"},
        lambda session: session.display_name == "Ümläut 100% & co",
    ),
    Case("delete_session", "DELETE {p}/sessions/spare", arguments=lambda world: ("spare",)),
    Case("list_algorithms", "GET {s}/algorithms"),
    Case(
        "get_algorithm_parameters",
        "GET {s}/algorithms/Slow/parameters",
        arguments=lambda world: ("Slow",),
        check=lambda found: found.parameters[0].max == 60,
    ),
    Case("get_data_parameters", "GET {s}/data/Master%20data/parameters", arguments=lambda world: ("Master data",)),
    Case("list_kpis", "GET {s}/kpis"),
    Case("list_scenarios", "GET {s}/scenarios", check=bool),
    Case(
        "list_scenario_summaries",
        "GET {s}/scenarios?view=summary",
        check=lambda found: all(type(one) is ScenarioSummary for one in found),
        example="list_scenarios",
    ),
    Case(
        "create_scenario",
        "POST {s}/scenarios",
        201,
        lambda world: ("tag", "Master data", "Slow", {"duration": 1}, {}),
        {
            "tag": "tag",
            "dataset_key": "Master data",
            "algo_name": "Slow",
            "algo_params": {"duration": 1},
            "data_params": {},
        },
        lambda made: made.tag == "tag" and made.result is None,
    ),
    Case(
        "create_scenario",
        "POST {s}/scenarios",
        201,
        lambda world: ("tag", "Master data", "Slow"),
        {"tag": "tag", "dataset_key": "Master data", "algo_name": "Slow"},
    ),
    Case(
        "get_scenario",
        "GET {s}/scenarios/{complete}",
        arguments=lambda world: (world.complete,),
        check=lambda found: type(found) is Scenario and found.status == "complete",
    ),
    Case("delete_scenario", "DELETE {s}/scenarios/{created}", 204, lambda world: (world.created,)),
    Case(
        "run_scenario",
        "POST {s}/scenarios/{created}/run",
        202,
        lambda world: (world.created,),
        check=lambda found: found.status != "created",
    ),
    Case(
        "get_scenario_status",
        "GET {s}/scenarios/{created}/status",
        arguments=lambda world: (world.created,),
        check=lambda found: found.status == "created" and found.progress == 0,
    ),
    Case(
        "reset_scenario",
        "POST {s}/scenarios/{complete}/reset",
        arguments=lambda world: (world.complete,),
        check=lambda found: found.status == "created",
    ),
    Case("cancel_scenario", "POST {s}/scenarios/{running}/cancel", 202, lambda world: (world.running,)),
    Case("get_processing", "GET {s}/processing"),
    Case("get_runs", "GET {p}/runs", check=lambda found: (found.running, found.queued) == (1, 0)),
    Case("list_datasets", "GET {s}/data"),
    Case(
        "get_dataset",
        "GET {s}/data/unused",
        arguments=lambda world: ("unused",),
        check=lambda found: found.tables["items"].columns == ["id", "weight", "name"],
    ),
    Case(
        "dataset",
        "GET {s}/data/unused",
        arguments=lambda world: ("unused",),
        check=lambda found: [str(t) for t in found.tables["items"].dtypes] == ["int64", "float64", "str"],
        example="get_dataset",
    ),
    Case("delete_dataset", "DELETE {s}/data/unused", 204, lambda world: ("unused",)),
    Case(
        "derive_dataset",
        "POST {s}/data/unused/derive",
        201,
        lambda world: ("unused", "derived"),
        {"new_key": "derived"},
        lambda found: "derived" in found.keys,
    ),
    Case(
        "add_dataset_from_json",
        "POST {s}/data/from-json",
        201,
        lambda world: (DATASET,),
        DATASET,
        lambda found: "sent" in found.keys,
    ),
)
