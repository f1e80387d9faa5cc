"""The explorer as the server sends it."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config

PAGE = files("algomancy_api") / "explorer"
MODULES = sorted(each.name for each in PAGE.iterdir() if each.name.endswith(".js"))


def test_explorer_is_where_the_address_leads() -> None:
    """The page knows its title and where the API is; nothing in them becomes markup."""
    http = TestClient(ApiLauncher.build(build_example_config(title="Slots & <shelves>", prefix="/planning")))
    page = http.get("/")
    assert page.url.path == "/explorer"
    assert "<title>Slots &amp; &lt;shelves&gt;</title>" in page.text
    assert '<meta name="algomancy-api" content="/planning">' in page.text


def test_explorer_works_below_a_mount() -> None:
    """Its links are relative, and the API's address has the mount's path."""
    outer = FastAPI()
    outer.mount("/inner", ApiLauncher.build(build_example_config()))
    http = TestClient(outer)
    page = http.get("/inner/").text
    assert 'content="/inner/api/v1"' in page
    linked = re.findall(r'(?:href|src)="(explorer/[^"]+)"', page)
    assert {link: http.get(f"/inner/{link}").status_code for link in linked} == dict.fromkeys(linked, 200)


@pytest.mark.parametrize("path", ["/explorer", "/explorer/app.js", "/explorer/table-worker.js", "/explorer/style.css"])
def test_explorer_lets_nothing_foreign_run(path: str) -> None:
    """Page and files carry a policy under which only the page's own scripts run; it needs no token to be seen."""
    answer = TestClient(ApiLauncher.build(build_example_config(api_token="s3cret"))).get(path)
    assert answer.status_code == 200
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", MODULES)
def test_explorer_modules_import_what_is_there(name: str) -> None:
    """Each name that a module imports is exported by the other one; nothing comes from elsewhere."""
    text = (PAGE / name).read_text(encoding="utf-8")
    for names, source in re.findall(r'^import \{([^}]*)\} from "([^"]+)";', text, re.MULTILINE):
        assert source.startswith("./")
        other = (PAGE / source.removeprefix("./")).read_text(encoding="utf-8")
        exported = set(re.findall(r"^export (?:async )?(?:const|function\*?|class) (\w+)", other, re.MULTILINE))
        assert {each.strip() for each in names.split(",")} <= exported
        assert all(re.search(rf"\b{each.strip()}\b", text.partition(source)[2]) for each in names.split(","))


def test_explorer_is_small() -> None:
    """A first look costs little: everything together is under 150 KB and 2,000 lines."""
    texts = [each.read_text(encoding="utf-8") for each in PAGE.iterdir() if each.is_file()]
    assert sum(len(text.encode()) for text in texts) < 150_000
    assert sum(text.count("\n") for text in texts) < 2_000


def test_explorer_can_be_switched_off() -> None:
    """Then it is not there, and `/` leads elsewhere."""
    http = TestClient(ApiLauncher.build(build_example_config(explorer=False)))
    assert http.get("/explorer").status_code == 404
    assert http.get("/").url.path == "/docs"
