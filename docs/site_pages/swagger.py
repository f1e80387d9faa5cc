"""The page that shows the document in Swagger UI."""

from __future__ import annotations

from site_pages.markdown import GeneratedPage

_TEXT = """# Swagger UI

The same document as a running server shows under `/docs`. There, requests can be tried out; here they cannot, because a
page from disk has no server behind it. [openapi.json](../openapi.json) is the document itself.

<swagger-ui src="../openapi.json"/>
"""


def swagger_page() -> GeneratedPage:
    """The document in Swagger UI, from files of this site alone."""
    return GeneratedPage("reference/swagger.md", "Swagger UI", _TEXT)
