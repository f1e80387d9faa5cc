"""The page of the sandbox's control API, made from the document that a sandbox serves at `/sandbox/openapi.json`."""

from __future__ import annotations

from site_pages.document import control, operations
from site_pages.markdown import GeneratedPage, prose
from site_pages.models import model_sections
from site_pages.operation_pages import facts

_PATH = "reference/sandbox_control.md"


def sandbox_control_page() -> GeneratedPage:
    """Every operation below `/sandbox` with all it takes and answers, and the models these are made of."""
    document = control()
    parts = [
        "# Sandbox control\n",
        "What steers [a sandbox](../sandbox.md), which shows this page's document in Swagger UI at `/sandbox/docs`.\n",
        prose(document["info"]["description"]) + "\n",
    ]
    for tag in document["tags"]:
        parts += [f"## {tag['name']}\n", prose(tag["description"]) + "\n"]
        for operation in operations(document):
            if operation.tag == tag["name"]:
                heading, *rest = facts(operation, models="")
                parts += [f"#{heading}", *rest]
    parts += ["## Models\n", *model_sections(document, models="", heading="###")]
    return GeneratedPage(_PATH, "Sandbox control", "\n".join(parts))
