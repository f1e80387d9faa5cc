#!/bin/sh
# DataFrame.isetitem makes a column of times of an array of objects; given the same as a Series it keeps the objects.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'pandas==3.1.1' 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import pandas as pd

print("pandas", pd.__version__)
objects = pd.Series([pd.Timestamp("2025-01-01"), pd.Timestamp("2026-01-01")], dtype=object)
print("objects.dtype:", objects.dtype, " objects.array.dtype:", objects.array.dtype)
found = {}
for how, value in (("the Series", objects), ("its .array", objects.array)):
    frame = pd.DataFrame({"c": objects})
    frame.isetitem(0, value)
    found[how] = str(frame["c"].dtype)
    print(f"  isetitem(0, {how}): {found[how]}")
assert found == {"the Series": "object", "its .array": "datetime64[us]"}, found
print("Both values have dtype object; only one of them keeps it.")
PYTHON
