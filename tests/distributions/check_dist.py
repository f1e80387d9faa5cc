"""Installs each file in `dist/` into an empty environment of its own, uses it, and prints how much that took."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

DIST = Path(__file__).parents[2] / "dist"
USES = {
    "algomancy_api": (["-m", "algomancy_api.cli", "--version"], ["-c", "import algomancy_api.client"]),
    "algomancy_reference": (["-c", "import algomancy_utils, algomancy_data, algomancy_scenario"],),
    "algomancy_conformance": (["-m", "algomancy_conformance", "clauses"],),
}


def install(file: Path, folder: Path) -> Path:
    """Install one file and what it needs into a new environment, and return its interpreter."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    uv = shutil.which("uv")
    venv.create(folder, with_pip=uv is None)
    command = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
    subprocess.run([*command, "--quiet", str(file)], check=True)
    return python


def main() -> None:
    """Check every file; the first that cannot be installed or used ends it."""
    files = sorted(DIST.glob("*.whl")) + sorted(DIST.glob("*.tar.gz"))
    if len(files) != 2 * len(USES):
        sys.exit(f"{DIST} holds {len(files)} files, not a wheel and an sdist of each distribution.")
    for file in files:
        with tempfile.TemporaryDirectory() as name:
            python = install(file, Path(name))
            for use in USES[file.name.partition("-")[0]]:
                subprocess.run([str(python), *use], check=True, cwd=name, stdout=subprocess.DEVNULL)
            size = sum(each.stat().st_size for each in Path(name).rglob("*") if each.is_file()) / 2**20
            print(f"{file.name}: {size:.0f} MiB with what it needs")


if __name__ == "__main__":
    main()
