"""The page that shows the document in Swagger UI, and the frame in it: both work from disk as well."""

from __future__ import annotations

from algomancy_api.pages import in_script
from algomancy_api.pages import swagger_page as swagger_ui
from site_pages.document import document
from site_pages.markdown import GeneratedPage

ASSETS = "assets/swagger-ui"
"""Where the site has the script and style sheet of Swagger UI."""

FRAME = "reference/swagger-ui.html"

_TEXT = """# Swagger UI

The same document as a running server shows under `/docs`. There, requests can be tried out; here they cannot, because a
page from disk has no server behind it. [openapi.json](../openapi.json) is the document itself.

<iframe class="swagger-ui-frame" src="swagger-ui.html" title="The document in Swagger UI"></iframe>

<script>
// From disk, a frame is another origin: what the two have to say to each other are messages.
const frame = document.querySelector(".swagger-ui-frame");
const tellScheme = () =>
  frame.contentWindow.postMessage({ dark: document.body.dataset.mdColorScheme === "slate" }, "*");
addEventListener("message", (event) => {
  if (event.source !== frame.contentWindow) return;
  frame.style.height = `${event.data.height}px`;
  tellScheme();
});
new MutationObserver(tellScheme).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
</script>
"""

_STYLE = """<style>
/* The page around the frame has a title and says where requests can be tried. */
.swagger-ui .information-container, .swagger-ui .scheme-container { display: none; }
.swagger-ui .wrapper { padding: 0; }
html, html.dark-mode, html.dark-mode .swagger-ui { background: transparent; }
</style>
"""

_SCRIPT = """show(%s);
const content = document.getElementById("swagger-ui");
const tellHeight = () => parent.postMessage({ height: Math.ceil(content.getBoundingClientRect().height) + 16 }, "*");
new ResizeObserver(tellHeight).observe(content);
addEventListener("message", (event) => {
  if (event.source === parent && "dark" in event.data) showDark(event.data.dark);
});"""


def swagger_page() -> GeneratedPage:
    """The page around the frame."""
    return GeneratedPage("reference/swagger.md", "Swagger UI", _TEXT)


def swagger_frame() -> str:
    """The HTML of the frame: the document inlined, for a page from disk may read no other file."""
    options = {"spec": document(), "supportedSubmitMethods": [], "defaultModelsExpandDepth": -1}
    return swagger_ui("The document in Swagger UI", f"../{ASSETS}", _SCRIPT % in_script(options), _STYLE)
