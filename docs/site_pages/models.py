"""The page of named models: what requests and replies are made of."""

from __future__ import annotations

from typing import Any

from site_pages.document import document, operations, resolve
from site_pages.markdown import GeneratedPage, prose
from site_pages.schema_tables import members_table


def models_page() -> GeneratedPage:
    """One section per named schema, in alphabetical order."""
    parts = [
        "# Models\n",
        "What requests and replies are made of, by name. A reply may carry members that are not listed: ignore them.\n",
    ]
    return GeneratedPage("reference/models.md", "Models", "\n".join([*parts, *model_sections(document())]))


def model_sections(of: dict[str, Any], models: str = "models.md", heading: str = "##") -> list[str]:
    """The section of each named schema of a document, for the page `models`."""
    parts = []
    asked = _request_models(of)
    for name, schema in sorted(of["components"]["schemas"].items()):
        parts.append(f"{heading} {name} {{ #{name} }}\n")
        if "description" in schema:
            parts.append(prose(schema["description"]) + "\n")
        parts.append(members_table(schema, models, request=name in asked))
    return parts


def _request_models(of: dict[str, Any]) -> set[str]:
    """The names of the models that requests are made of, as opposed to replies."""
    bodies = [resolve(operation.spec["requestBody"]) for operation in operations(of) if "requestBody" in operation.spec]
    references = [media["schema"].get("$ref", "") for body in bodies for media in body["content"].values()]
    return {reference.rsplit("/", 1)[-1] for reference in references}
