"""The backend in Node keeps the contract: a witness that shares no code with the reference."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import openpyxl
import pytest

from tests.repository import ROOT

BACKEND = ROOT / "example" / "node_backend"
ROWS = [("item", "kg", "value"), ("Désk & <lamp>", 12.5, 30), ("Rug", 7, 80)]


def node_version() -> int:
    """The major version of the Node that is installed; 0 without one."""
    if shutil.which("node") is None:
        return 0
    return int(
        subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout[1:].split(".")[0]
    )


pytestmark = pytest.mark.skipif(node_version() < 20, reason="Node 20 or later is not installed")


@pytest.fixture
def url() -> Iterator[str]:
    """The address that the backend prints, on a free port."""
    server = subprocess.Popen(["node", BACKEND / "server.mjs", "0"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    overdue = threading.Timer(30, server.kill)
    overdue.start()
    address = server.stdout.readline().strip()
    overdue.cancel()
    yield address
    server.terminate()
    server.communicate(timeout=30)


@pytest.mark.timeout(300)
def test_node_backend_conforms(url: str) -> None:
    """It keeps every clause that binds all backends, and none of them stays untested."""
    kit = Path(sys.executable).with_name("algomancy-conformance")
    options = ["--profile", "seed", "--examples", "5", "--seed", "1"]
    done = subprocess.run([kit, "run", url, *options], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout
    musts = re.search(r"^all +(\d+)/(\d+)", done.stdout, re.MULTILINE)
    assert musts is not None
    assert musts[1] == musts[2]


def csv_file() -> bytes:
    """The rows as csv, with a cell that needs quotation marks."""
    return "\n".join(";".join(f'"{cell}"' for cell in row) for row in ROWS).encode()


def xlsx_file() -> bytes:
    """The rows as a workbook."""
    workbook = openpyxl.Workbook()
    for row in ROWS:
        workbook.worksheets[0].append(list(row))
    workbook.save(content := io.BytesIO())
    return content.getvalue()


def json_file() -> bytes:
    """The rows as JSON."""
    return httpx.Request("POST", "http://x", json=[dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]]).content


@pytest.mark.parametrize(("extension", "make"), [("csv", csv_file), ("XLSX", xlsx_file), ("json", json_file)])
def test_node_backend_reads_uploads(url: str, extension: str, make: Callable[[], bytes]) -> None:
    """A csv, a workbook and a json file with the same rows make the same dataset."""
    sent = {"files": (f"items.{extension}", make())}
    reply = httpx.post(f"{url}/api/v1/sessions/main/etl", data={"dataset_name": "Märch"}, files=sent)

    assert reply.json()["success"], reply.text
    rows = httpx.get(f"{url}/api/v1/sessions/main/data/M%C3%A4rch").json()["tables"]["items"]["data"]
    assert [tuple(row.values()) for row in rows] == ROWS[1:]


def test_node_backend_tells_the_row_of_a_wrong_cell(url: str) -> None:
    """A number that is none keeps the dataset out; the message has the row as a spreadsheet shows it."""
    sent = {"files": ("items.csv", b"item,kg,value\nRug,7,80\n\nDesk,heavy,30\n")}
    report = httpx.post(f"{url}/api/v1/sessions/main/etl", data={"dataset_name": "New"}, files=sent).json()

    assert (report["success"], report["keys"]) == (False, ["Master data"])
    assert [(m["row"], m["column"], m["message"]) for m in report["messages"]] == [
        (4, "kg", "'kg' must be a number, not 'heavy'.")
    ]


def test_node_backend_refuses_what_it_cannot_keep(url: str) -> None:
    """A number that a double cannot hold is told, not rounded."""
    sent = {"files": ("items.csv", b"item,kg,value\nRug,7,9007199254740993\n")}
    report = httpx.post(f"{url}/api/v1/sessions/main/etl", data={"dataset_name": "New"}, files=sent).json()

    assert not report["success"]
    assert "9007199254740993" in report["messages"][0]["message"]


def test_node_backend_is_small() -> None:
    """It has less than 500 lines of code, comments apart, and imports nothing but Node and itself."""
    texts = [path.read_text(encoding="utf-8") for path in BACKEND.glob("*.mjs")]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    assert sum(1 for line in lines if line and not line.startswith(("//", "/*", "*"))) < 500
    assert all(name.startswith(("node:", "./")) for text in texts for name in re.findall(r' from "(.*)"', text))
