"""Every operation sends the right request and reads the reply: that of the document's example, and the server's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import respx

from algomancy_api import ApiLauncher
from algomancy_api.client import AlgomancyClient
from algomancy_api.example import build_example_config
from tests.algomancy_api.client.client_faces import URL, Face, Recorder
from tests.algomancy_api.client.operation_cases import CASES, DATASET, Case, World

every_case = pytest.mark.parametrize("case", CASES, ids=[case.operation for case in CASES])


def target(case: Case, world: World) -> tuple[str, str]:
    """The method and the path with its query that a case should ask for."""
    method, path = case.request.split()
    prefix = "/api/v1"
    return method, path.format(p=prefix, s=f"{prefix}/sessions/main", **vars(world))


def asked(request: httpx.Request) -> tuple[str, str]:
    """The method and the path with its query of a request."""
    return request.method, request.url.raw_path.decode()


@every_case
def test_operation_sends_its_request_and_reads_the_reply(case: Case, face: Face, respx_mock: respx.MockRouter) -> None:
    """The request has the method, path and body of the contract, and the reply becomes the model."""
    world = World()
    reply = httpx.Response(case.status) if case.reply is None else httpx.Response(case.status, json=case.reply)
    route = respx_mock.route(host="backend.test").mock(return_value=reply)
    result = getattr(face, case.operation)(*case.arguments(world))
    request = route.calls.last.request
    assert asked(request) == target(case, world)
    assert (json.loads(request.content) if request.content else None) == case.body
    assert (result is None) == (case.reply is None)


@pytest.fixture(scope="module")
def master_data() -> bytes:
    """The example's dataset, read from its files once."""
    app = ApiLauncher.build(build_example_config())
    (session,) = app.state.session_manager.list_sessions()
    data: bytes = app.state.session_manager.get_scenario_manager(session["id"]).get_data_as_bytes("Master data")
    app.state.session_manager.close()
    return data


def furnished(url: str, master_data: bytes) -> World:
    """Put into an empty server what the cases speak of."""
    with AlgomancyClient(url) as client:
        client.add_dataset_from_json(master_data)
        sessions = client.create_session("spare").sessions
        ids = {session.display_name: session.id for session in sessions}
        client.add_dataset_from_json({**DATASET, "metadata": {**DATASET["metadata"], "name": "unused"}})
        complete = client.run_and_wait("Greedy slotting", "Master data")
        created = client.create_scenario("new", "Master data", "Slow")
        running = client.run_scenario(client.create_scenario("running", "Master data", "Slow", {"duration": 60}))
        while client.get_scenario_status(running).status != "processing":
            time.sleep(0.002)
        return World(ids["main"], ids["spare"], created.id, running.id, complete.id, complete.input_data_id)


@pytest.mark.parametrize("make_face", ["blocking"], indirect=True)  # both send the same requests, as shown above
@every_case
def test_operation_agrees_with_the_server(
    case: Case, make_face: Callable[..., Face], serve: Callable[[Any], str], master_data: bytes
) -> None:
    """The live server takes the very request, and its reply becomes what it should."""
    url = serve(ApiLauncher.build(build_example_config(initial_data_path=None)))
    world = furnished(url, master_data)
    recorder = Recorder()
    face = make_face(url, transport=recorder)
    result = getattr(face, case.operation)(*case.arguments(world))
    ((request, response),) = recorder.exchanges
    assert asked(request) == target(case, world)
    assert response.status_code == case.status
    assert (result is None) == (not response.content)
    assert case.check(result)


def test_operations_are_all_covered() -> None:
    """Every operation is a method of the client and has a case; uploads and events have tests of their own."""
    from algomancy_api.openapi import openapi_document

    paths = openapi_document()["paths"].values()
    operations = {
        operation["operationId"] for path in paths for operation in path.values() if "operationId" in operation
    }
    assert operations <= set(dir(AlgomancyClient))
    assert operations - {case.operation for case in CASES} == {"run_etl", "get_events"}


def test_names_are_quoted_in_paths(face: Face, respx_mock: respx.MockRouter) -> None:
    """Whatever characters a key has, it stays one segment of the path."""
    route = respx_mock.delete(host="backend.test").respond(204)
    for key, segment in [
        ("a b/c?d#e", "a%20b%2Fc%3Fd%23e"),
        ("100%", "100%25"),
        ("..", "%2E%2E"),
        ("Łódź", "%C5%81%C3%B3d%C5%BA"),
    ]:
        face.delete_dataset(key)
        assert route.calls.last.request.url.raw_path.decode() == f"/api/v1/sessions/main/data/{segment}"


@pytest.mark.parametrize(
    "base", [URL, f"{URL}/", f"{URL}/api/v1", f"{URL}/api/v1/"], ids=["bare", "slash", "prefix", "prefix and slash"]
)
def test_base_url_may_hold_the_prefix(base: str, make_face: Callable[..., Face], respx_mock: respx.MockRouter) -> None:
    """The base of the documented paths is understood as well as the server's own address."""
    route = respx_mock.get(f"{URL}/api/v1/sessions/main/kpis").respond(json={"kpis": []})
    make_face(base).list_kpis()
    assert route.called


@pytest.mark.parametrize("base", ["", "127.0.0.1:8051", "ftp://x", "http://", "http://x/?a=b"])
def test_base_url_that_is_none_is_refused(base: str, make_face: Callable[..., Face]) -> None:
    """A client is not made for what is no address."""
    with pytest.raises(ValueError, match=r"must look like http://127\.0\.0\.1:8051"):
        make_face(base)


def test_token_session_and_prefix_are_sent(make_face: Callable[..., Face], respx_mock: respx.MockRouter) -> None:
    """The token goes into a header, session and prefix into the path."""
    route = respx_mock.get(f"{URL}/v9/sessions/north%20side/kpis").respond(json={"kpis": []})
    make_face(session="north side", token="s3cret", prefix="v9/").list_kpis()
    assert route.calls.last.request.headers["Authorization"] == "Bearer s3cret"


def test_session_can_be_switched(face: Face, respx_mock: respx.MockRouter) -> None:
    """A client of another session shares connections with the first one, which stays in its own."""
    route = respx_mock.get(url__regex=".*").respond(json={"keys": []})
    other = Face(face.client.in_session("other"), face._runner)
    other.list_datasets()
    face.list_datasets()
    paths = [call.request.url.path for call in route.calls]
    assert paths == ["/api/v1/sessions/other/data", "/api/v1/sessions/main/data"]
    assert (other.client.session, other.client.base_url) == ("other", URL)


def test_nothing_processing_is_none(face: Face, respx_mock: respx.MockRouter) -> None:
    """`null` for the running scenario becomes None."""
    respx_mock.get(url__regex=".*").respond(content=b"null")
    assert face.get_processing() is None


def test_request_bodies_hold_moments_and_numpy_numbers(face: Face, respx_mock: respx.MockRouter) -> None:
    """Parameters may be moments, numpy numbers and sets."""
    from datetime import date, datetime

    import numpy as np

    from tests.algomancy_api.client.operation_cases import scenario

    route = respx_mock.post(url__regex=".*").respond(201, json=scenario())
    values = {"start": datetime(2026, 1, 2, 3), "day": date(2026, 1, 2), "n": np.int64(3), "zones": {"B", "A"}}
    face.create_scenario("tag", "Master data", "Slow", values)
    sent = json.loads(route.calls.last.request.content)["algo_params"]
    assert sent == {"start": "2026-01-02T03:00:00", "day": "2026-01-02", "n": 3, "zones": ["A", "B"]}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()], ids=["nan", "inf", "object"])
def test_request_bodies_refuse_what_json_cannot_hold(value: Any, face: Face) -> None:
    """Nothing is sent in place of a value that has no JSON form."""
    with pytest.raises((ValueError, TypeError), match="JSON"):
        face.create_scenario("tag", "Master data", "Slow", {"n": value})
