"""The site in a browser that reaches nothing but this machine."""

from __future__ import annotations

import pytest

from tests.docs.built_site import Site
from tests.docs.published import operations
from tests.docs.watched_page import WatchedPage

CUT_TABLES = """[...document.querySelectorAll('article table')]
    .filter(table => table.scrollWidth > table.closest('.md-typeset__scrollwrap').clientWidth)
    .map(table => table.tHead.innerText)"""
"""The heads of the tables of which a part is out of sight."""


def test_pages_open_without_a_complaint(site: Site, site_url: str, browser: WatchedPage) -> None:
    """No page logs an error, asks another host, misses a file, has a cut table, or is wider than a window or phone."""
    complaints: dict[str, list[str]] = {}
    for name in site.written:
        browser.open(f"{site_url}/{name}")
        cut = browser.evaluate(CUT_TABLES)
        found = [f"{wide} pixels wide" for width in (1280, 390) if (wide := browser.width_of_page(width)) > width]
        found += [f"table cut: {head}" for head in cut] + browser.problems
        found += [url for url in browser.requested if not url.startswith((site_url, "data:", "blob:", "about:"))]
        if found:
            complaints[name] = found
    assert len(site.written) > 15
    assert complaints == {}


@pytest.mark.parametrize("words", ["list_scenarios", "derive dataset"])
def test_search_finds_an_operation(words: str, site_url: str, browser: WatchedPage) -> None:
    """Typing an operation's id, or what it does, leads to its section."""
    browser.open(f"{site_url}/index.html?q={words.replace(' ', '+')}")
    links = browser.wait_until("[...document.querySelectorAll('.md-search-result__link')].map(link => link.href)")
    assert any(link.split("?")[0].startswith(f"{site_url}/reference/") for link in links)
    anchors = {link.rsplit("#", 1)[-1] for link in links}
    assert anchors & {"list_scenarios", "derive_dataset"}
    assert browser.problems == []


def test_swagger_ui_shows_every_operation(site_url: str, browser: WatchedPage) -> None:
    """The embedded Swagger UI draws the document, all operations of it, as high as it is and dark where the page is."""
    frame = "document.querySelector('iframe').contentDocument"
    browser.open(f"{site_url}/reference/swagger.html")
    browser.wait_until(f"{frame}.querySelectorAll('.opblock').length === {len(list(operations()))}")
    browser.wait_until(f"document.querySelector('iframe').clientHeight > {frame}.body.scrollHeight - 100")
    browser.evaluate("document.body.dataset.mdColorScheme = 'slate'")
    browser.wait_until(f"{frame}.documentElement.className === 'dark-mode'")
    assert browser.problems == []


def test_swagger_ui_works_from_disk(site: Site, browser: WatchedPage) -> None:
    """Without a server, where a page may read no other file, the operations are there as well."""
    browser.open((site.folder / "reference/swagger-ui.html").as_uri())
    browser.wait_until(f"document.querySelectorAll('.opblock').length === {len(list(operations()))}")
    assert browser.problems == []


def test_search_works_from_disk(site: Site, browser: WatchedPage) -> None:
    """Without a server, where a browser starts no worker, the search finds what it finds elsewhere."""
    browser.open(f"{(site.folder / 'index.html').as_uri()}?q=derive+dataset")
    links = browser.wait_until("[...document.querySelectorAll('.md-search-result__link')].map(link => link.href)")
    assert any(link.endswith("/reference/data.html?h=derive+dataset#derive_dataset") for link in links)
    assert browser.problems == []


CONTRASTS = """(() => {
  const context = Object.assign(document.createElement('canvas'), {width: 1, height: 1})
    .getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => below.map((value, i) => top[i] * top[3] + value * (1 - top[3])).slice(0, 3);
  const light = rgb => {
    const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ancestors = element => element ? [element, ...ancestors(element.parentElement)] : [];
  const faint = [];
  for (const element of document.querySelectorAll('article *, .md-nav *, .md-tabs *, .md-footer *')) {
    const hasText = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!hasText || !element.getClientRects().length || element.closest('.headerlink')) continue;
    const styles = ancestors(element).map(getComputedStyle);
    const opacity = styles.reduce((product, style) => product * style.opacity, 1);
    if (opacity === 0 || styles[0].visibility === 'hidden') continue;
    const ground = styles.map(style => rgba(style.backgroundColor)).reduceRight((below, top) => over(top, below),
      [255, 255, 255]);
    const [r, g, b, a] = rgba(styles[0].color);
    const [high, low] = [light(over([r, g, b, a * opacity], ground)), light(ground)].sort((x, y) => y - x);
    if ((high + 0.05) / (low + 0.05) < 4.5) faint.push(`${element.outerHTML.slice(0, 60)} ${styles[0].color}`);
  }
  return faint;
})()"""
"""What is written in a colour that is less than 4.5 times as light, or as dark, as what is behind it."""


@pytest.mark.parametrize("scheme", ["default", "slate"])
def test_text_can_be_read_in_both_schemes(scheme: str, site: Site, site_url: str, browser: WatchedPage) -> None:
    """Everything written, code included, stands out from its background by 4.5 to 1; links are underlined."""
    faint: dict[str, list[str]] = {}
    for name in site.written:
        browser.open(f"{site_url}/{name}")
        browser.evaluate("document.head.append(Object.assign(document.createElement('style'), "
                         "{textContent: '* { transition: none !important }'}))")  # fmt: skip
        browser.evaluate(f"document.body.dataset.mdColorScheme = '{scheme}'")
        if found := browser.evaluate(CONTRASTS):
            faint[name] = found
    assert faint == {}
    browser.open(f"{site_url}/index.html")
    decorations = (
        "[...document.querySelectorAll('article td a')].map(link => getComputedStyle(link).textDecorationLine)"
    )
    assert set(browser.evaluate(decorations)) == {"underline"}


def test_missing_page_leads_on(site: Site, site_url: str, browser: WatchedPage) -> None:
    """The page for addresses that are none says so, and each of its links leads to a page."""
    browser.open(f"{site_url}/404.html")
    links = browser.evaluate("[...document.querySelectorAll('article a')].map(link => link.href)")
    assert len(links) >= 4
    assert {link.removeprefix(f"{site_url}/") for link in links} <= set(site.pages)


def test_docs_page_of_a_server_offers_what_works(example_url: str, browser: WatchedPage) -> None:
    """What is filled in where a request can be tried out is answered with success, and the page names the server."""
    browser.open(f"{example_url}/docs")
    block = "document.querySelector('#operations-Scenarios-create_scenario')"
    for button in (".opblock-summary-control", ".try-out__btn", ".execute"):
        browser.wait_until(f"!!{block}?.querySelector('{button}')")
        browser.evaluate(f"{block}.querySelector('{button}').click()")
    status = f"{block}.querySelector('.live-responses-table tbody .response-col_status')?.innerText"
    assert browser.wait_until(status) == "201"
    assert browser.evaluate("document.querySelector('header').innerText") == "Warehouse slotting"
    assert browser.problems == []
