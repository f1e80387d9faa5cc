#!/bin/sh
# pyarrow: casting text to integers takes 0x10 for 16, casting it to floats refuses it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'pyarrow==26.0.1' 2>/dev/null
"$folder/venv/bin/python" - <<'PYTHON'
import pyarrow as pa
import pyarrow.compute as pc

print("pyarrow", pa.__version__)
codes = pa.array(["0010", "0x10", "0XFF"])
print("  as int64: ", pc.cast(codes, "int64").to_pylist())
assert pc.cast(codes, "int64").to_pylist() == [10, 16, 255]
try:
    pc.cast(codes, "double")
except pa.ArrowInvalid as error:
    print("  as double:", error)
else:
    raise AssertionError("casting to double took it as well")
print("A column of product codes of which some read 0x10 becomes numbers without complaint.")
PYTHON
