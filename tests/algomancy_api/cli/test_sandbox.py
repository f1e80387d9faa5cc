"""`algomancy-api sandbox`, and what it makes of a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from click.testing import Result

from algomancy_api.client import AlgomancyClient


def test_sandbox_serves_what_the_command_line_says(start: Callable[..., Any], tmp_path: Path) -> None:
    """Fixture, seed, title, prefix, token and origins; it is told where to steer it; Ctrl-C ends it with 0."""
    own = {"sessions": [{"display_name": "ours"}]}
    (tmp_path / "our-case.json").write_text(json.dumps(own), encoding="utf-8")
    arguments = ("--fixture", "our-case.json", "--seed", "1", "--title", "Depot", "--prefix", "/plan", "--token", "t0k")
    server = start(*arguments, "--cors-origin", "http://one", "--cors-origin", "http://two", serving="sandbox")
    url = server.url()
    with httpx.Client(base_url=url, headers={"Authorization": "Bearer t0k", "Origin": "http://two"}) as http:
        default = http.get("/sandbox/worlds/default")
        assert default.headers["access-control-allow-origin"] == "http://two"
        world = default.json()
        assert (world["fixture"], world["seed"], world["base_url"]) == ("our-case", 1, f"{url}/plan")
        assert world["clock"]["mode"] == "manual"
        assert http.get("/plan/sessions").json()["sessions"][0]["display_name"] == "ours"
        assert http.get("/health").json()["title"] == "Depot"
    assert httpx.get(f"{url}/sandbox/worlds").status_code == 401
    told = "\n".join(server.told)
    assert f"{url}/sandbox/docs" in told
    assert "our-case.json; its clock manual" in told
    assert server.stop() == 0


def test_fixture_that_cannot_be_used_is_told_in_a_line(command: Callable[..., Result], tmp_path: Path) -> None:
    """Its line and what is wrong there; exit code 2."""
    file = tmp_path / "broken.json"
    file.write_text('{"sessions": [\n  {"display_name": "main"},\n  {"display_name": "main"}\n]}', encoding="utf-8")
    for given, sentence in [
        (str(file), "line 3: Field 'sessions.1.display_name': Another session has the display_name 'main'."),
        ("dmo", "There is no fixture 'dmo': take one of empty, demo, every-status, crowded, awkward"),
    ]:
        result = command("sandbox", "--fixture", given)
        assert result.exit_code == 2
        assert sentence in " ".join(result.stderr.split())


def test_export_is_a_fixture_that_shows_the_same(
    drive: Callable[..., Result], client: AlgomancyClient, start: Callable[..., Any], tmp_path: Path
) -> None:
    """Sessions, datasets and scenarios with their ids, results and times; without a file it is printed."""
    client.run_and_wait("Greedy slotting", "Master data", tag="greedy")
    client.create_session("second")
    file = tmp_path / "exported.json"
    assert drive("sandbox", "export", "--output", str(file)).exit_code == 0
    printed = drive("sandbox", "export")
    assert json.loads(printed.stdout) == json.loads(file.read_text("utf-8"))
    server = start("--fixture", str(file), serving="sandbox")
    with AlgomancyClient(server.url()) as exported:
        assert exported.list_sessions() == client.list_sessions()
        assert exported.list_scenarios() == client.list_scenarios()
        assert exported.get_dataset("Master data") == client.get_dataset("Master data")
    assert "cannot be written" in drive("sandbox", "export", "--output", str(tmp_path / "no" / "where.json")).stderr
