"""The pages for a person: what `/` leads to."""

from __future__ import annotations

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config


@pytest.mark.parametrize(("explorer", "page"), [(True, "/explorer"), (False, "/docs")], ids=["explorer", "without"])
def test_root_leads_to_a_page(explorer: bool, page: str) -> None:
    """`/` leads to the explorer or, where that is switched off, to `/docs`; without a token, too, and below a mount."""
    app = ApiLauncher.build(build_example_config(explorer=explorer, api_token="s3cret"))
    http = TestClient(app, root_path="/planning", follow_redirects=False)
    assert http.get("/").headers["location"] == f"/planning{page}"
    assert TestClient(app).get("/").status_code == 200
    assert http.post("/", headers={"Authorization": "Bearer s3cret"}).status_code == 405
    assert "/" not in app.openapi()["paths"]


def test_root_is_left_to_a_users_own() -> None:
    """A route or a mount for `/` that is added to the application is what is served."""
    app = ApiLauncher.build(build_example_config())
    app.add_route("/", lambda request: PlainTextResponse("mine"))
    assert TestClient(app).get("/").text == "mine"
    mounted = ApiLauncher.build(build_example_config())
    mounted.mount("/", PlainTextResponse("mounted"))
    assert TestClient(mounted).get("/").text == "mounted"


@pytest.mark.parametrize(("default", "shown"), [("Failing", "Failing"), ("Gone", "Slow"), ([], "Slow")])
def test_docs_fill_in_an_algorithm_that_there_is(default: object, shown: str) -> None:
    """The default one where there is such an algorithm, else the first."""
    app = ApiLauncher.build(build_example_config(default_algo=default))
    with TestClient(app) as client:
        page = client.get("/docs").text
    assert f'"algorithm_name": "{shown}"' in page
    assert f'"algo_name": "{shown}"' in page
