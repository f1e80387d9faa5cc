"""Upstream: upload `../x.csv` is written outside the temporary folder; dataset `..` empties the data folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from algomancy_api import ApiLauncher
from tests.hardening.crash import durable, payload
from tests.hardening.hardened_project import build_config

BASE = "/api/v1/sessions/main"
CSV = b"id;weight\n1;2,5\n"


@pytest.fixture
def http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A durable server in `tmp_path/data`, with its temporary files in `tmp_path/temporary`."""
    for name in ("data", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(tmp_path)
    app = ApiLauncher.build(build_config(**durable(tmp_path / "data")))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def files(folder: Path) -> set[str]:
    """Every path below `folder`."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


NAMES = {
    "parent": "../items.csv",
    "grandparent": "../../../../items.csv",
    "absolute": "/tmp/items.csv",
    "drive": "C:\\items.csv",
    "unc": "\\\\host\\share\\items.csv",
    "backslashes": "..\\..\\items.csv",
    "device": "CON.csv",
    "nul": "items\x00.csv",
    "long": "i" * 300 + ".csv",
    "right to left": "\u202eitems.csv",
    "dots": "....csv",
    "no stem": ".csv",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_upload_name_never_reaches_the_file_system(name: str, http: TestClient, tmp_path: Path) -> None:
    """Whatever an uploaded file is called, nothing is written but, at most, the dataset."""
    before = files(tmp_path)
    answer = http.post(f"{BASE}/etl", data={"dataset_name": "up"}, files={"files": (name, CSV, "text/csv")})
    assert answer.status_code in (200, 400)
    assert set(answer.json()) in ({"detail"}, {"dataset_name", "success", "keys", "messages"})
    created = files(tmp_path) - before
    assert created == ({path for path in created if path.endswith("/up.json")} if answer.status_code == 200 else set())


KEYS = {
    "dot": "%2e",
    "dot dot": "%2e%2e",
    "slash": "..%2f..%2fkept",
    "control": "a%00b",
    "newline": "a%0ab",
    "long": "k" * 256,
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_hostile_key_cannot_delete_anything(key: str, http: TestClient, tmp_path: Path) -> None:
    """A key that is a path, or holds one, is refused by every operation, and no file goes."""
    http.post(f"{BASE}/data/from-json", json=payload("kept", 1)).raise_for_status()
    before = files(tmp_path)
    for method, path in (("DELETE", ""), ("GET", ""), ("POST", "/derive")):
        answer = http.request(method, f"{BASE}/data/{key}{path}", json={"new_key": "x"} if path else None)
        assert answer.status_code in (400, 404, 405), (method, answer.text)
    assert files(tmp_path) == before
    assert http.get(f"{BASE}/data").json() == {"keys": ["kept"]}


@pytest.mark.parametrize("key", ["", ".", "..", "a/b", "../x", "from-json", "a\x00b", "a\u0085b", "k" * 256])
def test_illegal_key_is_refused_wherever_one_is_made(key: str, http: TestClient, tmp_path: Path) -> None:
    """Neither from-json, derive nor ETL makes a dataset with an illegal key."""
    http.post(f"{BASE}/data/from-json", json=payload("kept", 1)).raise_for_status()
    before = files(tmp_path)
    uploaded = {"files": ("items.csv", CSV, "text/csv")}
    assert http.post(f"{BASE}/data/from-json", json=payload(key, 1)).status_code == 400
    assert http.post(f"{BASE}/data/kept/derive", json={"new_key": key}).status_code == (400 if key else 422)
    assert http.post(f"{BASE}/etl", data={"dataset_name": key}, files=uploaded).status_code == (400 if key else 422)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    "key", ["CON", "a:b", "a\\b", "~", "-rf", "%2e%2e", "ünï☃", "k" * 255, "☃" * 255, "x.json", "meta"]
)
def test_unusual_legal_key_survives_a_restart(key: str, tmp_path: Path) -> None:
    """A key that is legal but awkward as a file name is stored, listed and fetched, also after a restart."""
    for attempt in ("first", "second"):
        app = ApiLauncher.build(build_config(**durable(tmp_path)))
        with TestClient(app) as http:
            if attempt == "first":
                http.post(f"{BASE}/data/from-json", json=payload(key, 5)).raise_for_status()
            assert http.get(f"{BASE}/data").json() == {"keys": [key]}
            scenario = {"tag": attempt, "dataset_key": key, "algo_name": "Instant"}
            assert http.post(f"{BASE}/scenarios", json=scenario).status_code == 201
