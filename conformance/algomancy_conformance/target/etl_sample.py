"""Files the target's ETL accepts: the user's, or ones written from a dataset the target already holds.

A table named ``file.sheet`` comes from a workbook, any other from a file of its own whose kind is not known: the few
possible combinations are tried until one is answered with ``success: true``.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..outcomes import Untried
from .client import Session
from .wire import Answer
from .world import World

EXTENSIONS = ("csv", "json", "xlsx")
MOST_TRIES = 30
SEPARATORS = ";,\t|"
NOT_A_VALUE = "certainly neither a number nor a date"

Table = dict[str, Any]
Files = dict[str, bytes]


@dataclass(frozen=True)
class EtlSample:
    """Files that make one dataset.

    Attributes:
        files: Content by file name.
        rows: How many rows each table had that they were written from; empty for files that the user gave.
    """

    files: Files
    rows: dict[str, int] = field(default_factory=dict)

    def csv_tables(self) -> Iterator[tuple[str, list[str], list[list[str]], str]]:
        """File name, heading, rows and separator of each csv file."""
        for name, content in self.files.items():
            if name.lower().endswith(".csv"):
                text = content.decode("utf-8-sig", "replace")
                separator = max(SEPARATORS, key=text.partition("\n")[0].count)
                rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if row]
                if len(rows) > 1:
                    yield name, rows[0], rows[1:], separator

    def with_cell(self, name: str, row: int, column: int, value: str) -> EtlSample:
        """The same files with another value in one cell of a csv file; rows are counted without the heading."""
        _, heading, rows, separator = next(table for table in self.csv_tables() if table[0] == name)
        changed = [list(cells) for cells in rows]
        changed[row][column] = value
        text = io.StringIO()
        csv.writer(text, delimiter=separator, lineterminator="\n").writerows([heading, *changed])
        return EtlSample({**self.files, name: text.getvalue().encode()})

    def broken(self) -> Iterator[EtlSample]:
        """The same files with content that should not pass validation, one kind of damage at a time."""
        for name, content in self.files.items():
            kind = name.rpartition(".")[2].lower()
            if kind == "csv":
                yield EtlSample({**self.files, name: spoiled_csv(content)})
                first, *rest = content.splitlines(keepends=True)
                yield EtlSample({**self.files, name: b"".join([first, *rest, *rest[:1]])})  # equal keys
                separator = max(SEPARATORS, key=first.decode("utf-8", "replace").count).encode()
                cut = [line.rstrip(b"\r\n").partition(separator)[2] for line in (first, *rest)]
                yield EtlSample({**self.files, name: b"\n".join(cut)})  # a lost column
            if kind == "json":
                yield EtlSample({**self.files, name: spoiled_json(content)})


def post_files(session: Session, dataset_name: str, files: Files) -> Answer:
    """Upload `files` to the ETL route."""
    parts = [("files", (name, content, "application/octet-stream")) for name, content in files.items()]
    return session.post("etl", data={"dataset_name": dataset_name}, files=parts)


def find_sample(world: World, session: Session) -> EtlSample:
    """Files the target's ETL turns into a dataset.

    Raises:
        Untried: None are known.
    """
    if world.options.etl_files is not None:
        files = {
            path.name: path.read_bytes()
            for path in sorted(Path(world.options.etl_files).iterdir())
            if path.suffix.lstrip(".").lower() in EXTENSIONS
        }
        if not files:
            raise Untried(f"--etl-files {world.options.etl_files} holds no csv, json or xlsx file")
        return EtlSample(files)
    tables = world.payload("guess")["tables"]
    for files in itertools.islice(guesses(tables), MOST_TRIES):
        if post_files(session, "guess", files).status < 300 and "guess" in session.get("data").json()["keys"]:
            session.delete("data", "guess")
            return EtlSample(files, {name: len(table["data"]) for name, table in tables.items()})
    raise Untried(
        "no files are known that the target's ETL accepts: name a folder with --etl-files", "--etl-files FOLDER"
    )


def guesses(tables: dict[str, Table]) -> Iterator[Files]:
    """Ways in which `tables` may have come from files, the likelier first."""
    workbooks: dict[str, dict[str, Table]] = {}
    single: list[str] = []
    for name, table in tables.items():
        book, dot, sheet = name.partition(".")
        if dot:
            workbooks.setdefault(book, {})[sheet] = table
        else:
            single.append(name)
    fixed = {f"{book}.xlsx": as_workbook(sheets) for book, sheets in workbooks.items()}
    writers: list[tuple[str, Callable[[str, Table], bytes]]] = [
        ("csv", lambda _, table: as_csv(table, ";")),
        ("json", lambda _, table: json.dumps(table["data"]).encode()),
        ("csv", lambda _, table: as_csv(table, ",")),
        ("xlsx", lambda name, table: as_workbook({name: table})),
    ]
    for chosen in itertools.product(writers, repeat=len(single)):
        pairs = zip(single, chosen, strict=True)
        yield {f"{name}.{kind}": write(name, tables[name]) for name, (kind, write) in pairs} | fixed


def as_csv(table: Table, separator: str) -> bytes:
    """The rows of `table` as csv text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, table["columns"], delimiter=separator, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table["data"])
    return text.getvalue().encode()


def as_workbook(sheets: dict[str, Table]) -> bytes:
    """The rows of each table as a sheet of one workbook."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for name, table in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append(table["columns"])
        for row in table["data"]:
            sheet.append([row.get(column) for column in table["columns"]])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def spoiled_csv(content: bytes) -> bytes:
    """The csv with words in its first row wherever the rows hold figures."""
    lines = content.decode("utf-8", "replace").splitlines()
    if len(lines) < 2:
        return content
    separator = max(SEPARATORS, key=lines[0].count)
    cells = [NOT_A_VALUE if any(c.isdigit() for c in cell) else cell for cell in lines[1].split(separator)]
    return "\n".join([lines[0], separator.join(cells), *lines[2:]]).encode()


def spoiled_json(content: bytes) -> bytes:
    """The records with words in the first one wherever it holds numbers."""
    records = json.loads(content)
    if isinstance(records, list) and records and isinstance(records[0], dict):
        first = {
            key: NOT_A_VALUE if isinstance(value, int | float) and not isinstance(value, bool) else value
            for key, value in records[0].items()
        }
        records = [first, *records[1:]]
    return json.dumps(records).encode()
