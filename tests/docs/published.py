"""The committed OpenAPI document: what the site is compared with."""

from __future__ import annotations

from collections.abc import Iterator

from tests.repository import DOCUMENT


def operations() -> Iterator[tuple[str, str, dict[str, dict[str, str]]]]:
    """Each operation's id, its request line and its replies, from the committed document."""
    for path, item in DOCUMENT["paths"].items():
        for method, spec in item.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield spec["operationId"], f"{method.upper()} {path}", spec["responses"]
