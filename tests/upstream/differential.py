"""Compares what a project gives on the packages that are installed with what Algomancy 0.8.2 gave.

`python differential.py` prints every difference that has no reason; `--record PYTHON` writes anew what was observed,
with an interpreter that has Algomancy's own packages.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PROJECTS = ("bakery", "clinic", "haulage", "units")
REASONS: list[dict[str, Any]] = tomllib.loads((FOLDER / "differences.toml").read_text("utf-8")).get("difference", [])
"""Where ours is meant to differ: a pattern of `paths`, what `theirs` gave if that matters, and the `reason`.

With `rows_from` ours has to be theirs, each number so much higher.
"""


def observed(project: str) -> dict[str, Any]:
    """Return what was observed of Algomancy's own packages."""
    facts: dict[str, Any] = json.loads((FOLDER / "observed" / f"{project}.json").read_text("utf-8"))
    return facts


def observe(project: str, python: str = sys.executable) -> dict[str, Any]:
    """Run a project with an interpreter and return what it gives.

    Raises:
        RuntimeError: It could not be run; the message is the end of what it printed.
    """
    command = [python, str(FOLDER / "observe.py"), project]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().rpartition("\n")[2])
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@functools.cache
def differences(project: str) -> dict[str, tuple[Any, Any]]:
    """Return where the packages that are installed differ, as path → (theirs, ours)."""
    return dict(_compare(observed(project), observe(project), project))


def unexplained(project: str) -> list[str]:
    """Return each difference that has no reason, as a line, or why the project does not run."""
    try:
        found = differences(project)
    except RuntimeError as error:
        return [f"{project}: {error}"]
    return [
        f"{path}: theirs {theirs!r}, ours {ours!r}"
        for path, (theirs, ours) in found.items()
        if not any(explains(reason, path, theirs, ours) for reason in REASONS)
    ]


def explains(reason: dict[str, Any], path: str, theirs: Any, ours: Any) -> bool:
    """Tell whether a reason is meant for a difference."""
    if not fnmatchcase(path, reason["paths"]) or reason.get("theirs", theirs) != theirs:
        return False
    shift = reason.get("rows_from")
    return shift is None or (isinstance(theirs, list) and ours == [row + shift for row in theirs if row is not None])


def _compare(theirs: Any, ours: Any, path: str) -> Iterator[tuple[str, tuple[Any, Any]]]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(theirs.keys() | ours.keys()):
            yield from _compare(theirs.get(key, "absent"), ours.get(key, "absent"), f"{path}/{key}")
    elif theirs != ours:
        yield path, (theirs, ours)


def _written(value: Any) -> str:
    """Return JSON with a line for each list, each plain value and each object of plain values."""
    if isinstance(value, dict) and any(isinstance(one, dict | list) for one in value.values()):
        return "{\n" + ",\n".join(f"{json.dumps(key)}: {_written(one)}" for key, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def main(arguments: list[str]) -> None:
    """Print what differs, or record what is observed."""
    for project in PROJECTS:
        if arguments[:1] == ["--record"]:
            file = FOLDER / "observed" / f"{project}.json"
            file.write_text(_written(observe(project, arguments[1])) + "\n", encoding="utf-8")
        else:
            print("\n".join(unexplained(project)))


if __name__ == "__main__":
    main(sys.argv[1:])
