"""One who asks a live server for the operations of the document, and holds each reply against it."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from tests.repository import DOCUMENT, MASTER_DATA


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
                files = [("files", (path.name, path.read_bytes())) for path in sorted(MASTER_DATA.iterdir())]
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
