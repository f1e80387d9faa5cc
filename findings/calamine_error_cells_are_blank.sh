#!/bin/sh
# python-calamine gives the same empty text for an error cell and for a blank one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'python-calamine==0.9.1' 'XlsxWriter==3.2.9' 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import io

import xlsxwriter
from python_calamine import CalamineWorkbook

print("python-calamine 0.9.1")
stream = io.BytesIO()
book = xlsxwriter.Workbook(stream)
sheet = book.add_worksheet()
sheet.write_formula(0, 0, "=1/0", None, "#DIV/0!")
sheet.write_blank(0, 1, None, book.add_format({"bold": True}))
sheet.write_string(0, 2, "#DIV/0!")
book.close()
stream.seek(0)
read = CalamineWorkbook.from_filelike(stream).get_sheet_by_index(0).to_python()
print("An error, a blank cell and a text that reads like the error:", read)
assert read == [["", "", "#DIV/0!"]], read
print("A sheet whose formulas failed looks like one that nobody has filled in.")
PYTHON
