"""What every path answers to the methods it has not got, to HEAD and to OPTIONS (contract GEN-6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from tests.repository import DOCUMENT

ALL_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
METHODS = {path: {method.upper() for method in item} & ALL_METHODS for path, item in DOCUMENT["paths"].items()}
MISSING = [(method, path) for path, methods in METHODS.items() for method in sorted(ALL_METHODS - methods)]
LIVE = {"session_id": "main", "algorithm_name": "Slow", "data_key": "Master data"}


@pytest.fixture(scope="module")
def client(serve_module: Callable[[Any], str]) -> Iterator[httpx.Client]:
    """A client of a server with one scenario."""
    with httpx.Client(base_url=serve_module(ApiLauncher.build(build_example_config()))) as client:
        yield client


@pytest.fixture(scope="module")
def live_path(client: httpx.Client) -> Callable[[str], str]:
    """A function that fills a path template with the ids of things that exist."""
    body = {"tag": "a", "dataset_key": "Master data", "algo_name": "Slow"}
    scenario = client.post("/api/v1/sessions/main/scenarios", json=body).json()
    ids = {**LIVE, "scenario_id": scenario["id"]}
    return lambda template: re.sub(r"\{(\w+)\}", lambda match: ids[match[1]], template)


def allowed(response: httpx.Response) -> set[str]:
    """The methods of an `Allow` header."""
    return set(re.split(r",\s*", response.headers["Allow"]))


@pytest.mark.parametrize(("method", "template"), MISSING)
def test_missing_method_is_answered_with_those_there_are(
    method: str, template: str, client: httpx.Client, live_path: Callable[[str], str]
) -> None:
    """A method that a path has not got is 405, and `Allow` lists exactly the documented ones."""
    response = client.request(method, live_path(template))

    assert response.status_code == 405
    assert allowed(response) == METHODS[template]
    assert list(response.json()) == ["detail"]


@pytest.mark.parametrize("template", METHODS)
def test_options_lists_the_documented_methods(
    template: str, client: httpx.Client, live_path: Callable[[str], str]
) -> None:
    """OPTIONS is answered alike on every path: 204, no body, and the documented methods in `Allow`."""
    response = client.options(live_path(template))

    assert (response.status_code, response.content) == (204, b"")
    assert allowed(response) == METHODS[template]


@pytest.mark.parametrize("template", [path for path, methods in METHODS.items() if "GET" in methods])
def test_head_is_get_without_its_body(template: str, client: httpx.Client, live_path: Callable[[str], str]) -> None:
    """HEAD answers every path that GET answers, with the same status and headers, and no body."""
    path = live_path(template)
    with client.stream("GET", path) as get:
        status, headers = get.status_code, dict(get.headers)
    head = client.head(path)

    headers.pop("transfer-encoding", None)  # How a body is sent that a stream alone has.
    assert (head.status_code, head.content) == (status, b"")
    assert {**head.headers, "date": ""} == {**headers, "date": ""}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE"])
def test_unknown_path_is_404_for_every_method(method: str, client: httpx.Client) -> None:
    """Where there is nothing, every method is answered 404."""
    response = client.request(method, "/api/v1/nothing")

    assert response.status_code == 404
