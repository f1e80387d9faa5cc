"""The rows of datasets: read, sent as JSON, and made of files."""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.benchmarks.bench import Bench, Row, another_client, client, create, new_session, seconds_of, upload
from tests.benchmarks.processes import HERE, server
from tests.benchmarks.project import orders_csv, orders_json, orders_xlsx, stock_csv


def dataset(bench: Bench) -> Row:
    """GET a dataset of 100,000 rows and ten columns."""
    row = Row("GET dataset, 100,000 rows")
    content = stock_csv(100_000)
    first, repeated, limits, peaks = [], [], [], []
    with server("bare") as bare:
        for _ in range(bench.repeat):
            with bench.subject() as ours, client() as http:
                session = new_session(ours)
                upload(session, "small", stock_csv(10))  # The first file imports the libraries.
                http.get(f"{session}/data/small")
                idle = ours.memory()
                upload(session, "large", content)
                ours.forget_peak()
                url = f"{session}/data/large"
                first.append(seconds_of(lambda: http.get(url)))  # noqa: B023 - called here and now
                body = http.get(url).content
                peaks.append((ours.memory("VmHWM") - idle) / len(body))
                http.put(f"{bare.url}/body", content=body)
                for _ in range(5):
                    limits.append(seconds_of(lambda: http.get(f"{bare.url}/body")))
                    repeated.append(seconds_of(lambda: http.get(url)))  # noqa: B023
    row.figures = {
        "MB": len(body) / 1e6,
        "first s": statistics.median(first),
        "repeated ms": statistics.median(repeated) * 1e3,
        "bare ms": statistics.median(limits) * 1e3,
        "peak over idle, × body": statistics.median(peaks),
    }
    row.goals = {
        "first ≤ 0.30 s": row.figures["first s"] <= 0.30,
        "repeated ≤ 3 × bare": statistics.median(repeated) <= 3 * statistics.median(limits),
        "peak RSS ≤ 3 × body over idle": row.figures["peak over idle, × body"] <= 3,
    }
    return row


def from_json(bench: Bench) -> Row:
    """POST that dataset to from-json, while another client asks for a status."""
    row = Row("from-json of it")
    times, worst = [], []
    with bench.subject() as ours, client() as http:
        session = new_session(ours)
        status_url = f"{session}/scenarios/{create(session, 'one')['id']}/status"
        upload(session, "large", stock_csv(100_000))
        body = http.get(f"{session}/data/large").content
        for number in range(bench.repeat + 1):
            sent = body.replace(b'"name":"large"', b'"name":"copy%d"' % number, 1)
            with another_client(status_url) as waits:
                took = seconds_of(lambda: http.post(f"{session}/data/from-json", content=sent))  # noqa: B023
            if number:  # the first one also starts the worker process
                times.append(took)
                worst.append(max(waits))
    row.figures = {"s": statistics.median(times), "worst other ms": statistics.median(worst) * 1e3}
    row.goals = {
        "≤ 0.25 s": row.figures["s"] <= 0.25,
        "worst other request ≤ 50 ms": row.figures["worst other ms"] <= 50,
    }
    return row


def _alone(path: Path) -> float:
    """How long the library that reads such a file takes alone, in a process as fresh as the server's."""
    command = [sys.executable, str(HERE / "read_alone.py"), str(path)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _etl(name: str, content: bytes, file_name: str, ratio: float, bytes_in_memory: int, bench: Bench) -> Row:
    """ETL of a file against the library that reads it; and again while another client asks for a status."""
    row = Row(name)
    times, alone, ratios, waits, peaks = [], [], [], [], []
    with tempfile.NamedTemporaryFile(suffix=f".{file_name.rpartition('.')[2]}") as copy:
        copy.write(content)
        copy.flush()
        for _ in range(bench.repeat):
            with bench.subject() as ours:
                session = new_session(ours)
                status_url = f"{session}/scenarios/{create(session, 'one')['id']}/status"
                # The first file also imports the libraries, and starts the worker process.
                upload(session, "first", content, file_name)
                httpx.delete(f"{session}/data/first")
                alone.append(_alone(Path(copy.name)))
                idle = ours.memory()
                ours.forget_peak()
                times.append(upload(session, "large", content, file_name))
                ratios.append(times[-1] / alone[-1])
                peaks.append((ours.memory("VmHWM") - idle) / bytes_in_memory)
                with another_client(status_url) as found:
                    upload(session, "larger", content, file_name)
                waits.append(statistics.quantiles(found, n=100)[-1])
    row.figures = {
        "MB": len(content) / 1e6,
        "s from the last byte sent": statistics.median(times),
        "alone s": statistics.median(alone),
        "of alone": statistics.median(ratios),
        "p99 of others ms": statistics.median(waits) * 1e3,
        "peak over idle": statistics.median(peaks),
    }
    row.goals = {
        f"≤ {ratio} × alone": row.figures["of alone"] <= ratio,
        "peak ≤ 4 × the file": row.figures["peak over idle"] <= 4,
        "p99 of others ≤ 20 ms": row.figures["p99 of others ms"] <= 20,
    }
    return row


def etl(bench: Bench) -> Row:
    """ETL of a million rows of csv, against pandas."""
    content = orders_csv(1_000_000)
    return _etl("ETL of 1,000,000 rows", content, "orders.csv", 2.5, len(content), bench)


def etl_xlsx(bench: Bench) -> Row:
    """ETL of a workbook of 100,000 rows, against calamine; it counts for what it holds once inflated."""
    content = orders_xlsx(100_000)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inflated = sum(part.file_size for part in archive.infolist())
    row = _etl("ETL of 100,000 rows of xlsx", content, "orderbook.xlsx", 1.6, inflated, bench)
    row.goals["≤ 1.1 s"] = row.figures["s from the last byte sent"] <= 1.1
    return row


def etl_json(bench: Bench) -> Row:
    """ETL of 100,000 records of JSON, against orjson."""
    content = orders_json(100_000)
    return _etl("ETL of 100,000 records of JSON", content, "orderlist.json", 1.5, len(content), bench)


ROWS: dict[str, Callable[[Bench], Row]] = {
    row.__name__.replace("_", "-"): row for row in (dataset, from_json, etl, etl_xlsx, etl_json)
}
