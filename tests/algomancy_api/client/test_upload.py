"""Files leave from disk in pieces, with word of how far they are."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import pytest
import respx

from algomancy_api import ApiLauncher
from algomancy_api.client import BadRequest, UploadRejected
from algomancy_api.example import build_example_config
from tests.algomancy_api.client.client_faces import URL, Face, Recorder
from tests.repository import MASTER_DATA

SAMPLES = sorted((MASTER_DATA).iterdir())
ETL = f"{URL}/api/v1/sessions/main/etl"
REPORT = {"dataset_name": "Week 12", "success": True, "keys": ["Week 12"], "messages": []}
REJECTED = {
    "dataset_name": "Week 12",
    "success": False,
    "keys": [],
    "messages": [
        {"severity": "INFO", "message": "2 rows."},
        {"severity": "ERROR", "message": "Row 3 has no weight.", "table": "items", "column": "weight", "row": 3},
        {"severity": "CRITICAL", "message": "No locations."},
    ],
}


def test_etl_sends_a_form_with_all_files(face: Face, respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    """Name and files arrive as one multipart form; a path is sent as the file's bare name."""
    (tmp_path / "items.csv").write_bytes(b"id\n1\n")
    route = respx_mock.post(ETL).respond(json=REPORT)
    report = face.run_etl("Week 12", [tmp_path / "items.csv", str(tmp_path / "items.csv"), ("x.json", b"[]")])
    body = route.calls.last.request.content
    assert body.count(b'name="files"; filename="items.csv"') == 2
    assert b'name="dataset_name"\r\n\r\nWeek 12\r\n' in body
    assert b'filename="x.json"' in body
    assert b"id\n1\n" in body
    assert str(tmp_path).encode() not in body
    assert report.success


def test_etl_sends_names_that_are_no_text(face: Face, respx_mock: respx.MockRouter) -> None:
    """A file name of odd bytes is sent with question marks; a key of such is left to the server."""
    route = respx_mock.post(ETL).respond(json=REPORT)
    face.run_etl("K\udcff", [("a\udcff.csv", b"")])
    body = route.calls.last.request.content
    assert b'filename="a?.csv"' in body
    assert b'name="dataset_name"\r\n\r\nK\xed\xb3\xbf\r\n' in body


def test_etl_progress_counts_every_byte(face: Face, respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    """The callback hears a growing count, which ends at the size of the whole request."""
    (tmp_path / "items.csv").write_bytes(os.urandom(300_000))
    route = respx_mock.post(ETL).respond(json=REPORT)
    told: list[tuple[int, int]] = []
    face.run_etl("Week 12", [tmp_path / "items.csv"], on_progress=lambda sent, total: told.append((sent, total)))
    size = len(route.calls.last.request.content)
    assert {total for _, total in told} == {size}
    assert [sent for sent, _ in told] == sorted({sent for sent, _ in told})
    assert told[-1][0] == size > 300_000
    assert len(told) > 4


def test_etl_streams_from_disk(face: Face, respx_mock: respx.MockRouter, tmp_path: Path, monkeypatch: Any) -> None:
    """No more than a piece of a file is read at a time, and the file is closed afterwards."""
    (tmp_path / "items.csv").write_bytes(b"x" * 400_000)
    reads: list[int] = []
    opened: list[BinaryIO] = []
    original = Path.open

    class Watched(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(-1 if size is None else size)
            reads.append(len(data))
            return data

    def open_watched(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if path.suffix != ".csv":
            return original(path, mode, *args, **kwargs)
        opened.append(Watched(path))
        return opened[-1]

    monkeypatch.setattr(Path, "open", open_watched)
    respx_mock.post(ETL).respond(json=REPORT)
    face.run_etl("Week 12", [tmp_path / "items.csv"])
    assert sum(reads) == 400_000
    assert max(reads) < 100_000
    assert [file.closed for file in opened] == [True]


def test_etl_of_a_missing_file_sends_nothing(face: Face, respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    """A file that is not there is a builtin FileNotFoundError."""
    with pytest.raises(FileNotFoundError):
        face.run_etl("Week 12", [tmp_path / "items.csv"])
    assert len(respx_mock.calls) == 0


def test_etl_waits_long_for_its_answer(face: Face, respx_mock: respx.MockRouter) -> None:
    """Reading and checking files may take the server minutes."""
    route = respx_mock.post(ETL).respond(json=REPORT)
    face.run_etl("Week 12", [("items.csv", b"")])
    timeout = route.calls.last.request.extensions["timeout"]
    assert (timeout["read"], timeout["connect"]) == (600.0, 30.0)


def test_etl_is_sent_once(face: Face, respx_mock: respx.MockRouter) -> None:
    """An upload is not repeated by itself."""
    route = respx_mock.post(ETL).mock(side_effect=httpx.ReadError("reset"))
    with pytest.raises(ConnectionError):
        face.run_etl("Week 12", [("items.csv", b"")])
    assert route.call_count == 1


def test_rejected_upload_is_a_report_or_an_exception(face: Face, respx_mock: respx.MockRouter) -> None:
    """`run_etl` reports what was wrong with the data, `upload` raises it."""
    respx_mock.post(ETL).respond(json=REJECTED)
    report = face.run_etl("Week 12", [("items.csv", b"")])
    assert (report.success, report.messages[1].row) == (False, 3)
    with pytest.raises(UploadRejected, match=r"Dataset 'Week 12' was rejected: Row 3 has no weight\. \(and 1 more\)"):
        face.upload("Week 12", [("items.csv", b"")])


@pytest.fixture
def example_url(serve: Callable[[Any], str]) -> str:
    """The URL of a live, empty server of the example's kind."""
    return serve(ApiLauncher.build(build_example_config(initial_data_path=None)))


@pytest.fixture
def live_face(example_url: str, make_face: Callable[..., Face]) -> Face:
    """A client of that server."""
    return make_face(example_url, transport=Recorder())


def test_upload_makes_the_dataset_on_the_server(live_face: Face) -> None:
    """The sample files become a dataset whose tables come back with the right dtypes."""
    told: list[tuple[int, int]] = []
    report = live_face.upload("Week 12", SAMPLES, on_progress=lambda sent, total: told.append((sent, total)))
    assert report.keys == ["Week 12"]
    assert told[-1][0] == told[-1][1]
    tables = live_face.dataset("Week 12").tables
    assert len(tables["items"]) == 200
    kinds = {name: dtype.kind for name, dtype in tables["items"].dtypes.items()}
    assert (kinds["weight_kg"], kinds["fragile"], kinds["introduced_on"]) == ("f", "b", "M")


def test_upload_is_judged_by_the_server(live_face: Face, tmp_path: Path) -> None:
    """Data that does not pass is rejected with the server's findings, files that cannot be read are a bad request."""
    folder = shutil.copytree(MASTER_DATA, tmp_path / "data")
    items = (folder / "items.csv").read_text(encoding="utf-8").splitlines()
    (folder / "items.csv").write_text("\n".join([*items, items[-1]]), encoding="utf-8")
    with pytest.raises(UploadRejected) as caught:
        live_face.upload("Week 12", sorted(folder.iterdir()))
    assert caught.value.report.messages
    with pytest.raises(BadRequest, match="items"):
        live_face.upload("Week 12", [("items.csv", b"\x00\xff")])


def test_tables_travel_to_the_server_and_back(live_face: Face) -> None:
    """A DataFrame sent as a dataset comes back equal, dtypes and nulls included."""
    import pandas as pd

    table = pd.DataFrame(
        {
            "id": pd.Series([1, 2], dtype="int64"),
            "count": pd.Series([1, None], dtype="Int64"),
            "weight": [0.5, None],
            "name": ["Bolt", None],
            "fragile": [True, False],
            "when": pd.to_datetime(pd.Series(["2026-01-01", None])),
            "zone": pd.Categorical(["A", "B"]),
        }
    )
    assert live_face.add_dataset("mine", {"items": table}).keys == ["mine"]
    source = live_face.dataset("mine")
    pd.testing.assert_frame_equal(source.tables["items"], table)
    source.name = "again"
    live_face.add_dataset_from_json(source)
    live_face.add_dataset_from_json(live_face.get_dataset("again"))
    pd.testing.assert_frame_equal(live_face.dataset("again").tables["items"], table)
