"""ETL: files are uploaded and become a dataset, or are refused whole."""

from __future__ import annotations

import re
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from algomancy_conformance.outcomes import Broken, Fault, Untried
from algomancy_conformance.running.context import Run
from algomancy_conformance.running.plugin import clause
from algomancy_conformance.shapes import (
    check_dataset,
    check_error,
    check_members,
    check_names,
    check_survived,
    demand,
    is_iso,
    is_number,
)
from algomancy_conformance.target.client import Session
from algomancy_conformance.target.etl_sample import NOT_A_VALUE, EtlSample, post_files
from algomancy_conformance.target.wire import Answer
from algomancy_conformance.target.world import World

LARGE_BYTES = 12_000_000
LONGEST_WAIT = 1.0
FEWEST_WAITS = 3
ATTEMPTS = 3
"""A busy machine makes requests wait now and then; a server that reads uploads first makes them wait each time."""
PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@pytest.fixture(scope="session")
def sample(run: Run) -> EtlSample:
    """Files the target's ETL accepts."""
    return run.sample


def raw_upload(session: Session, parts: list[tuple[str, bytes]]) -> Answer:
    """A multipart upload written byte for byte: each part is its Content-Disposition parameters and its content."""
    boundary = uuid.uuid4().hex
    content = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode("utf-8", "surrogatepass")
        + body
        + b"\r\n"
        for head, body in parts
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return session.post("etl", content=content + f"--{boundary}--\r\n".encode(), headers=headers)


def named(file_name: str, content: bytes = b"a;b\n1;2\n") -> list[tuple[str, bytes]]:
    """The parts of an upload of one file."""
    return [('name="dataset_name"', b"uploaded"), (f'name="files"; filename="{file_name}"', content)]


@clause("ETL-1", operation="run_etl")
def test_upload_becomes_a_dataset(session: Session, sample: EtlSample) -> None:
    """An upload is answered 200 with name, success and keys, and the dataset can be read."""
    body = post_files(session, "Größe 1", sample.files).expect(200).json()
    check_members(body, ("dataset_name", "success", "keys"), "the answer")
    demand(body["dataset_name"] == "Größe 1" and body["success"] is True, f"the answer is {str(body)[:300]}")
    demand(body["keys"] == ["Größe 1"], f"the refreshed list is {body['keys']}")
    found = session.get("data", "Größe 1").expect(200).json()
    check_dataset(found)
    demand(found["metadata"]["name"] == "Größe 1", f"its name is {found['metadata']['name']!r}")
    demand(any(table["data"] for table in found["tables"].values()), "the dataset has no rows")
    more = post_files(session, "another", sample.files).expect(200).json()
    demand(sorted(more["keys"]) == ["Größe 1", "another"], f"the refreshed list is {more['keys']}")


@clause("ETL-1", operation="run_etl")
def test_extension_is_read_in_any_case(session: Session, sample: EtlSample) -> None:
    """The extension selects the reader in upper case as in lower case."""
    shouted = {f"{n.rpartition('.')[0]}.{n.rpartition('.')[2].upper()}": c for n, c in sample.files.items()}
    body = post_files(session, "shouted", shouted).expect(200).json()
    demand(body["success"] is True and "shouted" in body["keys"], f"the answer is {str(body)[:300]}")


@clause("ETL-2", operation="run_etl")
def test_invalid_data_is_not_stored(session: Session, sample: EtlSample) -> None:
    """Data that does not pass validation is answered 200 with success false, and no dataset is created or replaced."""
    post_files(session, "kept", sample.files).expect(200)
    before = session.get("data", "kept").expect(200).json()
    refused, tried = 0, 0
    for broken in sample.broken():
        tried += 1
        body = post_files(session, "new", broken.files).expect(200).json()
        listed = "new" in session.get("data").expect(200).json()["keys"]
        if body["success"] is True:
            if not listed:
                fault = Fault(("false success",), "an upload is a success, and its dataset is not there")
                raise Broken("invalid data is answered with success true, and nothing is stored", fault=fault)
            session.delete("data", "new").expect(204)
            continue
        refused += 1
        demand("new" not in body["keys"], "a dataset that is not valid is in the answer's keys")
        demand(not listed, "a dataset that is not valid was stored")
        again = post_files(session, "kept", broken.files).expect(200).json()
        demand(again["success"] is False, "the same data is valid under another name")
        demand(session.get("data", "kept").json() == before, "a dataset was replaced by one that is not valid")
    if not tried:
        raise Untried("no csv or json file is known that could be made invalid", "--etl-files FOLDER")
    if not refused:
        raise Untried("the target accepts words for numbers, lost columns and equal keys: no invalid data is known")


@clause("DAT-7", operation="run_etl")
def test_upload_replaces_what_nobody_references(session: Session, sample: EtlSample, world: World) -> None:
    """An upload under a key that exists replaces the dataset, until a scenario references it: 409, and it stays."""
    post_files(session, "again", sample.files).expect(200)
    first = session.get("data", "again").expect(200).json()
    body = post_files(session, "again", sample.files).expect(200).json()
    demand(body["success"] is True and body["keys"] == ["again"], f"the answer is {str(body)[:300]}")
    second = session.get("data", "again").expect(200).json()
    demand(second["metadata"]["id"] != first["metadata"]["id"], "the dataset was not replaced")
    demand(second["tables"] == first["tables"], "the same files make another dataset")
    world.scenario(replace(session, key="again"))
    check_error(post_files(session, "again", sample.files).expect(409))
    demand(session.get("data", "again").json() == second, "the referenced dataset has changed")


@clause("ETL-3", operation="run_etl")
@pytest.mark.parametrize("name", ["figures.exe", "figures.parquet", "figures"])
def test_unsupported_extension_is_400(session: Session, name: str) -> None:
    """An extension nobody reads is answered 400, naming the file: its stem and its extension."""
    answer = post_files(session, "uploaded", {name: b"a;b\n1;2\n"}).expect(400)
    check_names(answer, *(part for part in name.rpartition(".")[::2] if part))
    demand(session.get("data").json() == {"keys": []}, "a refused dataset is listed")


@clause("ETL-3", operation="run_etl")
def test_file_without_a_name_is_400(session: Session) -> None:
    """A file part whose name is empty is answered 400."""
    check_error(raw_upload(session, named("")).expect(400))
    check_error(raw_upload(session, named(".csv")).expect(400))


@clause("ETL-4", operation="run_etl")
def test_file_name_never_reaches_the_file_system(session: Session) -> None:
    """Whatever path a file name spells, nothing is written there and nothing breaks."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        here = Path(folder)
        mark = f"escaped-{uuid.uuid4().hex}.csv"
        up = "../" * 12
        names = [
            f"{folder}/{mark}",
            f"{up}{folder.lstrip('/')}/{mark}",
            f"..\\..\\{mark}",
            f"C:\\{mark}",
            f"../{mark}",
            f"%2e%2e%2f{mark}",
            f"{folder}/{mark}\x00.csv",
            "..",
            ".",
            "/",
            f"file://{folder}/{mark}",
        ]
        for name in names:
            answer = raw_upload(session, named(name))
            check_survived(answer, f"the file name {name!r}")
        places = [here, Path.cwd(), Path.cwd().parent, Path(tempfile.gettempdir()), Path("/")]
        found = [str(p) for place in places for p in place.glob("*escaped-*") if mark[:20] in p.name]
        demand(not found, f"the upload was written to {found}")


@clause("ETL-4", operation="run_etl")
def test_path_in_a_file_name_never_reaches_the_keys(session: Session, sample: EtlSample) -> None:
    """Files whose names carry a path either work by their last part or are refused; no key has a path in it."""
    moved = {f"../../{name}": content for name, content in sample.files.items()}
    answer = post_files(session, "moved", moved)
    answer.expect(200, 400)
    demand(set(session.get("data").json()["keys"]) <= {"moved"}, "a key was made of a file name")


@clause("ETL-6", operation="run_etl")
def test_upload_without_a_name_for_the_dataset_is_422(session: Session) -> None:
    """A dataset_name that is missing or empty is answered 422, naming the field."""
    files = [("files", ("x.csv", b"a;b\n1;2\n", "text/csv"))]
    for answer in (session.post("etl", files=files), session.post("etl", data={"dataset_name": ""}, files=files)):
        check_names(answer.expect(422), "dataset_name")


@clause("ETL-6", operation="run_etl")
def test_upload_without_files_is_400(session: Session) -> None:
    """An upload without any file is answered 400."""
    check_error(raw_upload(session, [('name="dataset_name"', b"uploaded")]).expect(400))


@clause("ETL-6", operation="run_etl")
def test_two_files_with_one_stem_are_400(session: Session, sample: EtlSample) -> None:
    """Two files with one logical name are answered 400, naming it."""
    name = next(iter(sample.files))
    stem = name.rpartition(".")[0]
    other = f"{stem}.csv" if not name.endswith(".csv") else f"{stem}.json"
    answer = post_files(session, "twice", {**sample.files, other: b"[]"}).expect(400)
    check_names(answer, stem)


@clause("ETL-6", operation="run_etl")
def test_missing_file_is_400_and_named(session: Session, sample: EtlSample) -> None:
    """An upload that lacks a file the ETL wants is answered 400, naming what lacks."""
    for missing in sample.files:
        rest = {name: content for name, content in sample.files.items() if name != missing}
        rest = rest or {"something-else.csv": b"a;b\n1;2\n"}
        answer = post_files(session, "incomplete", rest).expect(400)
        stem = missing.rpartition(".")[0]
        check_names(answer, stem)
    demand(session.get("data").json() == {"keys": []}, "an incomplete dataset is listed")


@clause("ETL-6", operation="run_etl")
def test_unparsable_content_is_400_and_named(session: Session, sample: EtlSample) -> None:
    """Content that cannot be decoded or parsed is answered 400, naming the file."""
    garbage = {"csv": b"\xff\xfe\x00\x81;\x9d\n", "json": b'[{"a": ', "xlsx": b"PK\x03\x04 this is no workbook"}
    for name in sample.files:
        spoiled = {**sample.files, name: garbage[name.rpartition(".")[2].lower()]}
        answer = post_files(session, "garbage", spoiled).expect(400)
        stem = name.rpartition(".")[0]
        check_names(answer, stem)
    demand(session.get("data").json() == {"keys": []}, "garbage is listed as a dataset")


def enlarged(sample: EtlSample) -> Iterator[tuple[str, bytes]]:
    """The sample's files, the first csv or json one repeated until it is large."""
    grown = False
    for name, content in sample.files.items():
        if name.lower().endswith(".csv") and not grown:
            head, _, rows = content.partition(b"\n")
            yield name, head + b"\n" + (rows.rstrip(b"\n") + b"\n") * (LARGE_BYTES // max(1, len(rows)))
            grown = True
        else:
            yield name, content


@clause("ETL-5", operation="run_etl")
def test_others_are_answered_while_a_large_upload_is_parsed(session: Session, sample: EtlSample) -> None:
    """While an upload of many megabytes is read, other requests are answered within a second."""
    files = dict(enlarged(sample))
    if sum(map(len, files.values())) < LARGE_BYTES // 2:
        raise Untried("no csv file is known that could be made large")
    for attempt in range(ATTEMPTS):
        waits = waits_during(session, files)
        if len(waits) >= FEWEST_WAITS and max(waits) < LONGEST_WAIT:
            return
        time.sleep(attempt)
    demand(len(waits) >= FEWEST_WAITS, "no other request was answered while the upload was read")
    demand(max(waits) < LONGEST_WAIT, f"another request waited {max(waits):.2f} s for its answer")


def waits_during(session: Session, files: dict[str, bytes]) -> list[float]:
    """How long each of some requests took that were made while `files` were uploaded."""
    waits: list[float] = []
    with ThreadPoolExecutor(1) as pool:
        upload = pool.submit(post_files, session, "large", files)
        while not upload.done():
            started = time.monotonic()
            session.get("data").expect(200)
            waits.append(time.monotonic() - started)
            time.sleep(0.01)
    check_survived(upload.result(), "a large file")
    return waits


def uploaded_tables(session: Session, sample: EtlSample) -> dict[str, list[dict[str, Any]]] | None:
    """The rows of each table an upload has made, or None where it was refused."""
    answer = post_files(session, "read back", sample.files)
    if answer.status != 200 or answer.json()["success"] is not True:
        return None
    tables = session.get("data", "read back").expect(200).json()["tables"]
    return {name: table["data"] for name, table in tables.items()}


@clause("ETL-7", operation="run_etl")
def test_text_and_numbers_come_back_as_they_stand_in_the_file(session: Session, sample: EtlSample) -> None:
    """Text columns hold each cell's own text, and columns of plain numbers those numbers."""
    tables, compared = uploaded_tables(session, sample) or {}, 0
    for name, heading, rows, _ in sample.csv_tables():
        stored = tables.get(name.rpartition(".")[0], [])
        if len(stored) != len(rows):
            continue  # rows were left out or added on purpose, as an ETL may
        for at, column in enumerate(heading):
            pairs = [(row[at], kept[column]) for row, kept in zip(rows, stored, strict=True) if column in kept]
            for cell, value in pairs:
                compared += 1
                if (isinstance(value, str) and not is_iso(value) and value != cell) or (
                    is_number(value) and PLAIN_NUMBER.fullmatch(cell) and float(cell) != value
                ):
                    fault = Fault(("cells",), "a value of an uploaded dataset differs from what the file says")
                    raise Broken(f"{name}, column {column!r}: {cell!r} is stored as {value!r}", fault=fault)
    if not compared:
        raise Untried("no table is known to hold just what a csv file says", "--etl-files FOLDER")


@clause("ETL-7", operation="run_etl")
def test_upload_keeps_every_row(session: Session, sample: EtlSample) -> None:
    """Files that were written from a dataset of the target make one with as many rows in each table."""
    if not sample.rows:
        raise Untried("which rows the ETL leaves out on purpose is not known of files that were given")
    tables = uploaded_tables(session, sample) or {}
    lost = [f"{n} has {len(rows)} of {sample.rows[n]}" for n, rows in tables.items() if len(rows) != sample.rows.get(n)]
    demand(not lost, f"rows of the files are lost: {'; '.join(lost)}")


@clause("ETL-7", operation="run_etl")
def test_text_that_looks_like_a_number_stays_text(session: Session, sample: EtlSample) -> None:
    """In a column of text, 007 is stored as 007."""
    tried = False
    plain = uploaded_tables(session, sample) or {}
    for name, heading, _, _ in sample.csv_tables():
        stem = name.rpartition(".")[0]
        for at, column in enumerate(heading):
            values = [row.get(column) for row in plain.get(stem, [])]
            if not values or not all(isinstance(v, str) and re.search("[a-z]{3}", v) for v in values):
                continue
            stored = (uploaded_tables(session, sample.with_cell(name, 0, at, "007")) or {}).get(stem, [])
            if len(stored) == len(values):
                tried = True
                demand(stored[0][column] == "007", f"{name}, column {column!r}: 007 is stored as {stored[0][column]!r}")
    if not tried:
        raise Untried("no csv file with a column of any text is known", "--etl-files FOLDER")


@clause("ETL-7", operation="run_etl")
@pytest.mark.parametrize("value", ["9007199254740993", NOT_A_VALUE], ids=["2^53 + 1", "words"])
def test_number_is_stored_exactly_or_refused(session: Session, sample: EtlSample, value: str) -> None:
    """A number too long for a double and words in the place of a number are stored as they are, or refused."""
    tried = False
    for name, heading, rows, _ in sample.csv_tables():
        for at, column in enumerate(heading):
            if rows[0][at] and all(re.fullmatch(r"(-?\d{1,9})?", row[at]) for row in rows if len(row) > at):
                tables, tried = uploaded_tables(session, sample.with_cell(name, 0, at, value)), True
                stored = (tables or {}).get(name.rpartition(".")[0], [])
                kept = stored[0].get(column, value) if len(stored) == len(rows) else value
                if str(kept) != value:
                    fault = Fault(("inexact",), "a number that cannot be kept exactly is changed instead of refused")
                    raise Broken(f"{name}, column {column!r}: {value} is stored as {kept!r}", fault=fault)
    if not tried:
        raise Untried("no csv file with a column of whole numbers is known", "--etl-files FOLDER")


@clause("ETL-8", operation="run_etl")
def test_row_of_a_message_counts_the_heading(session: Session, sample: EtlSample) -> None:
    """Where a message names a row, the heading of the file is row 1 and the first below it row 2."""
    told: list[tuple[int, int]] = []
    for name, heading, rows, _ in sample.csv_tables():
        for at in range(len(heading)):
            if all(PLAIN_NUMBER.fullmatch(row[at]) for row in rows if len(row) > at):
                for row in (0, len(rows) - 1):
                    answer = post_files(session, "wrong", sample.with_cell(name, row, at, NOT_A_VALUE).files)
                    body = answer.json() if answer.status == 200 else {}
                    messages = [m for m in body.get("messages") or [] if m.get("table") == name.rpartition(".")[0]]
                    told += [(m["row"], row + 2) for m in messages if is_number(m.get("row"))]
    if not told:
        raise Untried("no message names the row of a wrong cell")
    wrong = [f"row {shown} for what stands in row {right}" for shown, right in told if shown != right]
    demand(not wrong, f"a message says {wrong[0] if wrong else ''}")
