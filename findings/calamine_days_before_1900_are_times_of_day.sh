#!/bin/sh
# python-calamine makes a time of day of a date before 1900.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'python-calamine==0.9.1' 'openpyxl==3.1.5' 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import io
from datetime import datetime

import openpyxl
from python_calamine import CalamineWorkbook

print("python-calamine 0.9.1")
book = openpyxl.Workbook()
days = [datetime(1850, 1, 1), datetime(1899, 12, 29, 12), datetime(1901, 1, 1)]
for day in days:
    book.active.append([day])
stream = io.BytesIO()
book.save(stream)
stream.seek(0)
read = [row[0] for row in CalamineWorkbook.from_filelike(stream).get_sheet_by_index(0).to_python()]
stream.seek(0)
other = [row[0] for row in openpyxl.load_workbook(stream).active.iter_rows(values_only=True)]
for day, cell, same in zip(days, read, other):
    print(f"  written {day}   calamine {cell!r}   openpyxl {same!r}")
assert other == days
assert [type(cell).__name__ for cell in read] == ["time", "time", "date"], read
print("Negative serial numbers lose their day; 1850 and any other year of that time become 00:00.")
PYTHON
