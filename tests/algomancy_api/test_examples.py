"""The examples in the document are true: each is replayed on the bundled example."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from algomancy_api.openapi import load_examples, openapi_document

EXAMPLES = load_examples()
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, item in openapi_document()["paths"].items()
    for method, operation in item.items()
}
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
# What depends on how fast the machine is.
PACE = {
    "run_scenario": {"status", "started_at"},
    "get_processing": {"progress"},
    "get_runs": {"workers"},
    "cancel_scenario": {"progress"},
}


BODIES = [name for name in OPERATIONS if name != "get_events"]
"""The operations that answer with one body; a stream has none to show."""


class Replay:
    """Calls operations with their example requests and keeps what they reply."""

    def __init__(self, http: TestClient) -> None:
        self.http = http
        self.replies: dict[str, Any] = {}

    def __call__(self, name: str, **parameters: str) -> Any:
        method, path, operation = OPERATIONS[name]
        path = re.sub(r"\{(\w+)\}", lambda match: quote(parameters.get(match[1], "main"), safe=""), path)
        request: Any = EXAMPLES.get(name, {}).get("request")
        sent: dict[str, Any] = {} if request is None else {"json": request}
        if name == "run_etl":
            folder = files("algomancy_api.example") / "data" / "Master data"
            uploads = [("files", (file, folder.joinpath(file).read_bytes())) for file in request["files"]]
            sent = {"data": {"dataset_name": request["dataset_name"]}, "files": uploads}
        answer = self.http.request(method, path, **sent)
        assert str(answer.status_code) == next(iter(operation["responses"])), answer.text
        self.replies[name] = answer.json() if answer.content else None
        return self.replies[name]

    def until(self, status: str, scenario_id: str) -> None:
        """Poll a scenario."""
        while self("get_scenario_status", scenario_id=scenario_id)["status"] != status:
            pass


def walk(replay: Replay) -> None:
    """Call every operation once or more; the last reply of each is its example."""
    replay("get_health")
    replay("list_sessions")
    session = replay("create_session")["sessions"][-1]["id"]
    replay("rename_session", session_id=session)
    replay("get_session", session_id=session)
    copy = replay("copy_session", session_id=session)["sessions"][-1]["id"]
    replay("delete_session", session_id=copy)
    replay("list_algorithms")
    replay("get_algorithm_parameters", algorithm_name="Failing")
    replay("list_kpis")
    replay("run_etl")
    replay("add_dataset_from_json")
    replay("list_datasets")
    replay("get_dataset", data_key="Small warehouse")
    replay("get_data_parameters", data_key="Small warehouse")
    replay("derive_dataset", data_key="Small warehouse")
    replay("delete_dataset", data_key="March")
    scenario = replay("create_scenario")["id"]
    replay("list_scenarios")
    replay("run_scenario", scenario_id=scenario)
    replay.until("processing", scenario)
    replay("get_processing")
    replay("get_runs")
    replay("cancel_scenario", scenario_id=scenario)
    replay.until("failed", scenario)
    replay("reset_scenario", scenario_id=scenario)
    replay("run_scenario", scenario_id=scenario)
    replay.until("complete", scenario)
    replay("get_scenario", scenario_id=scenario)
    replay("delete_scenario", scenario_id=scenario)


@pytest.fixture(scope="module")
def replies() -> Iterator[dict[str, Any]]:
    """What the bundled example replies to every example request."""
    with TestClient(ApiLauncher.build(build_example_config())) as http:
        replay = Replay(http)
        walk(replay)
        yield replay.replies


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value in a JSON value, with where it is."""
    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from leaves(member, f"{path}/{name}")
    elif isinstance(value, list) and value:
        for number, member in enumerate(value):
            yield from leaves(member, f"{path}/{number}")
    else:
        yield path, value


def normalised(value: Any) -> Any:
    """A plain value without what differs from one server to the next."""
    return MOMENT.sub("<moment>", ID.sub("<id>", value)) if isinstance(value, str) else value


@pytest.mark.parametrize("name", BODIES)
def test_example_is_what_the_server_replies(name: str, replies: dict[str, Any]) -> None:
    """Every operation's example reply is the real one, apart from ids, times and pace."""
    ignored = PACE.get(name, set())

    def shape(value: Any) -> dict[str, Any]:
        return {path: normalised(leaf) for path, leaf in leaves(value) if path.rpartition("/")[2] not in ignored}

    assert shape(replies[name]) == shape(EXAMPLES.get(name, {}).get("response"))


def test_ids_in_examples_belong_together(replies: dict[str, Any]) -> None:
    """Where two examples show the same id, so do the replies."""
    pairs = set()
    for name, example in EXAMPLES.items():
        ours, theirs = leaves(example.get("response")), leaves(replies[name])
        pairs |= {
            (left, right)
            for (_, left), (_, right) in zip(ours, theirs, strict=True)
            if isinstance(left, str) and ID.fullmatch(left)
        }
    assert len(pairs) == len({left for left, _ in pairs}) == len({right for _, right in pairs})


@pytest.mark.parametrize("name", BODIES)
def test_document_shows_the_examples(name: str, matches: Callable[[Any, Any], None]) -> None:
    """Each body has its example beside its schema, and the example fits the schema."""
    _, _, operation = OPERATIONS[name]
    status, success = next(iter(operation["responses"].items()))
    assert ("example" in success.get("content", {}).get("application/json", {})) == (status != "204")
    for content in (success.get("content", {}), operation.get("requestBody", {}).get("content", {})):
        for media_type in content.values():
            matches(media_type["example"], media_type["schema"])


@pytest.fixture
def matches() -> Callable[[Any, Any], None]:
    """Checks a value against a schema of the document."""
    import jsonschema

    document = openapi_document()

    def check(value: Any, schema: Any) -> None:
        jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(value)

    return check
