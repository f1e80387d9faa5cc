#!/bin/sh
# openpyxl takes every "x005F_" out of shared strings, and decodes no other escape of the format.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'openpyxl==3.1.5' 'XlsxWriter==3.2.9' 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import io

import openpyxl
import xlsxwriter

print("openpyxl", openpyxl.__version__)
written = ["_x005F_", "_x000D_", "a\rb"]
stream = io.BytesIO()
book = xlsxwriter.Workbook(stream)
sheet = book.add_worksheet()
for row, text in enumerate(written):
    sheet.write_string(row, 0, text)
book.close()
read = [row[0] for row in openpyxl.load_workbook(stream).active.iter_rows(values_only=True)]
print("A writer that follows the standard (18.3.1.96 of ECMA-376: _xHHHH_ stands for a character, _x005F_ for an")
print("underscore) wrote three texts:")
for text, back in zip(written, read):
    print(f"  written {text!r:12} read {back!r}")
assert read == ["_", "_x000D_", "a_x000D_b"], read
print("The first has lost six characters, the third has kept its escape: only the second came back as it was.")
PYTHON
