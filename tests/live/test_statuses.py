"""Each status the document lists for an operation can be had from a live server, and no other one is seen."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from algomancy_scenario import ScenarioManager, SessionManager
from algomancy_utils.errors import PreconditionError

REPOSITORY = Path(__file__).parents[2]
SAMPLE = REPOSITORY / "src/algomancy_api/example/data/Master data"
DOCUMENT = json.loads((REPOSITORY / "conformance/algomancy_conformance/openapi.json").read_text())


@dataclass(frozen=True)
class Documented:
    """An operation of the document."""

    method: str
    path: str
    statuses: frozenset[int]

    def fits(self, method: str, path: str) -> bool:
        """Whether a request is one for this operation."""
        return method == self.method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", self.path), path) is not None


def operations_of(document: dict[str, Any]) -> dict[str, Documented]:
    """The operations of a document by their ids."""
    return {
        operation["operationId"]: Documented(
            method.upper(), path, frozenset(int(status) for status in operation["responses"])
        )
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in {"get", "post", "patch", "put", "delete"}
    }


OPERATIONS = operations_of(DOCUMENT)
PAIRS = [(name, status) for name, operation in OPERATIONS.items() for status in sorted(operation.statuses)]

SERVERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "small": {"max_json_bytes": 1_000, "max_upload_bytes": 1_000},
    "token": {"api_token": "sesame"},
    "closed": {"allow_session_create": False},
    "one host": {"allowed_hosts": ["127.0.0.1"]},
}
"""The servers the statuses are had from, and the settings in which they differ."""

_numbers = itertools.count()


def unused() -> str:
    """A name nothing has yet."""
    return f"name {next(_numbers)}"


class Asker:
    """Asks a live server for operations, in a session of its own, with what each needs unless told otherwise.

    A reply with a status that the server's own document does not list for the operation fails the test.

    Args:
        url: URL of the server.
        headers: Headers of every request.
    """

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.client = httpx.Client(base_url=url, headers=headers, timeout=30)
        self.operations = operations_of(self.client.get("/openapi.json").json())
        self.client.event_hooks = {"response": [self._check]}
        self.ids = {"algorithm_name": "Greedy slotting", "data_key": "Master data", "scenario_id": "none"}
        self.ids["session_id"] = self._first_session = self.ask("list_sessions").json()["default"]

    def enter_new_session(self) -> None:
        """Ask in a copy of the first session from here on, with a scenario that has not run."""
        created = self.ask("copy_session", {"session_id": self._first_session})
        self.ids["session_id"] = created.headers["Location"].rpartition("/")[2]
        self.ids["scenario_id"] = self.ask("create_scenario").json()["id"]

    def ask(
        self,
        operation_id: str,
        ids: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        **content: Any,
    ) -> httpx.Response:
        """Ask for an operation.

        Args:
            operation_id: The operation.
            ids: Path parameters that are not the usual ones.
            headers: Headers.
            **content: `json`, `content`, `data`, `files` or `params` in place of the usual body.
        """
        operation = self.operations[operation_id]
        ids = self.ids | (ids or {})
        path = re.sub(r"\{(\w+)\}", lambda match: quote(ids[match[1]], safe=""), operation.path)
        request = self.client.build_request(
            operation.method, path, headers=headers, **(content or self.body(operation_id))
        )
        response = self.client.send(request, stream=True)
        # A stream has no end to wait for.
        read = response.close if response.headers.get("content-type", "").startswith("text/event") else response.read
        read()
        return response

    def body(self, operation_id: str) -> dict[str, Any]:
        """Return a body that the operation accepts, as arguments of a request."""
        match operation_id:
            case "create_session" | "rename_session":
                return {"json": {"display_name": unused()}}
            case "copy_session":
                return {"json": {"new_display_name": unused()}}
            case "create_scenario":
                algorithm = {"algo_name": "Slow", "algo_params": {"duration": 60}}
                return {"json": {"tag": unused(), "dataset_key": "Master data", **algorithm}}
            case "derive_dataset":
                return {"json": {"new_key": unused()}}
            case "add_dataset_from_json":
                dataset = self.ask("get_dataset").json()
                return {"json": {**dataset, "metadata": {**dataset["metadata"], "name": unused()}}}
            case "run_etl":
                files = [("files", (path.name, path.read_bytes())) for path in sorted(SAMPLE.iterdir())]
                return {"data": {"dataset_name": unused()}, "files": files}
        return {}

    def _check(self, response: httpx.Response) -> None:
        method, path = response.request.method, response.request.url.raw_path.decode().partition("?")[0]
        fitting = [operation for operation in self.operations.values() if operation.fits(method, path)]
        assert fitting, f"{method} {path} is not documented"
        # Where two templates fit, `/data/from-json` and `/data/{data_key}`, the one with fewer parameters is meant.
        operation = min(fitting, key=lambda each: each.path.count("{"))
        assert response.status_code in operation.statuses, (
            f"{method} {operation.path} answered {response.status_code}, undocumented: {response.read()!r}"
        )


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


@pytest.fixture(scope="module")
def askers(serve_module: Callable[[Any], str]) -> Iterator[Callable[[str], Asker]]:
    """A function that gives an asker in a fresh session of one of the servers, started when first asked for."""
    askers: dict[str, Asker] = {}

    def asker_of(server: str) -> Asker:
        settings = SERVERS[server]
        if server not in askers:
            token = settings.get("api_token")
            url = serve_module(ApiLauncher.build(build_example_config(**settings)))
            askers[server] = Asker(url, {"Authorization": f"Bearer {token}"} if token else None)
        asker = askers[server]
        if settings.get("allow_session_create", True):
            asker.enter_new_session()
        return asker

    yield asker_of
    for asker in askers.values():
        asker.client.close()


@pytest.mark.parametrize(
    ("operation_id", "status"), [pair for pair in PAIRS if pair[1] != 500 and pair not in REFUSED + NOT_OFFERED]
)
def test_documented_status_is_answered(operation_id: str, status: int, askers: Callable[[str], Asker]) -> None:
    """Each status that the document lists for an operation can be had, and its body is of the documented kind."""
    ways = ways_to(operation_id, status)
    assert ways, f"Nobody has said how {operation_id} comes to answer {status}: add it to WAYS, or do not document it."
    for way in ways:
        response = way.ask(askers(way.server), operation_id)

        assert response.status_code == status, response.text
        if status >= 400:
            assert list(response.json()) == ["detail"]
            assert isinstance(response.json()["detail"], str)


@pytest.mark.parametrize("operation_id", [name for name, status in PAIRS if status == 500])
def test_failing_backend_is_answered_with_500(
    operation_id: str, askers: Callable[[str], Asker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails unexpectedly beneath an operation is a 500 that tells nothing of it."""
    asker = askers("plain")

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("The disk is on fire.")

    monkeypatch.setattr(*BREAKABLE[operation_id], fail)
    response = asker.ask(operation_id)

    assert response.status_code == 500
    assert response.json() == {"detail": "Internal server error"}


@pytest.mark.parametrize("operation_id", [name for name, _ in REFUSED])
def test_refusing_backend_is_answered_with_409(
    operation_id: str, askers: Callable[[str], Asker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a backend refuses in its present state is a 409 with the backend's own words."""
    asker = askers("plain")

    def refuse(*_: Any, **__: Any) -> None:
        raise PreconditionError("Not now.")

    monkeypatch.setattr(*BREAKABLE[operation_id], refuse)
    response = asker.ask(operation_id)

    assert (response.status_code, response.json()) == (409, {"detail": "Not now."})


@pytest.mark.parametrize("authorization", ["", "Bearer no", "Basic sesame"], ids=["none", "wrong", "other scheme"])
@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_token_is_wanted_where_the_document_says_so(
    operation_id: str, authorization: str, askers: Callable[[str], Asker]
) -> None:
    """The document of a server with a token lists 401 for what wants it, and for nothing else."""
    asker = askers("token")

    response = asker.ask(operation_id, headers={"Authorization": authorization})

    assert (response.status_code == 401) is (401 in asker.operations[operation_id].statuses)
    assert (response.status_code == 401) is (operation_id != "get_health")
    assert (response.headers.get("WWW-Authenticate") == "Bearer") is (response.status_code == 401)


def test_table_of_ways_names_documented_statuses_only() -> None:
    """The table that says how to get a status has no row that no document needs."""
    named = {(name, status) for status, rows in WAYS.items() for name in rows if name != "*"}
    named |= {(name, 500) for name in BREAKABLE}

    assert named | set(REFUSED) <= set(PAIRS)
    assert all(any(status == other for _, other in PAIRS) for status in WAYS)
