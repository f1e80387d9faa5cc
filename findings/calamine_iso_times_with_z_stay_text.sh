#!/bin/sh
# python-calamine reads a cell of type "d" as a time, but as text when the time ends in Z.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'python-calamine==0.9.1' 'openpyxl==3.1.5' 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import io
import re
import zipfile
from datetime import datetime

import openpyxl
from python_calamine import CalamineWorkbook

print("python-calamine 0.9.1")
plain = io.BytesIO()
openpyxl.Workbook().save(plain)
texts = ["2025-03-14T15:09:26", "2025-03-14T15:09:26Z"]
cells = "".join(f'<row r="{n}"><c r="A{n}" t="d"><v>{text}</v></c></row>' for n, text in enumerate(texts, 1))
stream = io.BytesIO()
with zipfile.ZipFile(plain) as source, zipfile.ZipFile(stream, "w") as target:
    for name in source.namelist():
        xml = source.read(name).decode()
        if name == "xl/worksheets/sheet1.xml":
            xml = re.sub(r"<sheetData ?/>|<sheetData></sheetData>", f"<sheetData>{cells}</sheetData>", xml)
            assert cells in xml
        target.writestr(name, xml)
stream.seek(0)
read = [row[0] for row in CalamineWorkbook.from_filelike(stream).get_sheet_by_index(0).to_python()]
for text, cell in zip(texts, read):
    print(f"  written {text:22} read {cell!r}")
assert read == [datetime(2025, 3, 14, 15, 9, 26), "2025-03-14T15:09:26Z"], read
print("Both are ISO 8601 times, as SheetJS writes them with cellDates; one column comes back with two kinds of cells.")
PYTHON
