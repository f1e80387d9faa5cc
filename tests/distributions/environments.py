"""Environments that hold chosen wheels of this repository and what these declare to need, and nothing else.

Made without a network: what the wheels need is linked from the environment that the tests run in.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from tests.repository import ROOT

FOLDERS = {"algomancy-api": ROOT, "algomancy-reference": ROOT / "src", "algomancy-conformance": ROOT / "conformance"}
OURS = tuple(FOLDERS)


class Environment:
    """A folder of packages, and a Python that sees those alone.

    Args:
        folder: Where to make it.
        wheels: The wheels to install.
    """

    def __init__(self, folder: Path, wheels: Iterable[Path]) -> None:
        self.site = folder
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
        for needed in _needed_by(Distribution.discover(path=[str(folder)])):
            for name in {file.parts[0] for file in needed.files or ()} - {"..", "__pycache__"}:
                if not (folder / name).exists():
                    (folder / name).symlink_to(str(needed.locate_file(name)))

    def command(self, *arguments: str) -> list[str]:
        """Return the command that runs this environment's Python."""
        return [sys.executable, "-S", "-W", "error::ImportWarning", *arguments]

    @property
    def variables(self) -> dict[str, str]:
        """What to set for the command."""
        return {**os.environ, "PYTHONPATH": str(self.site)}

    def run(self, *arguments: str, folder: Path, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run this environment's Python to its end in a folder, and return what it printed."""
        return subprocess.run(
            self.command(*arguments), env=self.variables, cwd=folder, capture_output=True, text=True, timeout=seconds
        )


def _needed_by(installed: Iterable[Distribution]) -> Iterable[Distribution]:
    """Give each distribution of the tests' environment that these need, directly or not."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(text, frozenset[str]()) for found in installed for text in found.requires or ()]
    while waiting:
        text, extras = waiting.pop()
        wanted = Requirement(text)
        if wanted.marker and not any(wanted.marker.evaluate({"extra": extra}) for extra in extras or {""}):
            continue
        key = (wanted.name.lower(), frozenset(wanted.extras))
        if key in seen or wanted.name in OURS:
            continue
        seen.add(key)
        found = distribution(wanted.name)
        waiting += [(more, key[1]) for more in found.requires or ()]
        yield found
