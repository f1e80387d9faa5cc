"""The wheels of this repository, built once for all tests that install them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.distributions.environments import FOLDERS


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The built wheels, by distribution."""
    found = {}
    for name, sources in FOLDERS.items():
        folder = tmp_path_factory.mktemp(name)
        build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
        subprocess.run(build, cwd=sources, check=True, capture_output=True, timeout=100)
        (found[name],) = folder.glob("*.whl")
    return found
