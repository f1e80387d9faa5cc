"""`algomancy-api serve`, as a process of its own."""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import httpx
import pexpect
import pytest
from click.testing import Result

from algomancy_api.cli.serve import serve
from algomancy_api.client import AlgomancyClient, RetryPolicy, ScenarioFailed
from algomancy_scenario.core_configuration import EXECUTORS


def test_serve_tells_where_it_is_and_what_is_loaded(start: Callable[..., Any], tmp_path: Path) -> None:
    """The bundled example is served from an empty folder; Ctrl-C ends it with 0 and leaves nothing behind."""
    server = start()
    url = server.url()
    with AlgomancyClient(url) as client:
        assert client.list_datasets().keys == ["Master data"]
        statuses = [scenario.status.value for scenario in client.list_scenario_summaries()]
        assert statuses == ["complete", "complete", "complete", "failed"]
    told = dict(line.split(maxsplit=1) for line in server.told[1:-1])
    assert server.told[0] == "Warehouse slotting"
    assert told["Open"] == f"{url}/"
    assert (told["API"], told["Docs"], told["Document"]) == (f"{url}/api/v1", f"{url}/docs", f"{url}/openapi.json")
    assert told["Session"] == "main: Master data; 4 scenarios"
    assert told["Algorithms"].startswith("Slow, ")
    assert told["KPIs"] == "Travel distance, Zone balance, Worst walk"
    assert told["State"] == "in memory: gone when it stops"
    assert told["Token"] == "none: whoever reaches the port may use it"
    assert "Ctrl-C" in server.told[-1]
    assert server.stop() == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("reload", [(), ("--reload",)], ids=["once", "reload"])
def test_serve_opens_the_browser(reload: tuple[str, ...], start: Callable[..., Any], tmp_path: Path) -> None:
    """When it can be reached, at its first page."""
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.part && mv {opened}.part {opened}\n', encoding="utf-8")
    browser.chmod(0o755)
    server = start("--open", *reload, BROWSER=f"{browser} %s")
    url = server.url()
    deadline = time.monotonic() + 60
    while not opened.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    address = opened.read_text("utf-8").strip()
    assert address == f"{url}/"
    assert httpx.get(f"{address}health", timeout=30).is_success


def test_serve_keeps_state_in_a_folder(start: Callable[..., Any]) -> None:
    """With `--data-path` the next server finds what the first one was told, and adds nothing to it."""
    first = start("--data-path", "deep/state")
    with AlgomancyClient(first.url()) as client:
        for scenario in client.list_scenario_summaries():
            client.delete_scenario(scenario)
        client.create_scenario("kept", "Master data", "Slow")
    first.stop()
    second = start("--data-path", "deep/state")
    with AlgomancyClient(second.url()) as client:
        assert [scenario.tag for scenario in client.list_scenarios()] == ["kept"]
    assert "  Session     main: Master data; 1 scenario" in second.told


BROKEN = "\n\nraise OSError('no licence')\n"
PROJECT = """
from algomancy_api import ApiConfiguration, ApiLauncher
from algomancy_api.example import build_example_config

title = "First"
cfg = build_example_config(initial_data_path=None, title=title)
app = ApiLauncher.build(build_example_config(initial_data_path=None, title="App"))


class Settings:
    cfg = cfg


def make():
    return build_example_config(initial_data_path=None, title="Made")
"""


@pytest.mark.parametrize(
    ("target", "title"), [("cfg", "First"), ("app", "App"), ("make", "Made"), ("Settings.cfg", "First")]
)
def test_serve_takes_what_a_project_offers(target: str, title: str, start: Callable[..., Any], tmp_path: Path) -> None:
    """A configuration, an application, a callable, or a path to one of them in a module of the working directory."""
    (tmp_path / "my_project.py").write_text(PROJECT, encoding="utf-8")
    server = start("--config", f"my_project:{target}")
    with AlgomancyClient(server.url()) as client:
        assert client.get_health().title == title


def test_serve_gives_any_configuration_a_folder(start: Callable[..., Any], tmp_path: Path) -> None:
    """`--data-path` makes a configuration durable that says nothing of it."""
    (tmp_path / "my_project.py").write_text(PROJECT, encoding="utf-8")
    server = start("--config", "my_project:cfg", "--data-path", "state")
    server.url()
    assert "  State       kept in state" in server.told
    assert (tmp_path / "state").is_dir()


def test_serve_changes_what_the_configuration_says(start: Callable[..., Any], tmp_path: Path) -> None:
    """Title, prefix, token, origins, headers and autorun may be given on the command line."""
    (tmp_path / "my_project.py").write_text(PROJECT, encoding="utf-8")
    server = start(
        "--config", "my_project:cfg", "--title", "Other", "--prefix", "/planning", "--token", "s3cret", "--autorun",
        "--cors-origin", "http://a:1", "--cors-origin", "http://b:2", "--cors-header", "X-Tenant",
    )  # fmt: skip
    url = server.url()
    asked = {
        "Origin": "http://b:2",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-tenant",
    }
    assert httpx.options(f"{url}/planning/sessions", headers=asked).status_code == 204
    assert httpx.get(f"{url}/planning/sessions").status_code == 401
    with AlgomancyClient(url, token="s3cret", prefix="/planning") as client:
        assert client.get_health().title == "Other"
        client.add_dataset_from_json(SMALL)
        assert client.create_scenario("at once", "Small", "Slow").status != "created"
    assert "  Token       requests must carry one" in server.told
    assert "  Pages       of http://a:1, http://b:2, too" in server.told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), "in processes of their own, 3 at a time"),
        (("--workers", "1", "--executor", "threads"), "in threads, 1 at a time"),
        (("--executor", "dask", "--dask-address", "tcp://127.0.0.1:9"), "on the Dask cluster at tcp://127.0.0.1:9"),
    ],
    ids=["configuration", "threads", "dask"],
)
def test_serve_tells_where_runs_happen(
    given: tuple[str, ...], told: str, start: Callable[..., Any], tmp_path: Path
) -> None:
    """The command line overrules the configuration; a cluster may come later than the server."""
    (tmp_path / "my_project.py").write_text(f"{PROJECT}\ncfg.workers = 3\n", encoding="utf-8")
    server = start("--config", "my_project:cfg", *given)
    url = server.url()
    assert f"  Runs        {told}" in server.told
    assert httpx.get(f"{url}/api/v1/runs").json()["running"] == 0


def test_serve_bounds_the_time_of_a_run(start: Callable[..., Any], tmp_path: Path) -> None:
    """`--run-timeout` ends a run that takes longer, `--run-memory-limit` is given to its process."""
    (tmp_path / "my_project.py").write_text(PROJECT, encoding="utf-8")
    limits = ("--run-timeout", "0.2", "--run-memory-limit", str(1 << 33))
    server = start("--config", "my_project:cfg", *limits)
    with AlgomancyClient(server.url()) as client:
        client.add_dataset_from_json(SMALL)
        scenario = client.create_scenario("too long", "Small", "Slow", {"duration": 30})
        client.run_scenario(scenario)
        with pytest.raises(ScenarioFailed, match=r"longer than the 0\.2 seconds allowed"):
            client.wait(scenario, timeout=20)


def test_serve_offers_the_executors_there_are(command: Callable[..., Result]) -> None:
    """The help names those that the configuration takes, and whatever else is given is refused by it."""
    (option,) = (option for option in serve.params if option.name == "executor")
    assert isinstance(option, click.Option)
    assert tuple(re.findall("`(.*?)`", option.help or "")) == EXECUTORS
    result = command("serve", "--executor", "magic")
    assert result.exit_code == 2
    assert f"with --executor: Field 'executor' must be one of {', '.join(map(repr, EXECUTORS))}" in result.stderr


SMALL = {
    "metadata": {
        "id": "1",
        "name": "Small",
        "type": "master_data",
        "creation_datetime": "2026-01-01T00:00:00Z",
        "tables": [],
    },
    "tables": {},
}


def test_serve_takes_the_token_of_the_environment(start: Callable[..., Any], tmp_path: Path) -> None:
    """A configuration without a token gets that of ALGOMANCY_TOKEN; one of its own stays."""
    (tmp_path / "my_project.py").write_text(
        f"{PROJECT}\nown = build_example_config(initial_data_path=None, api_token='own')\n", encoding="utf-8"
    )
    for target, token in (("cfg", "s3cret"), ("own", "own")):
        url = start("--config", f"my_project:{target}", ALGOMANCY_TOKEN="s3cret").url()
        assert httpx.get(f"{url}/api/v1/sessions").status_code == 401
        with AlgomancyClient(url, token=token) as client:
            assert client.list_sessions().sessions


def test_serve_says_that_an_application_asks_for_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An application cannot be given the token of the environment: that is said rather than left open in silence."""
    from algomancy_api.cli import served

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "own", raising=False)
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    served.load_app("own:app", {}, default_token="s3cret")
    assert "ALGOMANCY_TOKEN is set, but 'own:app' is an application" in capsys.readouterr().err


def test_serve_says_that_a_module_has_built_its_configuration(command: Callable[..., Result], tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """`app = build(cfg)` beside `cfg` holds the data folder: nobody else does, and the way out is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "service", raising=False)
    (tmp_path / "service.py").write_text(
        "from algomancy_api import ApiLauncher\n"
        "from algomancy_api.example import build_example_config\n"
        "cfg = build_example_config('state', initial_data_path=None)\n"
        "app = ApiLauncher.build(cfg)\n",
        encoding="utf-8",
    )
    try:
        result = command("serve", "--port", "0", "--config", "service:cfg")
    finally:
        sys.modules.pop("service").app.state.session_manager.close()
    assert (result.exit_code, result.stdout) == (2, "")
    assert "has built an application of 'service:cfg' already" in result.stderr
    assert "serve 'service:app'" in result.stderr
    assert "another server" not in result.stderr


def test_serve_reloads(start: Callable[..., Any], tmp_path: Path) -> None:
    """With `--reload` a changed file is served soon, on the same port."""
    (tmp_path / "my_project.py").write_text(PROJECT, encoding="utf-8")
    server = start("--config", "my_project:cfg", "--reload")
    url = server.url()
    changed = threading.Event()
    with AlgomancyClient(url, timeout=2, retry=RetryPolicy(attempts=1)) as client:

        def title() -> str:
            try:
                return client.get_health().title
            except ConnectionError:
                return ""

        # An empty title: for the broken file nobody answers, and the server waits for a better one.
        for wanted, following in (("First", "Second"), ("Second", BROKEN), ("", "Third"), ("Third", "Third")):
            for _ in range(300):
                if title() == wanted:
                    break
                changed.wait(0.1)
            else:
                raise AssertionError(f"{wanted} is never served")
            text = following if following == BROKEN else PROJECT.replace("First", following)
            (tmp_path / "my_project.py").write_text(text, encoding="utf-8")
    server.stop()


SLOW_TO_IMPORT = """
import time
print("importing", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("project", ["serving", "importing"])
def test_interrupted_reloading_tells_no_trace(project: str, tmp_path: Path) -> None:
    """Ctrl-C, pressed twice even, ends it with 0 and quietly, also before the server has begun."""
    (tmp_path / "my_project.py").write_text(PROJECT if project == "serving" else SLOW_TO_IMPORT, encoding="utf-8")
    arguments = ["-m", "algomancy_api.cli", "serve", "--config", "my_project:cfg", "--reload", "--port", "0"]
    terminal = pexpect.spawn(sys.executable, arguments, cwd=str(tmp_path), encoding="utf-8", timeout=60)
    try:
        terminal.expect({"serving": "press Ctrl-C to stop", "importing": "importing"}[project])
        terminal.sendintr()
        terminal.sendintr()
        rest = terminal.read()
    finally:
        terminal.close()
    assert not any(word in rest for word in ("Traceback", "KeyboardInterrupt", "Abort")), rest
    assert terminal.exitstatus == 0


MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "no colon": (("--config", "project"), "'project' must look like module:attribute."),
    "no module": (("--config", "nowhere:cfg"), "There is no module 'nowhere' here or among the installed ones."),
    "no submodule": (("--config", "json.nowhere:cfg"), "There is no module 'json.nowhere'"),
    "no attribute": (("--config", "json:cfg"), "Module 'json' has no 'cfg'."),
    "broken module": (("--config", "broken:cfg"), "OSError: no licence (broken.py, line 3)"),
    "module without its own": (("--config", "lacking:cfg"), "No module named 'nowhere_at_all' (lacking.py, line 1)"),
    "something else": (("--config", "json:__doc__"), "is neither a configuration nor an application"),
    "no argument": (("--config", "json:dumps"), "'json:dumps' cannot be loaded: TypeError"),
    "path for an app": (("--config", "own:app", "--data-path", "x"), "--data-path can be given to a configuration"),
    "title for an app": (
        ("--config", "own:app", "--title", "x", "--token", "y"),
        "--title, --token can be given to a configuration only",
    ),
    "impossible prefix": (("--prefix", "api"), "cannot be served with --prefix: Field 'prefix' must be"),
    "foreign app": (("--config", "own:foreign"), "ApiLauncher.build did not make"),
    "half a configuration": (("--config", "own:half"), "'own:half' cannot be served: "),
    "no address": (("--host", "203.0.113.7"), "Port 0 of 203.0.113.7 cannot be listened on"),
    "no port": (("--port", "99999"), "99999 is not in the range"),
    "path is a file": (("--data-path", "own.py"), "is a file"),
    "path below a file": (("--data-path", "own.py/state"), "cannot keep its state in 'own.py/state': Not a directory."),
    "no path": (("--data-path", ""), "The data path must not be empty."),
    "nothing": (("--config", ""), "'' must look like module:attribute."),
    "file": (("--config", "own.py:app"), "There is no module 'own.py' here or among the installed ones. Leave out"),
    "path of a file": (("--config", "./own.py:app"), "'./own.py:app' must look like module:attribute."),
    "no address of a cluster": (("--executor", "dask"), "Field 'dask_address' is required when 'executor' is 'dask'"),
    "no time at all": (("--run-timeout", "0"), "0.0 is not in the range x>0"),
    "executor for an app": (("--config", "own:app", "--executor", "threads"), "--executor can be given to a config"),
    "script": (("--config", "leaving:cfg"), "'leaving' cannot be loaded: SystemExit: 3 (leaving.py, line 1)"),
}
OWN = """
from fastapi import FastAPI
from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config

app = ApiLauncher.build(build_example_config(initial_data_path=None))
foreign = FastAPI()
half = {"title": "Half"}
"""


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_serve_mistakes_end_with_2(
    arguments: tuple[str, ...],
    message: str,
    command: Callable[..., Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What cannot be served is told in a line, without a traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for name in ("own", "broken", "lacking", "leaving"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "broken.py").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "lacking.py").write_text("import nowhere_at_all", encoding="utf-8")
    (tmp_path / "leaving.py").write_text("raise SystemExit(3)", encoding="utf-8")
    result = command("serve", "--port", "0", *arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert message in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.output


@pytest.mark.parametrize("reload", [(), ("--reload",)], ids=["plain", "reload"])
def test_serve_names_a_port_that_is_taken(reload: tuple[str, ...], command: Callable[..., Result]) -> None:
    """A second server on one port is told to choose another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = command("serve", "--port", str(port), *reload)
    assert result.exit_code == 2
    assert f"Port {port} of 127.0.0.1 cannot be listened on" in result.stderr
    assert re.search(r"Choose another: --port \d+\.", result.stderr)


def test_serve_by_make_names_makes_way_to_another_port(command: Callable[..., Result]) -> None:
    """`make demo` takes options in a variable."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = command("serve", "--port", str(taken.getsockname()[1]), ALGOMANCY_MAKE_TARGET="demo")
    assert re.search(r'Choose another: make demo ARGS="--port \d+"\.', result.stderr)


def test_serve_refuses_a_folder_in_use(start: Callable[..., Any], command: Callable[..., Result],
                                       tmp_path: Path) -> None:  # fmt: skip
    """Two servers on one folder would spoil it: the second says who has it."""
    first = start("--data-path", "state")
    first.url()
    result = command("serve", "--port", "0", "--data-path", str(tmp_path / "state"))
    assert (result.exit_code, "Traceback" in result.output) == (2, False)
    assert str(first.process.pid) in result.stderr
