#!/bin/sh
# python-calamine: total_height and total_width of a sheet are one less than its rows and columns.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'python-calamine==0.9.1' 'openpyxl==3.1.5' 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import io

import openpyxl
from python_calamine import CalamineWorkbook

print("python-calamine 0.9.1")
book = openpyxl.Workbook()
for row in range(31):
    book.active.append([row, "x"])
stream = io.BytesIO()
book.save(stream)
stream.seek(0)
sheet = CalamineWorkbook.from_filelike(stream).get_sheet_by_index(0)
print("A sheet of 31 rows and 2 columns that starts in A1:")
print(f"  height {sheet.height}, width {sheet.width}, rows read {len(sheet.to_python())}")
print(f"  total_height {sheet.total_height}, total_width {sheet.total_width}")
assert (sheet.height, sheet.width, len(sheet.to_python())) == (31, 2, 31)
assert (sheet.total_height, sheet.total_width) == (30, 1)
print("The totals, which count from A1 on, are one less than the sizes that leave out blank space before the data.")
PYTHON
