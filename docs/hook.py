"""The build hook of the site: adds what is generated, and takes out what could reach for the network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files, InclusionLevel
from site_pages.generated_clients import MARKER, generated_clients
from site_pages.markdown import GeneratedPage
from site_pages.pages import generated_pages, navigation, published_document
from site_pages.pictures import explorer_pictures, with_pictures
from site_pages.swagger import ASSETS, FRAME, swagger_frame

from algomancy_api.pages import swagger_assets

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).parent.parent

# The theme's script would fetch these for diagrams and old browsers; this site has no use for either.
_LAZY_SCRIPT = re.compile(r"https://unpkg\.com/[\w@./-]+")
_NOTHING = "data:text/javascript,"

_pages: list[GeneratedPage] = []
_pictures: dict[str, bytes] = {}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make the generated pages and put them into the navigation."""
    sections = generated_pages(ROOT)
    _pages[:] = [page for pages in sections.values() for page in pages]
    _pictures.update(explorer_pictures())
    config.nav = [*(config.nav or []), *navigation(sections)]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, the document itself, what shows it in Swagger UI, and the example of a frontend."""
    for page in _pages:
        files.append(File.generated(config, page.path, content=page.text))
    files.append(File.generated(config, "openapi.json", content=published_document()))
    files.append(File.generated(config, FRAME, content=swagger_frame()))
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        files.append(File.generated(config, f"{ASSETS}/{name}", abs_src_path=str(swagger_assets() / name)))
    for path in sorted((ROOT / "example" / "frontend").glob("*.*")):
        # Of Python files those are left out that make the site.
        kept = InclusionLevel.INCLUDED
        files.append(File.generated(config, f"frontend/{path.name}", abs_src_path=str(path), inclusion=kept))
    for name, content in _pictures.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Put the table of generated clients and the pictures where a page asks for them."""
    markdown = with_pictures(markdown, _pictures)
    return markdown.replace(MARKER, generated_clients(ROOT)) if MARKER in markdown else markdown


def on_post_build(config: MkDocsConfig) -> None:
    """Leave nothing in the site that loads anything from elsewhere."""
    site = Path(config.site_dir)
    for path in site.rglob("*.map"):
        path.unlink()
    for path in (site / "assets" / "javascripts").glob("bundle.*.js"):
        path.write_text(_LAZY_SCRIPT.sub(_NOTHING, path.read_text(encoding="utf-8")), encoding="utf-8")
