"""Datasets (contract DAT)."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.responses import Response

from algomancy_api.backend import CompleteScenarioBackend
from algomancy_api.backend_calls import calls_of
from algomancy_api.document.operation import DataKey, Link, Operations, SessionId
from algomancy_api.errors import (
    BAD_KEY,
    BAD_PAYLOAD,
    DATASET_IN_USE,
    KEY_TAKEN,
    REFUSED_BY_PROJECT,
    TOO_LARGE,
    UNEXPECTED,
    UNKNOWN_DATASET,
    UNKNOWN_SESSION,
)
from algomancy_api.http.bodies import read_body
from algomancy_api.http.json_text import encode_json
from algomancy_api.http.replies import conditional_reply, location, reply
from algomancy_api.parameter_describer import describe_parameter_set
from algomancy_api.schemas import Dataset, DatasetKeys, DeriveDatasetRequest, ParameterList

operations = Operations(
    "Data",
    "Datasets, known by their keys. A key is 1 to 255 characters without `/` and control characters, and is not `.`, "
    "`..` or `from-json`.",
)

_LOCATION = {"Location": "Path of the new dataset."}
_CONDITIONAL = {"ETag": "Names this very body; send it back in `If-None-Match` to get 304 while it is unchanged."}
_ADDED = {"session_id": "$request.path.session_id", "data_key": "$request.body#/metadata/name"}
_DERIVED = {"session_id": "$request.path.session_id", "data_key": "$request.body#/new_key"}
_DATASET_BODY = {
    "requestBody": {
        "required": True,
        "description": "What `DataSource.to_json()` writes, and what reading a dataset returns.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/DatasetPayload"}}},
    }
}


@operations.operation("GET", "/sessions/{session_id}/data", DatasetKeys, UNKNOWN_SESSION)
async def list_datasets(request: Request, session_id: SessionId) -> Response:
    """List the datasets.

    Their keys, each of which can be fetched, derived from and deleted.
    """
    session = await calls_of(request).session(session_id)
    return await reply(request, await calls_of(request).look_up(_keys_json, session.scenarios))


@operations.operation(
    "POST",
    "/sessions/{session_id}/data/from-json",
    DatasetKeys,
    UNKNOWN_SESSION,
    BAD_PAYLOAD,
    DATASET_IN_USE,
    TOO_LARGE,
    status=201,
    headers=_LOCATION,
    links={
        "get": Link("get_dataset", _ADDED, "Reads the dataset."),
        "delete": Link("delete_dataset", _ADDED, "Deletes the dataset."),
    },
    extra=_DATASET_BODY,
)
async def add_dataset_from_json(request: Request, session_id: SessionId) -> Response:
    """Add a dataset from JSON.

    Its key is `metadata.name`. A dataset that has this key already is replaced, unless a scenario refers to it. The
    reply lists the keys; `Location` tells the dataset.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)
    payload = await read_body(request, request.app.state.config.max_json_bytes)

    def add() -> tuple[str, bytes]:
        return session.scenarios.add_datasource_from_json(payload), _keys_json(session.scenarios)

    key, keys = await calls.transfer(add)
    return await reply(request, keys, 201, location(request, "sessions", session.id, "data", key))


@operations.operation(
    "GET",
    "/sessions/{session_id}/data/{data_key}",
    Dataset,
    UNKNOWN_SESSION,
    UNKNOWN_DATASET,
    REFUSED_BY_PROJECT,
    UNEXPECTED,
    headers=_CONDITIONAL,
)
async def get_dataset(request: Request, session_id: SessionId, data_key: DataKey) -> Response:
    """Read a dataset.

    All its rows, as `DataSource.to_json()` writes them: send them to `from-json` to get an equal dataset.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)
    return await conditional_reply(request, await calls.transfer(session.scenarios.get_data_as_bytes, data_key))


@operations.operation(
    "DELETE",
    "/sessions/{session_id}/data/{data_key}",
    None,
    UNKNOWN_SESSION,
    UNKNOWN_DATASET,
    DATASET_IN_USE,
    status=204,
)
async def delete_dataset(request: Request, session_id: SessionId, data_key: DataKey) -> Response:
    """Delete a dataset.

    Not while a scenario refers to it.
    """
    session = await calls_of(request).session(session_id)
    await calls_of(request).write(session.scenarios.delete_data, data_key)
    return Response(status_code=204)


@operations.operation(
    "POST",
    "/sessions/{session_id}/data/{data_key}/derive",
    DatasetKeys,
    UNKNOWN_SESSION,
    UNKNOWN_DATASET,
    KEY_TAKEN,
    BAD_KEY,
    status=201,
    headers=_LOCATION,
    links={
        "get": Link("get_dataset", _DERIVED, "Reads the dataset."),
        "delete": Link("delete_dataset", _DERIVED, "Deletes the dataset."),
    },
)
async def derive_dataset(
    request: Request, session_id: SessionId, data_key: DataKey, body: DeriveDatasetRequest
) -> Response:
    """Derive a dataset.

    A copy with a new id and of type `derived_data`, under another key. The reply lists the keys; `Location` tells the
    new dataset.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)

    def derive() -> bytes:
        session.scenarios.derive_data(data_key, body.new_key)
        return _keys_json(session.scenarios)

    keys = await calls.transfer(derive)
    return await reply(request, keys, 201, location(request, "sessions", session.id, "data", body.new_key))


@operations.operation(
    "GET",
    "/sessions/{session_id}/data/{data_key}/parameters",
    ParameterList,
    UNKNOWN_SESSION,
    UNKNOWN_DATASET,
    REFUSED_BY_PROJECT,
    UNEXPECTED,
)
async def get_data_parameters(request: Request, session_id: SessionId, data_key: DataKey) -> Response:
    """Describe the parameters of a dataset.

    Those a scenario may set in `data_params`; often there are none.
    """
    session = await calls_of(request).session(session_id)

    def describe() -> list[dict[str, Any]]:
        return describe_parameter_set(session.scenarios.get_data_parameters(data_key))

    descriptors = await calls_of(request).transfer(describe)
    return await reply(request, encode_json({"name": data_key, "parameters": descriptors}))


def _keys_json(scenarios: CompleteScenarioBackend) -> bytes:
    return encode_json({"keys": list(scenarios.get_data_keys())})
