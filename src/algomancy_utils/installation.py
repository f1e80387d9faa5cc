"""Refuses, when it is imported, to run where Algomancy's own packages were installed into the same folder.

Each of the three packages imports this module first: whichever of them is ours finds it.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

THEIRS = ("algomancy-utils", "algomancy-data", "algomancy-scenario")


def refuse_mixed_files() -> None:
    """Make sure that no distribution of Algomancy's own shares these packages' folder.

    Raises:
        ImportError: One does; the message says what to run.
    """
    folder = Path(__file__).parents[1]
    mixed = []
    for name in THEIRS:
        try:
            other = distribution(name)
        except PackageNotFoundError:
            continue
        if Path(str(other.locate_file(""))) == folder:
            mixed.append(name)
    if mixed:
        raise ImportError(
            f"algomancy-reference was installed over {', '.join(mixed)}, and their files have the same names. "
            f"Remove both, `pip uninstall algomancy-reference {' '.join(THEIRS)}`, and install one of the two again."
        )


refuse_mixed_files()
