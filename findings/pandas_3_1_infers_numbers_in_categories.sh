#!/bin/sh
# pandas 3.1 makes numbers of the texts of a column read with dtype="category"; 3.0 kept the texts.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'pandas==3.1.1' 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import io
import subprocess
import sys

PROGRAM = """
import io
import pandas as pd
cells = ["00060", "1.50", "1E5", "+5"]
found = {}
for cell in cells:
    column = pd.read_csv(io.StringIO("code\\n" + cell + "\\n"), dtype="category")["code"]
    found[cell] = column.cat.categories[0]
print(pd.__version__, found)
"""
newest = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout.strip()
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pandas==3.0.0"], check=True)
oldest = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout.strip()
print("read_csv(dtype='category') of codes with leading zeros, trailing zeros, exponents and signs:")
print("  pandas", oldest)
print("  pandas", newest)
assert "'00060': '00060'" in oldest, oldest
assert "'00060': 60" in newest or "'00060': np.int64(60)" in newest, newest
print("The older one keeps the texts, the newer one makes numbers of them: the code 00060 is 60.")
PYTHON
