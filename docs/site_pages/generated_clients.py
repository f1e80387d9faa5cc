"""The table of generated clients and their recipes, in the page for frontend teams."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from site_pages.markdown import fence, indent, table

MARKER = "<!-- generated clients: made by docs/site_pages/generated_clients.py -->"

_INTRODUCTION = """### What each tool gets right

At every change the clients of five tools are generated, compiled under `tsc --strict` and taken through {checks} checks
against a live server: every operation, with names such as `50 % / #1?` and a dataset key `A&B #1 50%?`. The validators
that hey-api, orval and Kubb make accept every reply.
"""

_RECIPES = {
    "openapi-fetch": ("openapi_fetch.ts", "Spread this into the options of an upload."),
    "orval": ("orval.ts", "Its functions, and Kubb's, do not encode what goes into a path."),
    "kubb": (
        "kubb.ts",
        "Kubb needs this beside the one of orval; `bundle: true` makes its client a file of your project.",
    ),
}

_LIST = """`list_scenarios` gives scenarios or, with `view=summary`, summaries; no tool can tell from the query which.
Ask whether `"result" in scenario`, and the compiler knows.
"""


def generated_clients(root: Path) -> str:
    """What `make typescript` found, as Markdown.

    Args:
        root: The project's folder.
    """
    found = json.loads((root / "docs" / "generated_clients.json").read_text(encoding="utf-8"))
    checks, tools = found["checks"], found["tools"]
    summary = table(
        ("Tool", "Version", "As it is", "With its recipe"),
        [(_name(tool), _versions(tool), *_counts(tool, len(checks))) for tool in tools],
    )
    single = table(("Check", *(tool["tool"] for tool in tools)), [(check, *_marks(check, tools)) for check in checks])
    recipes = [
        f"**{tool}.** {what}\n\n{fence('ts', _code(root / 'tests' / 'typescript' / 'recipes' / name))}"
        for tool, (name, what) in _RECIPES.items()
    ]
    details = f'??? "Check by check"\n\n{indent(single)}'
    return "\n".join([_INTRODUCTION.format(checks=len(checks)), summary, details, "### Recipes\n", *recipes, _LIST])


def _name(tool: dict[str, Any]) -> str:
    return ", ".join(f"`{package}`" for package in tool["packages"])


def _versions(tool: dict[str, Any]) -> str:
    return ", ".join(tool["packages"].values())


def _counts(tool: dict[str, Any], checks: int) -> tuple[str, str]:
    right, with_recipe = (
        f"{checks - len(tool[name])}&nbsp;of&nbsp;{checks}" for name in ("missed", "missed_with_recipe")
    )
    return right, with_recipe if tool["missed"] else ""


def _marks(check: str, tools: list[dict[str, Any]]) -> list[str]:
    missed = ["✗" if check in tool["missed_with_recipe"] else "recipe" for tool in tools]
    return [mark if check in tool["missed"] else "✓" for mark, tool in zip(missed, tools, strict=True)]


def _code(path: Path) -> str:
    """A recipe as a reader needs it: what it imports lies elsewhere in a project of theirs."""
    return path.read_text(encoding="utf-8").replace("../generated/kubb/", "./api/")
