"""Nothing is missing from the site, no link in it is broken, and nothing in it comes from elsewhere."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import click
import pytest

from algomancy_api import ApiConfiguration
from algomancy_api.cli import main as server_command
from algomancy_api.errors import ERROR_RULES
from algomancy_api.sandbox.application import control_document
from algomancy_conformance.cli import main as conformance_command
from algomancy_scenario import CoreConfig
from tests.docs.built_site import Site
from tests.docs.published import operations
from tests.repository import DOCUMENT, KIT, ROOT

CLAUSES = tomllib.loads((KIT / "clauses.toml").read_text(encoding="utf-8"))["clause"]
GUIDE = [
    "index",
    "tutorial",
    "concepts",
    "frontend",
    "backend",
    "deploy",
    "guarantees",
    "architecture",
    "crashing_solver",
]
FOREIGN_HOSTS = re.compile(
    r"unpkg\.com|jsdelivr\.net|cdnjs\.|cloudflare|googleapis\.com|gstatic\.com|esm\.sh|skypack|polyfill\.io|bootstrapcdn"
    r"|use\.typekit"
)
FOREIGN_STYLE = re.compile(r"@import|url\(\s*['\"]?(?:https?:)?//")


def command_names(command: click.Command, name: str) -> Iterator[str]:
    """The full name of a command and of all commands below it."""
    yield name
    if isinstance(command, click.Group):
        for sub, child in command.commands.items():
            yield from command_names(child, f"{name} {sub}")


@pytest.mark.parametrize("page", GUIDE)
def test_guide_page_is_there(page: str, site: Site) -> None:
    """Each hand-written page is built."""
    assert f"{page}.html" in site.pages


def test_operations_are_all_documented(site: Site) -> None:
    """Every operation of the committed document has its section, its path and each of its statuses with when."""
    reference = {name: page for name, page in site.pages.items() if name.startswith("reference/")}
    for operation_id, request_line, responses in operations():
        holders = [page for page in reference.values() if operation_id in page.ids]
        assert len(holders) == 1, f"{operation_id} has {len(holders)} sections"
        assert request_line in site.pages["reference/index.html"].text
        text = " ".join(holders[0].text.split())
        for status, reply in responses.items():
            when = re.sub(r"[`*]", "", " ".join(reply["description"].split()))
            assert when in text, f"{operation_id} {status}: {when}"


def test_sandbox_control_is_all_documented(site: Site) -> None:
    """Every operation of the sandbox's own document has its section and its path, every model its members."""
    page, document = site.pages["reference/sandbox_control.html"], control_document()
    text = " ".join(page.text.split())
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["operationId"] in page.ids
            assert f"{method.upper()} {path}" in text
    for name, model in document["components"]["schemas"].items():
        assert name in page.ids
        assert [member for member in model.get("properties", {}) if member not in text] == []


def test_configuration_fields_are_all_documented(site: Site) -> None:
    """Every field of both configuration classes has its row."""
    page = site.pages["reference/configuration.html"]
    names = {one.name for one in [*dataclasses.fields(CoreConfig), *dataclasses.fields(ApiConfiguration)] if one.init}
    assert names - page.ids == set()


def test_error_rules_are_all_documented(site: Site) -> None:
    """Every error rule has its row, with its exception and when it applies."""
    page = site.pages["reference/errors.html"]
    assert {rule.id.lower() for rule in ERROR_RULES} - page.ids == set()
    assert [rule.id for rule in ERROR_RULES if rule.exception not in page.text] == []


def test_clauses_are_all_documented(site: Site) -> None:
    """Every clause has its row, and no row is without a check."""
    page = site.pages["reference/clauses.html"]
    assert {clause["id"].lower() for clause in CLAUSES} - page.ids == set()
    rows = re.findall(r"<tr>.*?</tr>", (site.folder / "reference/clauses.html").read_text("utf-8"), flags=re.DOTALL)
    untried = [row for row in rows if 'id="' in row and "<code title=" not in row]
    assert untried == []


def test_commands_are_all_documented(site: Site) -> None:
    """Every command and sub-command has its section."""
    page = site.pages["reference/commands.html"]
    names = [
        *command_names(server_command, "algomancy-api"),
        *command_names(conformance_command, "algomancy-conformance"),
    ]
    assert {name.replace(" ", "-") for name in names} - page.ids == set()


def test_models_are_all_documented(site: Site) -> None:
    """Every named model has its section."""
    assert set(DOCUMENT["components"]["schemas"]) - site.pages["reference/models.html"].ids == set()


def test_changelog_is_the_projects(site: Site) -> None:
    """The changelog's newest heading is on its page."""
    heading = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)[0]
    assert heading.strip("[]") in site.pages["changelog.html"].text


def test_document_is_the_published_one(site: Site) -> None:
    """The document that the site carries, and shows in Swagger UI, equals the committed one."""
    assert json.loads((site.folder / "openapi.json").read_text(encoding="utf-8")) == DOCUMENT


def test_guarantees_name_tests_that_exist() -> None:
    """Every test file that the guarantees name is there."""
    named = re.findall(r"`(test_\w+\.py)`", (ROOT / "docs/guarantees.md").read_text("utf-8"))
    assert named
    assert [name for name in named if not (ROOT / "tests/hardening" / name).is_file()] == []


def test_internal_links_lead_somewhere(site: Site) -> None:
    """Every relative link and resource names a file of the site, and every anchor an id in it."""
    broken = []
    for name, page in site.pages.items():
        if name == "404.html":  # served for any address, so its links start at the root
            continue
        for target in [*page.links, *page.loads]:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            path = (site.folder / name).parent / unquote(parts.path) if parts.path else site.folder / name
            path = path / "index.html" if path.is_dir() else path
            if not path.is_file():
                broken.append(f"{name} → {target}")
            elif parts.fragment and not parts.fragment.startswith("__"):
                where = site.pages.get(path.resolve().relative_to(site.folder.resolve()).as_posix())
                if where is None or unquote(parts.fragment) not in where.ids:
                    broken.append(f"{name} → {target}")
    assert broken == []


def test_pages_load_nothing_from_elsewhere(site: Site) -> None:
    """No page loads a script, style, picture or frame by an absolute address."""
    assert [f"{name}: {url}" for name, page in site.pages.items() for url in page.loads if "//" in url] == []


def test_assets_load_nothing_from_elsewhere(site: Site) -> None:
    """No style imports anything or names a foreign file, and no file names a host that serves scripts or fonts."""
    styles = [path for path in site.folder.rglob("*.css") if FOREIGN_STYLE.search(path.read_text("utf-8"))]
    assert styles == []
    texts = [
        path for path in site.folder.rglob("*") if path.suffix in (".js", ".css", ".html", ".json", ".svg", ".map")
    ]
    named = {str(path): FOREIGN_HOSTS.findall(path.read_text("utf-8")) for path in texts}
    assert {path: hosts for path, hosts in named.items() if hosts} == {}
