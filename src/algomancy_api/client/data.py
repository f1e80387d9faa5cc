"""The operations on datasets, and their way to and from pandas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from algomancy_api.client.exceptions import UnexpectedReply, UploadRejected
from algomancy_api.client.flow import SLOW_ANSWER, Api, Call, Flow
from algomancy_api.client.upload import Upload, UploadFile, UploadProgress
from algomancy_api.schemas import Dataset, DatasetKeys, EtlReport, ParameterList

if TYPE_CHECKING:
    import pandas as pd

    from algomancy_data import DataSource


def list_datasets(api: Api) -> Flow[DatasetKeys]:
    """The keys of the session's datasets."""
    return api.fetch(Call("GET", api.session_path("data")), DatasetKeys)


def get_dataset(api: Api, key: str) -> Flow[Dataset]:
    """A dataset as it travels: metadata, and rows as objects. `dataset` gives pandas tables instead.

    Raises:
        NotFound: there is no such dataset.
    """
    return api.fetch(Call("GET", api.session_path("data", key)), Dataset)


def dataset(api: Api, key: str) -> Flow[DataSource]:
    """A dataset with its tables as pandas DataFrames of the right dtypes: `client.dataset(key).tables["items"]`.

    Raises:
        NotFound: there is no such dataset.
        UnexpectedReply: the server's dataset is none that pandas can hold.
    """
    response = yield from api.send(Call("GET", api.session_path("data", key)))
    from algomancy_data import DataSource

    try:
        return DataSource.from_json(response.content)
    except ValueError as error:
        raise UnexpectedReply(f"Dataset '{key}' cannot be turned into tables: {error}") from error


def get_data_parameters(api: Api, key: str) -> Flow[ParameterList]:
    """The parameters a dataset has for each scenario (an optional operation).

    Raises:
        NotFound: there is no such dataset, or the server does not offer this.
    """
    return api.fetch(Call("GET", api.session_path("data", key, "parameters")), ParameterList)


def delete_dataset(api: Api, key: str) -> Flow[None]:
    """Delete a dataset.

    Raises:
        NotFound: there is no such dataset.
        Conflict: a scenario reads it.
    """
    yield from api.send(Call("DELETE", api.session_path("data", key)))


def derive_dataset(api: Api, key: str, new_key: str) -> Flow[DatasetKeys]:
    """Copy a dataset under a new key, as data derived from it; gives the session's keys.

    Raises:
        NotFound: there is no dataset `key`.
        Conflict: there is a dataset `new_key` already.
    """
    return api.fetch(Call("POST", api.session_path("data", key, "derive"), {"new_key": new_key}), DatasetKeys)


def add_dataset_from_json(  # noqa: D417 - callers see a method, without `api`
    api: Api, payload: str | bytes | Mapping[str, Any] | Dataset | DataSource
) -> Flow[DatasetKeys]:
    """Add a dataset, or replace the one of that name; gives the session's keys.

    Args:
        payload: what `DataSource.to_json()` gives, as text or parsed; such a data source itself; or what `get_dataset`
            gave. Its `metadata.name` is the key.

    Raises:
        BadRequest: it is no such payload.
        Conflict: a scenario reads the dataset that would be replaced.
    """
    content: bytes | Mapping[str, Any]
    if isinstance(payload, bytes | Mapping):
        content = payload
    elif isinstance(payload, Dataset):
        content = payload.model_dump_json().encode()
    else:
        content = (payload if isinstance(payload, str) else payload.to_json()).encode("utf-8", "surrogatepass")
    return api.fetch(Call("POST", api.session_path("data", "from-json"), content, patience=SLOW_ANSWER), DatasetKeys)


def add_dataset(api: Api, key: str, tables: Mapping[str, pd.DataFrame]) -> Flow[DatasetKeys]:
    """Add pandas tables as a dataset of their own, or replace the one of that key; gives the session's keys.

    Raises:
        BadRequest: the key is no possible one.
        Conflict: a scenario reads the dataset that would be replaced.
    """
    from algomancy_data import DataClassification, DataSource

    source = DataSource(DataClassification.MASTER_DATA, key)
    for name, table in tables.items():
        source.add_table(name, table)
    return add_dataset_from_json(api, source)


def run_etl(  # noqa: D417 - callers see a method, without `api`
    api: Api, dataset_name: str, files: Iterable[UploadFile], *, on_progress: UploadProgress | None = None
) -> Flow[EtlReport]:
    """Have files read, checked and stored as a dataset. Whether that went well is told by the report's `success`.

    Args:
        dataset_name: key of the dataset to make or replace.
        files: paths of files, streamed from disk, or `(name, content)` pairs; csv, json and xlsx.
        on_progress: told the bytes sent and the bytes there are, as they leave.

    Raises:
        BadRequest: the server cannot read a file, or one is missing.
        Conflict: a scenario reads the dataset that would be replaced.
        PayloadTooLarge: the files are over the server's limit.
        OSError: a file is missing here, or cannot be read.
    """
    upload = Upload({"dataset_name": dataset_name}, tuple(files), on_progress)
    return api.fetch(Call("POST", api.session_path("etl"), upload=upload, patience=SLOW_ANSWER), EtlReport)


def upload(
    api: Api, dataset_name: str, files: Iterable[UploadFile], *, on_progress: UploadProgress | None = None
) -> Flow[EtlReport]:
    """Do as `run_etl`, and raise an exception where the data did not pass validation.

    Raises:
        UploadRejected: it did not; nothing was stored.
    """
    report = yield from run_etl(api, dataset_name, files, on_progress=on_progress)
    if not report.success:
        raise UploadRejected(report)
    return report
