"""The page of named models: what requests and replies are made of."""

from __future__ import annotations

from site_pages.document import operations, resolve
from site_pages.markdown import GeneratedPage, prose
from site_pages.schema_tables import members_table, named_schemas


def models_page() -> GeneratedPage:
    """One section per named schema, in alphabetical order."""
    parts = [
        "# Models\n",
        "What requests and replies are made of, by name. A reply may carry members that are not listed: ignore them.\n",
    ]
    asked = _request_models()
    for name, schema in sorted(named_schemas().items()):
        parts.append(f"## {name} {{ #{name} }}\n")
        if "description" in schema:
            parts.append(prose(schema["description"]) + "\n")
        parts.append(members_table(schema, request=name in asked))
    return GeneratedPage("reference/models.md", "Models", "\n".join(parts))


def _request_models() -> set[str]:
    """The names of the models that requests are made of, as opposed to replies."""
    bodies = [resolve(operation.spec["requestBody"]) for operation in operations() if "requestBody" in operation.spec]
    references = [media["schema"].get("$ref", "") for body in bodies for media in body["content"].values()]
    return {reference.rsplit("/", 1)[-1] for reference in references}
