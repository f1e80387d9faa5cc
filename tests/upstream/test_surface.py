"""A project written for Algomancy's own packages finds on ours each name it imports, with the same signature."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest
from surface import all_differences, stored_surface

FOLDER = Path(__file__).parent
PACKAGES = ("algomancy_utils", "algomancy_data", "algomancy_scenario")
SERVER = FOLDER.parents[1] / "src" / "algomancy_api"
LEFT_OUT: dict[str, str] = tomllib.loads((FOLDER / "left_out.toml").read_text("utf-8"))
SURFACE = {f"{module}.{name}" for module, names in stored_surface().items() for name in names}


@pytest.mark.parametrize("package", PACKAGES)
def test_backend_offers_the_whole_surface(package: str) -> None:
    """What differs is either left out on purpose, or a gap in its list, which only gets shorter."""
    told = {line for line in all_differences() if line.startswith(package) and line.split(":")[0] not in LEFT_OUT}
    listed = set((FOLDER / "gaps" / f"{package}.txt").read_text("utf-8").splitlines())
    assert sorted(told - listed) == [], "new differences"
    assert sorted(listed - told) == [], f"mended: delete these lines from tests/upstream/gaps/{package}.txt"


def test_names_left_out_on_purpose_differ() -> None:
    """A reason stands only where there is still something to give a reason for."""
    assert LEFT_OUT.keys() - {line.split(":")[0] for line in all_differences()} == set()
    assert all(LEFT_OUT.values())


def test_server_imports_only_names_of_the_surface() -> None:
    """Of the backend's packages the HTTP layer imports what any make offers; a gap that its list names is used."""
    imported = {
        f"{node.module}.{alias.name}"
        for file in SERVER.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES
        for alias in node.names
    }
    listed = set((FOLDER / "gaps" / "algomancy_api.txt").read_text("utf-8").splitlines())
    assert sorted(imported - SURFACE - listed) == [], "imports that Algomancy's own packages do not offer"
    assert sorted(listed - imported) == [], "mended: delete these lines from tests/upstream/gaps/algomancy_api.txt"


def test_server_imports_the_backend_by_name() -> None:
    """`import algomancy_data` would hide which names are used, so the server never writes it."""
    whole = [
        (file.name, alias.name)
        for file in SERVER.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name.split(".")[0] in PACKAGES
    ]
    assert whole == []
