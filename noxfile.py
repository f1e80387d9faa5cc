"""The tests on each Python version, and with the oldest and the newest packages that the three distributions allow.

`nox -s tests-3.13`, `nox -s oldest -- tests/algomancy_data`; what follows the dashes goes to pytest.
"""

from __future__ import annotations

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "uv"
nox.options.sessions = ["tests"]

OURS = ("-e", ".", "-e", "src", "-e", "conformance")
TEST = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "test")
# Older releases warn of each other; that is nothing this repository can mend.
OF_OTHERS = ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning")


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """Run the tests with the packages that an installation gets today."""
    session.install(*OURS, *TEST)
    _pytest(session)


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """Run the tests with the oldest release of each package that a pyproject allows."""
    session.install("--resolution", "lowest-direct", *OURS, *TEST)
    _pytest(session, *(f"-Wignore::{name}" for name in OF_OTHERS))


@nox.session(python="3.14")
def newest(session: nox.Session) -> None:
    """Run the tests with the newest release of each package, those that are not yet final among them."""
    session.install("--upgrade", "--prerelease", "allow", *OURS, *TEST)
    _pytest(session)


def _pytest(session: nox.Session, *options: str) -> None:
    session.run("pytest", "-n", "3", "--dist", "worksteal", *options, *session.posargs)
