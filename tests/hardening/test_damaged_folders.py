"""Upstream: a truncated `meta.json` keeps the server from starting; two processes on one folder disagree."""

from __future__ import annotations

import json
import logging
import subprocess
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from algomancy_api import ApiLauncher
from tests.hardening.crash import arguments, durable, payload, server_process
from tests.hardening.hardened_project import build_config

CSV = "id;weight\n1;2,5\n2;3,5\n"


def client(folder: Path) -> TestClient:
    """A client of a durable server on `folder`; use it as a context manager, so that the folder is let go."""
    return TestClient(ApiLauncher.build(build_config(**durable(folder))))


def session_folder(folder: Path) -> Path:
    """The folder of the one session below `folder`."""
    (meta,) = folder.glob("*/meta.json")
    return meta.parent


@pytest.mark.parametrize("text", ["", '{"id": "x', "[]", '{"id": 3}'], ids=["empty", "truncated", "list", "wrong type"])
def test_truncated_meta_is_set_aside_and_everything_else_loads(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged `meta.json` is renamed, named in a warning, and its session's data still loads."""
    with client(tmp_path) as http:
        http.post("/api/v1/sessions/main/data/from-json", json=payload("kept", 7)).raise_for_status()
    meta = session_folder(tmp_path) / "meta.json"
    meta.write_text(text, encoding="utf-8")
    with caplog.at_level(logging.WARNING), client(tmp_path) as http:
        (session,) = http.get("/api/v1/sessions").json()["sessions"]
        assert http.get(f"/api/v1/sessions/{session['id']}/data").json() == {"keys": ["kept"]}
    assert [text] == [file.read_text(encoding="utf-8") for file in meta.parent.glob("meta.json*.corrupt*")]
    assert "meta.json" in caplog.text


@pytest.mark.parametrize("kind", ["dataset", "scenario"])
def test_half_written_files_are_set_aside(kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A truncated dataset or scenario file gets the suffix `.corrupt`; the others load."""
    with client(tmp_path) as http:
        base = "/api/v1/sessions/main"
        for key in ("one", "two"):
            http.post(f"{base}/data/from-json", json=payload(key, 7)).raise_for_status()
        for tag in ("first", "second"):
            body = {"tag": tag, "dataset_key": "two", "algo_name": "Instant"}
            http.post(f"{base}/scenarios", json=body).raise_for_status()
        damaged = http.get(f"{base}/scenarios").json()[0]["id"]
    name = "one.json" if kind == "dataset" else f"{damaged}.json"
    (file,) = tmp_path.rglob(name)
    file.write_bytes(file.read_bytes()[:-20])
    with caplog.at_level(logging.WARNING), client(tmp_path) as http:
        assert http.get(f"{base}/data").json()["keys"] == (["two"] if kind == "dataset" else ["one", "two"])
        tags = [scenario["tag"] for scenario in http.get(f"{base}/scenarios").json()]
        assert tags == (["first", "second"] if kind == "dataset" else ["second"])
    assert len(list(tmp_path.rglob(f"{name}*.corrupt*"))) == 1
    assert name in caplog.text


def test_second_server_on_a_folder_refuses_and_names_the_first(tmp_path: Path) -> None:
    """The second server on one data folder does not start; its message has the first one's process id."""
    with server_process(**durable(tmp_path)) as (_, first):
        command = arguments(**durable(tmp_path))
        second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode != 0
    assert str(first.pid) in second.stderr.splitlines()[-1]


def test_folder_is_free_again_after_kill_9(tmp_path: Path) -> None:
    """A killed server leaves no lock that keeps the next one out."""
    with server_process(**durable(tmp_path)) as (_, first):
        first.kill()
        first.wait(10)
    with server_process(**durable(tmp_path)) as (url, _):
        assert httpx.get(f"{url}/health").status_code == 200


def test_raw_master_files_are_never_altered(tmp_path: Path) -> None:
    """A raw dataset is loaded by ETL; deleting it, or its session, leaves the user's files as they were."""
    raw = tmp_path / "plant" / "Master data"
    raw.mkdir(parents=True)
    file = raw / "items.csv"
    file.write_text(CSV, encoding="utf-8")
    before = file.stat().st_mtime_ns
    with client(tmp_path) as http:
        base = "/api/v1/sessions/plant"
        table = http.get(f"{base}/data/Master data").json()["tables"]["items"]
        assert table["data"] == [{"id": 1, "weight": 2.5}, {"id": 2, "weight": 3.5}]
        assert http.delete(f"{base}/data/Master data").status_code == 204
    with client(tmp_path) as http:
        assert http.get(f"{base}/data").json() == {"keys": []}
        assert http.delete(base).status_code == 200
    with client(tmp_path) as http:
        assert http.get(base).status_code == 404
    assert file.read_text(encoding="utf-8") == CSV
    assert file.stat().st_mtime_ns == before


def test_upstream_folder_opens_unchanged(tmp_path: Path) -> None:
    """A folder with `meta.json`, raw files and `to_json()` files loads, and starting changes none of them."""
    session = tmp_path / "main"
    (session / "Raw").mkdir(parents=True)
    (session / "Raw" / "items.csv").write_text(CSV, encoding="utf-8")
    (session / "Stored.json").write_text(json.dumps(payload("Stored", 4)), encoding="utf-8")
    identifier = "0b0e9a52-7f0b-4b37-9a11-1d9f3f6f6f10"
    (session / "meta.json").write_text(json.dumps({"id": identifier, "display_name": "Plant 1"}), encoding="utf-8")
    before = {file: file.read_bytes() for file in session.rglob("*") if file.is_file()}
    with client(tmp_path) as http:
        assert http.get("/api/v1/sessions").json()["sessions"] == [{"id": identifier, "display_name": "Plant 1"}]
        assert sorted(http.get(f"/api/v1/sessions/{identifier}/data").json()["keys"]) == ["Raw", "Stored"]
        stored = http.get(f"/api/v1/sessions/{identifier}/data/Stored").json()
    assert stored["tables"]["items"]["data"] == [{"id": 4, "weight": 2.0}]
    assert {file: file.read_bytes() for file in before} == before
