"""Compares what a project gives on the packages that are installed with what Algomancy 0.8.2 gave.

`python differential.py` prints every difference that has no reason; `--record PYTHON` writes anew what was observed,
with an interpreter that has Algomancy's own packages.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PROJECTS = ("bakery", "clinic", "haulage", "units")
REASONS: dict[str, str] = tomllib.loads((FOLDER / "differences.toml").read_text("utf-8"))
"""Where ours is meant to differ: a pattern of paths, and why."""


def observed(project: str) -> dict[str, Any]:
    """Return what was observed of Algomancy's own packages, by path."""
    facts: dict[str, Any] = json.loads((FOLDER / "observed" / f"{project}.json").read_text("utf-8"))
    return facts


def observe(project: str, python: str = sys.executable) -> dict[str, Any]:
    """Run a project with an interpreter and return what it gives, by path.

    Raises:
        RuntimeError: It could not be run; the message is the end of what it printed.
    """
    command = [python, str(FOLDER / "observe.py"), project]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().rpartition("\n")[2])
    return dict(_flat(json.loads(done.stdout), project))


def differences(project: str) -> dict[str, tuple[Any, Any]]:
    """Return where the packages that are installed differ, as path → (theirs, ours)."""
    theirs, ours = observed(project), observe(project)
    return {
        path: (theirs.get(path, "absent"), ours.get(path, "absent"))
        for path in sorted(theirs.keys() | ours.keys())
        if theirs.get(path, "absent") != ours.get(path, "absent")
    }


def unexplained(project: str) -> list[str]:
    """Return each difference that has no reason, as a line, or why the project does not run."""
    try:
        found = differences(project)
    except RuntimeError as error:
        return [f"{project}: {error}"]
    return [
        f"{path}: theirs {theirs!r}, ours {ours!r}"
        for path, (theirs, ours) in found.items()
        if not any(fnmatchcase(path, pattern) for pattern in REASONS)
    ]


def _flat(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        return [leaf for key, one in value.items() for leaf in _flat(one, f"{path}/{key}")]
    return [(path, value)]


def main(arguments: list[str]) -> None:
    """Print what differs, or record what is observed."""
    for project in PROJECTS:
        if arguments[:1] == ["--record"]:
            lines = [f"{json.dumps(path)}: {json.dumps(told)}" for path, told in observe(project, arguments[1]).items()]
            (FOLDER / "observed" / f"{project}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        else:
            print("\n".join(unexplained(project)))


if __name__ == "__main__":
    main(sys.argv[1:])
