"""What a user gets who installs the wheels of this repository, each alone or together, and nothing else of it."""

from __future__ import annotations

import re
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.distributions.environments import FOLDERS, OURS, Environment
from tests.distributions.snippets import run_seed_snippets, served
from tests.repository import ROOT

PACKAGES = {
    "algomancy-api": {"algomancy_api"},
    "algomancy-reference": {"algomancy_utils", "algomancy_data", "algomancy_scenario"},
    "algomancy-conformance": {"algomancy_conformance"},
}
IMPORT_ALL = """
import importlib, pkgutil, sys
for package in sys.argv[1:]:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if not module.name.endswith("__main__"):
            try:
                importlib.import_module(module.name)
            except ImportError as error:
                print(module.name, "|", error)
"""
MIXED = "Remove both, `pip uninstall algomancy-reference algomancy-utils algomancy-data algomancy-scenario`"


ASKED_FOR = re.compile(
    r"algomancy_conformance\.mutants\.algorithms \| No module named 'algomancy_scenario'\n"
    r"|algomancy_scenario\.(persistence\.database\.\w+|sessions\.replica) \| No module named '(sqlalchemy|alembic)'\n"
)
"""What is missing, imported by that which asks for it alone, and says what to install."""


@pytest.fixture(scope="session")
def server(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The environment of somebody who installed `algomancy-api[reference]`."""
    chosen = wheels["algomancy-api"], wheels["algomancy-reference"]
    return Environment(tmp_path_factory.mktemp("server"), chosen)


@pytest.mark.parametrize("name", OURS)
def test_wheel_holds_its_packages_and_their_types(name: str, wheels: dict[str, Path]) -> None:
    """A wheel has the packages of its distribution and no other file, each marked as typed, and the licence."""
    files = [Path(file) for file in zipfile.ZipFile(wheels[name]).namelist()]
    information = f"{wheels[name].name.removesuffix('-py3-none-any.whl')}.dist-info"
    assert {file.parts[0] for file in files} == {*PACKAGES[name], information}
    assert {Path(package, "py.typed") for package in PACKAGES[name]} <= set(files)
    assert Path(information, "licenses", "LICENSE") in files


def test_wheels_hold_the_sample_data_and_the_published_document(wheels: dict[str, Path]) -> None:
    """The example's files of every format, and the document that the kit compares with, come with the wheels."""
    example = {Path(file).suffix for file in zipfile.ZipFile(wheels["algomancy-api"]).namelist() if "/example/" in file}
    assert {".csv", ".json", ".xlsx"} <= example
    assert "algomancy_conformance/openapi.json" in zipfile.ZipFile(wheels["algomancy-conformance"]).namelist()


@pytest.mark.parametrize("name", ["algomancy-reference", "algomancy-conformance"])
def test_wheel_alone_imports_every_module(name: str, wheels: dict[str, Path], tmp_path: Path) -> None:
    """Every module of the wheel is imported where nothing is installed but what the wheel says it needs."""
    alone = Environment(tmp_path / "site", [wheels[name]])
    done = alone.run("-c", IMPORT_ALL, *PACKAGES[name], folder=tmp_path)
    assert (ASKED_FOR.sub("", done.stdout), done.stderr) == ("", "")


def test_server_imports_every_module(server: Environment, tmp_path: Path) -> None:
    """Every module of the server is imported where nothing is installed but what it and the backend say they need."""
    done = server.run("-c", IMPORT_ALL, "algomancy_api", folder=tmp_path)
    assert (done.stdout, done.stderr) == ("", "")


def test_server_without_a_backend_says_what_to_install(wheels: dict[str, Path], tmp_path: Path) -> None:
    """Without a backend the client is there, and whatever needs one names the commands that install one."""
    alone = Environment(tmp_path / "site", [wheels["algomancy-api"]])
    done = alone.run("-c", IMPORT_ALL, "algomancy_api", folder=tmp_path)
    said = dict(line.split(" | ") for line in done.stdout.splitlines())
    assert {"algomancy_api.api_launcher", "algomancy_api.errors", "algomancy_api.example"} <= said.keys()
    assert not [name for name in said if name.split(".")[1] in ("client", "cli", "schemas", "py")]
    commands = "pip install 'algomancy-api[reference]'", "pip install 'algomancy-api[algomancy]'"
    silent = {name for name, sentence in said.items() if not all(command in sentence for command in commands)}
    assert silent == set()


def test_serve_without_a_backend_says_what_to_install(wheels: dict[str, Path], tmp_path: Path) -> None:
    """`algomancy-api serve` ends with 2 and the sentence, not with a traceback."""
    alone = Environment(tmp_path / "site", [wheels["algomancy-api"]])
    done = alone.run("-m", "algomancy_api.cli", "serve", folder=tmp_path)
    assert done.returncode == 2
    assert "pip install 'algomancy-api[reference]'" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("last", ["ours", "theirs"])
def test_two_makes_in_one_folder_are_refused(wheels: dict[str, Path], tmp_path: Path, last: str) -> None:
    """Where both makes were installed into one folder, in either order, the first start says how to mend it."""
    chosen = wheels["algomancy-api"], wheels["algomancy-reference"]
    mixed = Environment(tmp_path / "site", chosen)
    for package in sorted(PACKAGES["algomancy-reference"]):
        information = mixed.site / f"{package}-0.8.2.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.3\nName: {package}\nVersion: 0.8.2\n")
        if last == "theirs":
            (mixed.site / package / "__init__.py").write_text("")
    names = ["algomancy_api.example"] + (sorted(PACKAGES["algomancy-reference"]) if last == "ours" else [])
    for name in names:
        done = mixed.run("-c", f"import {name}", folder=tmp_path)
        assert done.returncode == 1, name
        assert MIXED in done.stderr, name


def test_kit_alone_checks_a_server(wheels: dict[str, Path], server: Environment, tmp_path: Path) -> None:
    """The kit, with neither server nor backend nor pandas beside it, gives a verdict on a server elsewhere."""
    kit = Environment(tmp_path / "site", [wheels["algomancy-conformance"]])
    heavy = "('pandas', 'numpy', 'fastapi', 'algomancy_api', 'algomancy_utils')"
    absent = f"from importlib.util import find_spec; print([name for name in {heavy} if find_spec(name)])"
    assert kit.run("-c", absent, folder=tmp_path).stdout == "[]\n"
    with served(server.command(), server.variables, tmp_path) as url:
        chosen = ("--only", "SES-1", "--only", "DAT-2", "--layer", "clauses")
        done = kit.run("-m", "algomancy_conformance", "run", url, *chosen, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CONFORMANT in SES-1, DAT-2" in done.stdout


def test_seed_snippets_run_from_an_empty_folder(server: Environment, tmp_path: Path) -> None:
    """The two snippets, run as scripts without a `__main__` guard, end in `complete` with three KPI numbers."""
    scenario = run_seed_snippets(server.command(), server.variables, tmp_path)
    assert scenario["status"] == "complete"
    assert [type(kpi["value"]) for kpi in scenario["kpis"].values()] == [float] * 3
    assert list(tmp_path.iterdir()) == []


def test_versions_are_public_and_in_the_changelog() -> None:
    """The three distributions have one version, which an index would accept and the changelog describes."""
    (version,) = {
        tomllib.loads((folder / "pyproject.toml").read_text())["project"]["version"] for folder in FOLDERS.values()
    }
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert f"\n## {version} - " in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_licences_are_one_text() -> None:
    """Each distribution comes with the licence of the repository."""
    assert len({(folder / "LICENSE").read_bytes() for folder in FOLDERS.values()}) == 1
