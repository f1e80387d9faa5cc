"""The page at `/`."""

from __future__ import annotations

import re
import shlex
from html import unescape

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from algomancy_api import ApiLauncher
from algomancy_api.cli import main
from algomancy_api.example import build_example_config


def commands(page: str) -> list[list[str]]:
    """The commands that a page names, in words."""
    return [shlex.split(unescape(line)) for line in re.findall("<dt><code>(.*?)</code>", page)]


def test_start_page_leads_on() -> None:
    """It names the server, and each of its links answers."""
    app = ApiLauncher.build(build_example_config(explorer=False, title="Slots & <shelves>"))
    http = TestClient(app, base_url="http://127.0.0.1:8051")
    page = http.get("/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<title>Slots &amp; &lt;shelves&gt;</title>" in page.text
    links = re.findall(r'href="(/[^"]*)"', page.text)
    assert {"/docs", "/openapi.json", "/health"} <= set(links)
    assert {link: http.get(link).status_code for link in links} == dict.fromkeys(links, 200)
    assert http.post("/").status_code == 405
    assert "/" not in app.openapi()["paths"]


@pytest.mark.parametrize("address", ["http://127.0.0.1:8051", "http://plan.example:80/x"])
def test_start_page_names_commands_that_are_there(address: str) -> None:
    """Three commands of the command line, for this server and for data and an algorithm that it has."""
    host, _, root = address.removeprefix("http://").partition("/")
    app = ApiLauncher.build(build_example_config(explorer=False, prefix="/planning"))
    page = TestClient(app, base_url=f"http://{host}", root_path=f"/{root}" if root else "").get("/").text
    named = commands(page)
    assert [words[:2] for words in named] == [["algomancy-api", name] for name in ("data", "run", "compare")]
    assert named[1][2:5] == ["Greedy slotting", "--dataset", "Master data"]
    assert all(words[1] in main.commands for words in named)
    assert all(words[-2:] == ["--prefix", "/planning"] for words in named)
    assert ("--url" in named[0]) is (host != "127.0.0.1:8051")


def test_start_page_is_open_and_tells_that_a_token_is_wanted() -> None:
    """A person sees it without a token; what lies below stays closed."""
    http = TestClient(ApiLauncher.build(build_example_config(explorer=False, api_token="s3cret")))
    assert "ALGOMANCY_TOKEN" in http.get("/").text
    assert http.get("/api/v1/sessions").status_code == 401
    assert http.get("/anything").status_code == 401


def test_start_page_steps_aside_for_a_users_own() -> None:
    """A route or a mount for `/` that is added to the application is what is served."""
    app = ApiLauncher.build(build_example_config())
    app.add_route("/", lambda request: PlainTextResponse("mine"))
    assert TestClient(app).get("/").text == "mine"
    mounted = ApiLauncher.build(build_example_config())
    mounted.mount("/", PlainTextResponse("mounted"))
    assert TestClient(mounted).get("/").text == "mounted"
