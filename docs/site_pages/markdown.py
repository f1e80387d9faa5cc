"""Small pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_CODE_SPAN = re.compile(r"(`+[^`]*`+)")


@dataclass(frozen=True)
class GeneratedPage:
    """A page made at build time.

    Attributes:
        path: Where it lies in the site's sources, such as ``reference/errors.md``.
        title: Its name in the navigation.
        text: Its Markdown.
    """

    path: str
    title: str
    text: str


def cell(text: str) -> str:
    """`text` on one line, with pipes that do not end a table cell."""
    parts = _CODE_SPAN.split(" ".join(text.split()))
    return "".join(part if part.startswith("`") else part.replace("|", "&#124;") for part in parts)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell(value) for value in line)} |" for line in lines) + "\n"


def fence(language: str, text: str) -> str:
    """A code block."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def tabs(blocks: Iterable[tuple[str, str]]) -> str:
    """One tab per (title, Markdown)."""
    return "\n".join(f'=== "{title}"\n\n{indent(text)}' for title, text in blocks)


def indent(text: str) -> str:
    """`text` four columns to the right."""
    return "".join(f"    {line}\n" if line.strip() else "\n" for line in text.splitlines())


def prose(text: str) -> str:
    """A description as Markdown; angle brackets stand for themselves outside of code."""
    parts = _CODE_SPAN.split(text.strip())
    return "".join(part if part.startswith("`") else part.replace("<", "&lt;") for part in parts)
