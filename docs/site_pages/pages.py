"""All generated pages, and where they stand in the navigation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from site_pages.benchmarks import benchmarks_page
from site_pages.changelog import changelog_page
from site_pages.clause_table import clauses_page
from site_pages.commands import commands_page
from site_pages.configuration import configuration_page
from site_pages.descriptors import descriptors_page
from site_pages.document import document
from site_pages.errors_table import errors_page
from site_pages.markdown import GeneratedPage
from site_pages.models import models_page
from site_pages.operation_pages import operation_pages
from site_pages.port import port_page
from site_pages.sandbox_control import sandbox_control_page
from site_pages.swagger import swagger_page


def generated_pages(root: Path) -> dict[str, list[GeneratedPage]]:
    """The pages by section of the navigation.

    Args:
        root: The project's folder.
    """
    return {
        "HTTP API": [
            *operation_pages(),
            models_page(),
            errors_page(),
            descriptors_page(),
            swagger_page(),
            sandbox_control_page(),
        ],
        "Look up": [
            configuration_page(),
            commands_page(),
            clauses_page(),
            port_page(root),
            benchmarks_page(root / "docs" / "benchmarks.json"),
            changelog_page(root),
        ],
    }


def navigation(sections: dict[str, list[GeneratedPage]]) -> list[dict[str, Any]]:
    """The sections as mkdocs writes its navigation."""
    return [{name: [{page.title: page.path} for page in pages]} for name, pages in sections.items()]


def published_document() -> str:
    """The OpenAPI document as the site carries it."""
    return json.dumps(document(), ensure_ascii=False, indent=1)
