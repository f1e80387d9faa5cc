"""Known failures: a file that lists clauses a target is known to break, each with the reason why that is accepted."""

from __future__ import annotations

import tomllib
from pathlib import Path

from .clauses import all_clauses
from .outcomes import KitError


def read_baseline(path: Path) -> dict[str, str]:
    """The reason by clause id.

    The file is TOML::

        [[known]]
        clause = "SCN-17"
        reason = "Runs are processes of a batch system and cannot be stopped."

    Raises:
        KitError: The file cannot be read, lists an unknown clause or one twice, or an entry has no reason.
    """
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("known", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KitError(f"The baseline {path} cannot be read: {error}") from None
    known: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        clause = row.get("clause")
        reason = row.get("reason")
        if clause not in all_clauses():
            raise KitError(f"The baseline's entry {number} names {clause!r}, which is no clause.")
        if clause in known:
            raise KitError(f"The baseline lists {clause} twice.")
        if not isinstance(reason, str) or not reason.strip():
            raise KitError(f"The baseline's entry for {clause} has no reason.")
        known[clause] = reason.strip()
    return known
