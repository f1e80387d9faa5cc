"""MET: health, the documentation page, and the target's own OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from algomancy_conformance.document import missing_parts, published_document
from algomancy_conformance.outcomes import Broken
from algomancy_conformance.running.plugin import clause
from algomancy_conformance.shapes import check_json, check_members, demand
from algomancy_conformance.target.client import Api
from algomancy_conformance.target.wire import Answer
from algomancy_conformance.target.world import World

LOOKS = 12


def check_health(ask: Callable[[], Answer], api: Api) -> None:
    """The answer is a health report that lists the sessions there are."""
    answer = ask()
    body = answer.expect(200).json()
    check_json(answer)
    check_members(body, ("status", "title", "sessions"), "the health report")
    demand(body["status"] == "ok", f"the status is {body['status']!r}")
    demand(isinstance(body["title"], str) and body["title"], "the title is no text")
    for _ in range(LOOKS):  # others may come and go between two requests, but not each time
        if named(ask().expect(200)) == named(api.get("/sessions").expect(200)):
            return
    raise Broken("the sessions are not those of /sessions")


def named(answer: Answer) -> set[tuple[str, str]]:
    """Id and name of the sessions in an answer."""
    return {(session["id"], session["display_name"]) for session in answer.json()["sessions"]}


@clause("MET-1", operation="get_health", read_only=True)
def test_health_names_title_and_sessions(api: Api) -> None:
    """The liveness probe answers with the title and the sessions."""
    check_health(lambda: api.root("GET", "/health"), api)


@clause("MET-1", operation="get_health")
def test_health_lists_every_session(api: Api, world: World) -> None:
    """A session that was just made is in the health report."""
    made = world.new_session()
    listed = api.root("GET", "/health").expect(200).json()["sessions"]
    demand({"id": made.id, "display_name": made.name} in listed, "a new session is not listed")


@clause("MET-4", operation="get_health", read_only=True)
def test_health_is_below_the_prefix_too(api: Api) -> None:
    """The liveness probe answers below the prefix as well, for gateways that forward nothing else."""
    check_health(lambda: api.get("/health"), api)


@clause("MET-4", read_only=True)
def test_health_below_the_prefix_is_not_documented(api: Api) -> None:
    """The document names the liveness probe once, outside the prefix."""
    paths = api.root("GET", "/openapi.json").expect(200).json()["paths"]
    demand(not api.prefix or f"{api.prefix}/health" not in paths, "the document names it below the prefix, too")


@clause("MET-3", read_only=True)
def test_docs_is_a_page_of_swagger_ui(api: Api) -> None:
    """The documentation page is HTML and starts Swagger UI on the document."""
    answer = api.root("GET", "/docs").expect(200)
    demand(answer.headers.get("content-type", "").startswith("text/html"), "the page is not HTML")
    text = answer.content.decode("utf-8", "replace")
    demand("swagger" in text.lower(), "the page does not mention Swagger UI")
    demand("openapi.json" in text, "the page does not name the document")


class Links(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the address of a script, a style sheet, an icon or an image."""
        wanted = {"script": "src", "img": "src", "link": "href"}.get(tag)
        self.found += [value for name, value in attrs if name == wanted and value]


@clause("MET-5", read_only=True)
def test_docs_loads_nothing_from_the_internet(api: Api) -> None:
    """All the documentation page loads comes from the target itself, and is there."""
    links, page = Links(), api.root("GET", "/docs").expect(200)
    links.feed(page.content.decode("utf-8", "replace"))
    addresses = [urljoin(page.exchange.url, link) for link in links.found if not link.startswith("data:")]
    demand(any(urlsplit(a).path.endswith(".js") for a in addresses), "the page loads no script")
    for address in addresses:
        demand(urlsplit(address).netloc == urlsplit(page.exchange.url).netloc, f"the page loads {address}")
        demand(api.root("GET", address).status == 200, f"{address} does not answer 200")


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    """The target's own document."""
    answer = api.root("GET", "/openapi.json").expect(200)
    demand(answer.headers.get("content-type", "").startswith("application/json"), "the document is not sent as JSON")
    body: dict[str, Any] = answer.json()
    return body


@clause("MET-2", layer="document", read_only=True)
def test_document_is_valid_openapi_31(document: dict[str, Any]) -> None:
    """The target's document is valid OpenAPI 3.1."""
    from openapi_spec_validator import OpenAPIV31SpecValidator

    demand(str(document.get("openapi", "")).startswith("3.1"), f"its version is {document.get('openapi')!r}")
    errors = [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in OpenAPIV31SpecValidator(document).iter_errors()
    ]
    demand(not errors, "\n".join(errors[:5]))


@clause("MET-6", layer="document", read_only=True)
def test_document_promises_what_the_published_one_does(api: Api, document: dict[str, Any]) -> None:
    """No operation that binds, documented status, response field or enum value of the published document is missing."""
    missing = missing_parts(published_document(), document, api.prefix)
    demand(not missing, f"{len(missing)} missing: " + "; ".join(missing[:10]))
