"""Datasets (contract DAT), and ETL, which makes them of uploaded files (contract ETL)."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from algomancy_api.backend import CompleteScenarioBackend
from algomancy_api.backend_calls import calls_of
from algomancy_api.errors import (
    BAD_BODY,
    BAD_FILE,
    BAD_KEY,
    BAD_PAYLOAD,
    DATASET_IN_USE,
    KEY_TAKEN,
    REFUSED_BY_PROJECT,
    TOO_LARGE,
    UNEXPECTED,
    BadInputError,
    InvalidRequestError,
)
from algomancy_api.http.bodies import limited, read_body
from algomancy_api.http.names import file_at, shown, split_file_name
from algomancy_api.http.replies import CONDITIONAL, conditional_reply, encode_json, location, reply
from algomancy_api.parameter_describer import describe_parameter_set
from algomancy_api.routers.operation import DataKey, Link, Operations, SessionId
from algomancy_api.schemas import Dataset, DatasetKeys, DeriveDatasetRequest, EtlReport, ParameterList

if TYPE_CHECKING:
    from algomancy_data.file import File

operations = Operations(
    "Data",
    "Datasets, known by their keys. A key is 1 to 255 characters without `/` and control characters, and is not `.`, "
    "`..` or `from-json`.",
)

etl = Operations("ETL", "Extract, validate, transform, load: makes a dataset of uploaded csv, json and xlsx files.")

_LOCATION = {"Location": "Path of the new dataset."}
_ADDED = {"session_id": "$request.path.session_id", "data_key": "$request.body#/metadata/name"}
_DERIVED = {"session_id": "$request.path.session_id", "data_key": "$request.body#/new_key"}
_DATASET_BODY = {
    "requestBody": {
        "required": True,
        "description": "What `DataSource.to_json()` writes, and what reading a dataset returns.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/DatasetPayload"}}},
    }
}
_MAX_FILES = 1_000

_UPLOAD = {
    "requestBody": {
        "required": True,
        "description": "The key of the dataset and the files it is made of.",
        "content": {
            "multipart/form-data": {
                "schema": {"$ref": "#/components/schemas/EtlUpload"},
                "encoding": {"files": {"contentType": "text/csv, application/json, application/octet-stream"}},
            }
        },
    }
}


@operations.operation("GET", "/sessions/{session_id}/data", DatasetKeys)
async def list_datasets(request: Request, session_id: SessionId) -> Response:
    """List the datasets.

    Their keys, each of which can be fetched, derived from and deleted.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)
    return await reply(request, await calls.look_up(_keys_json, session.scenarios))


@operations.operation(
    "POST",
    "/sessions/{session_id}/data/from-json",
    DatasetKeys,
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
    "GET", "/sessions/{session_id}/data/{data_key}", Dataset, REFUSED_BY_PROJECT, UNEXPECTED, headers=CONDITIONAL
)
async def get_dataset(request: Request, session_id: SessionId, data_key: DataKey) -> Response:
    """Read a dataset.

    All its rows, as `DataSource.to_json()` writes them: send them to `from-json` to get an equal dataset.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)
    return await conditional_reply(request, await calls.transfer(session.scenarios.get_data_as_bytes, data_key))


@operations.operation("DELETE", "/sessions/{session_id}/data/{data_key}", None, DATASET_IN_USE, status=204)
async def delete_dataset(request: Request, session_id: SessionId, data_key: DataKey) -> Response:
    """Delete a dataset.

    Not while a scenario refers to it.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)
    await calls.write(session.scenarios.delete_data, data_key)
    return Response(status_code=204)


@operations.operation(
    "POST",
    "/sessions/{session_id}/data/{data_key}/derive",
    DatasetKeys,
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
    "GET", "/sessions/{session_id}/data/{data_key}/parameters", ParameterList, REFUSED_BY_PROJECT, UNEXPECTED
)
async def get_data_parameters(request: Request, session_id: SessionId, data_key: DataKey) -> Response:
    """Describe the parameters of a dataset.

    Those a scenario may set in `data_params`; often there are none.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)

    def describe() -> dict[str, Any]:
        return describe_parameter_set(session.scenarios.get_data_parameters(data_key))

    described = await calls.transfer(describe)
    return await reply(request, encode_json({**described, "name": data_key}))


@etl.operation(
    "POST", "/sessions/{session_id}/etl", EtlReport, BAD_FILE, DATASET_IN_USE, TOO_LARGE, BAD_BODY, extra=_UPLOAD
)
async def run_etl(request: Request, session_id: SessionId) -> Response:
    """Make a dataset of files.

    A file's stem is its logical name, its extension (csv, json or xlsx) selects the reader. Data that does not pass
    validation is reported with `success: false`, and then nothing is stored. A dataset that has this key already is
    replaced, unless a scenario refers to it.
    """
    calls = calls_of(request)
    session = await calls.session(session_id)
    _refuse_charset(request)
    upload = limited(request, request.app.state.config.max_upload_bytes)
    async with upload.form(max_files=_MAX_FILES) as form:
        dataset_name = _dataset_name(form)
        uploads = [part for name, part in form.multi_items() if name == "files" and isinstance(part, UploadFile)]

        def load() -> dict[str, Any]:
            with TemporaryDirectory(prefix="algomancy-etl-") as folder:
                result = session.scenarios.etl_data(_stored(uploads, Path(folder)), dataset_name)
            return {
                "dataset_name": dataset_name,
                "success": bool(result.is_success),
                "keys": list(session.scenarios.get_data_keys()),
                "messages": [message.to_dict() for message in getattr(result, "messages", None) or []],
            }

        return await reply(request, encode_json(await calls.upload(load)))


def _refuse_charset(request: Request) -> None:
    """Refuse a form in another encoding than UTF-8: among Python's are some that take for ever, or raise anything."""
    _, options = parse_options_header(request.headers.get("content-type"))
    charset = options.get(b"charset", b"utf-8")
    if charset.lower() not in (b"utf-8", b"utf8", b"us-ascii"):
        raise BadInputError("The form must be in UTF-8: send it without 'charset'.")


def _dataset_name(form: FormData) -> str:
    names = form.getlist("dataset_name")
    if not names:
        raise InvalidRequestError("Field 'dataset_name' is required.")
    if len(names) > 1 or not isinstance(names[0], str):
        raise InvalidRequestError("Field 'dataset_name' must be one text.")
    if not names[0]:
        raise InvalidRequestError("Field 'dataset_name' must not be empty.")
    return names[0]


def _stored(uploads: list[UploadFile], folder: Path) -> dict[str, File]:
    """Write the uploads to a folder, under names of our own, and return them by logical name (contract ETL-4)."""
    if not uploads:
        raise ValueError("Field 'files' must hold at least one file.")
    files: dict[str, File] = {}
    for number, upload in enumerate(uploads):
        name = upload.filename or ""
        stem, extension = split_file_name(name)
        if stem in files:
            raise ValueError(f"File {shown(name)} has the same name as another one of the upload: {shown(stem)}.")
        path = folder / f"{number}.{extension}"
        with path.open("wb") as target:
            upload.file.seek(0)
            shutil.copyfileobj(upload.file, target, 1024 * 1024)
        files[stem] = file_at(path, stem, extension, name)
    return files


def _keys_json(scenarios: CompleteScenarioBackend) -> bytes:
    return encode_json({"keys": list(scenarios.get_data_keys())})
