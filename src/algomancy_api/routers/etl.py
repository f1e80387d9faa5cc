"""ETL: datasets from uploaded files (contract ETL)."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from algomancy_api.backend import EtlResultLike
from algomancy_api.backend_calls import calls_of
from algomancy_api.document.operation import Operations, SessionId
from algomancy_api.errors import (
    BAD_BODY,
    BAD_FILE,
    DATASET_IN_USE,
    TOO_LARGE,
    UNKNOWN_SESSION,
    BadInputError,
    InvalidRequestError,
)
from algomancy_api.http.bodies import limited
from algomancy_api.http.json_text import encode_json
from algomancy_api.http.names import file_at, shown, split_file_name
from algomancy_api.http.replies import reply
from algomancy_api.schemas import EtlReport

if TYPE_CHECKING:
    from algomancy_data.file import File

operations = Operations(
    "ETL", "Extract, validate, transform, load: makes a dataset of uploaded csv, json and xlsx files."
)

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


@operations.operation(
    "POST",
    "/sessions/{session_id}/etl",
    EtlReport,
    UNKNOWN_SESSION,
    BAD_FILE,
    DATASET_IN_USE,
    TOO_LARGE,
    BAD_BODY,
    extra=_UPLOAD,
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
            return _report(dataset_name, result, list(session.scenarios.get_data_keys()))

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
            shutil.copyfileobj(_content(upload), target, 1024 * 1024)
        files[stem] = file_at(path, stem, extension, name)
    return files


def _content(upload: UploadFile) -> BinaryIO:
    upload.file.seek(0)
    return upload.file


def _report(dataset_name: str, result: EtlResultLike, keys: list[str]) -> dict[str, Any]:
    messages = [message.to_dict() for message in getattr(result, "messages", None) or []]
    return {"dataset_name": dataset_name, "success": bool(result.is_success), "keys": keys, "messages": messages}
