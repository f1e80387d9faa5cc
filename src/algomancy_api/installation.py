"""Checks on import that exactly one backend is installed.

The modules that cannot be imported without a backend import this one first. Client, models and command line need none.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

OURS = "algomancy-reference"
THEIRS = ("algomancy-utils", "algomancy-data", "algomancy-scenario")


def require_one_backend() -> None:
    """Make sure that the backend's packages are there, and that they are of one make.

    Raises:
        ImportError: No backend is installed, or two were installed over each other; the message says what to run.
    """
    either = (
        "`pip install 'algomancy-api[reference]'` installs the reference backend, "
        "`pip install 'algomancy-api[algomancy]'` Algomancy's own packages, which need Python 3.14."
    )
    for package in ("algomancy_utils", "algomancy_data", "algomancy_scenario"):
        if find_spec(package) is None:
            raise ModuleNotFoundError(f"No backend is installed: {package} is missing. {either}", name=package)
    here = _folder(OURS)
    mixed = [name for name in THEIRS if here is not None and _folder(name) == here]
    if mixed:
        raise ImportError(
            f"{OURS} and {', '.join(mixed)} are installed in one folder, where each overwrites the other's files. "
            f"Remove both, `pip uninstall {' '.join((OURS, *THEIRS))}`, and install one: {either}",
            name="algomancy_utils",
        )


def _folder(name: str) -> str | None:
    """Return the folder that a distribution is installed in, `None` where it is not installed."""
    try:
        return str(distribution(name).locate_file(""))
    except PackageNotFoundError:
        return None


require_one_backend()
