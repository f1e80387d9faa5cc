"""The table of generated clients is what the TypeScript gate found with the versions it installs."""

from __future__ import annotations

import json

from tests.docs.built_site import Site
from tests.repository import ROOT

GATE = ROOT / "tests" / "typescript"
FOUND = json.loads((ROOT / "docs" / "generated_clients.json").read_text("utf-8"))


def test_table_shows_every_tool_with_the_version_that_was_tried(site: Site) -> None:
    """Each tool's row has its version and its numbers, and with its recipe each tool gets everything right."""
    installed = json.loads((GATE / "package.json").read_text("utf-8"))["devDependencies"]
    text = site.pages["frontend.html"].text
    count = len(FOUND["checks"])
    for tool in FOUND["tools"]:
        assert {name: installed[name] for name in tool["packages"]} == tool["packages"]
        assert tool["missed_with_recipe"] == []
        assert f"{', '.join(tool['packages'].values())} {count - len(tool['missed'])} of {count}" in " ".join(
            text.split()
        )


def test_checks_in_the_table_are_those_of_the_flow(site: Site) -> None:
    """Every check that the gate makes has its row, and there is none besides."""
    flow = (GATE / "flow.ts").read_text("utf-8")
    text = " ".join(site.pages["frontend.html"].text.split())
    assert len(FOUND["checks"]) == flow.count(": async (client")
    for check in FOUND["checks"]:
        assert f'  "{check}": async (client' in flow
        assert check in text


def test_recipes_on_the_page_are_those_of_the_gate(site: Site) -> None:
    """The code to copy is the code that was run."""
    text = site.pages["frontend.html"].text
    for recipe in (GATE / "recipes").iterdir():
        for line in recipe.read_text("utf-8").splitlines()[-4:]:
            assert line.strip() in text, recipe.name
