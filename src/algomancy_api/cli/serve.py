"""`algomancy-api serve`, `sandbox`, which serves worlds for the tests of frontends, and `openapi`."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from algomancy_api.cli.commands import TOKEN_VARIABLE, CouldNot, connected, document_option, examples, print_or_write

if TYPE_CHECKING:
    from fastapi import FastAPI

    from algomancy_api.client import AlgomancyClient

_OPEN_SECONDS = 60

_SERVING = (
    click.option(
        "--config",
        "target",
        metavar="MODULE:ATTRIBUTE",
        help="A configuration, an application, or a callable that gives one.  [default: the bundled example]",
    ),
    click.option("--host", help="Address to listen on.  [default: the configuration's]"),
    click.option(
        "--port",
        type=click.IntRange(0, 65_535),
        help="Port to listen on; 0 for any free one.  [default: the configuration's]",
    ),
    click.option("--title", help="What the server is called."),
    click.option("--prefix", metavar="PATH", help="What all its paths begin with.  [default: the configuration's]"),
    click.option(
        "--token",
        "api_token",
        envvar=TOKEN_VARIABLE,
        show_envvar=True,
        help="Token that requests must carry; from the environment, only where the configuration names none.",
    ),
    click.option(
        "--cors-origin",
        "cors_origins",
        metavar="ORIGIN",
        multiple=True,
        help="Origin whose pages may use the server, such as http://localhost:5173; * for all. May be repeated.",
    ),
    click.option(
        "--cors-header",
        "cors_headers",
        metavar="NAME",
        multiple=True,
        help="Request header that those pages may send beside the usual ones; * for all. May be repeated.",
    ),
    click.option("--autorun/--no-autorun", default=None, help="Whether a scenario is queued as soon as it is created."),
)


def serving(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of whatever serves: what, where, and what is changed daily."""
    for option in reversed(_SERVING):
        command = option(command)
    return command


@click.command(
    epilog=examples(
        "algomancy-api serve",
        "algomancy-api serve --config my_project:cfg --data-path state --port 8060",
        "algomancy-api serve --cors-origin http://localhost:5173",
        "algomancy-api serve --executor processes --workers 4 --run-timeout 3600",
    )
)
@serving
@click.option(
    "--data-path",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Folder to keep the state in, so that it outlives the server; made when missing.",
)
@click.option(
    "--database-url",
    metavar="URL",
    help="Database to keep the state in, which other servers may use too: sqlite:///state.db, "
    "postgresql://user@host/name.",
)
@click.option(
    "--executor",
    metavar="NAME",
    help="Where scenarios run: `threads` of the server, `processes` of their own, or a `dask` cluster.  [default: the "
    "configuration's, else processes]",
)
@click.option("--workers", type=click.IntRange(1), help="How many runs there are at the same time.")
@click.option("--dask-address", metavar="URL", help="Scheduler of the Dask cluster, such as tcp://10.0.0.5:8786.")
@click.option(
    "--run-timeout",
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    help="How long a run may take before it is stopped.",
)
@click.option(
    "--run-memory-limit",
    metavar="BYTES",
    type=click.IntRange(1),
    help="How much memory a run in a process of its own may take.",
)
@click.option("--open", "opens", is_flag=True, help="Open the server's page in the browser.")
@click.option(
    "--reload",
    is_flag=True,
    help="Start anew whenever a Python file in the working directory changes.",
)
def serve(
    target: str | None,
    host: str | None,
    port: int | None,
    api_token: str | None,
    opens: bool,
    reload: bool,
    **options: Any,  # noqa: ANN401 - the fields of a configuration
) -> None:
    """Serve a backend until Ctrl-C."""
    from algomancy_api.cli.served import EXAMPLE, NotServable, is_fresh_example, load_app

    if options["data_path"] == "":
        raise click.UsageError("The data path must not be empty.")
    if reload:
        _serve_reloading(host, port)
        return
    settings, default_token = settings_of(options, api_token)
    target = EXAMPLE if target is None else target
    is_fresh = is_fresh_example(target, settings)
    app = load_app(target, settings, default_token)
    if getattr(app.state, "config", None) is None:
        raise NotServable(f"'{target}' is an application that ApiLauncher.build did not make.")

    def begin() -> None:
        if is_fresh:
            from algomancy_api.example import add_sample_runs

            add_sample_runs(app.state.session_manager)

    run_app(app, host, port, begin=begin, opens=opens)


def settings_of(options: Mapping[str, Any], token: str | None) -> tuple[dict[str, Any], str | None]:
    """The fields of the configuration that options give, and the token for where the configuration names none."""
    settings = {name: value for name, value in options.items() if value is not None and value != ()}
    if click.get_current_context().get_parameter_source("api_token") is ParameterSource.ENVIRONMENT:
        return settings, token
    return (settings, None) if token is None else ({**settings, "api_token": token}, None)


def run_app(
    app: FastAPI,
    host: str | None,
    port: int | None,
    *more: tuple[str, str],
    begin: Callable[[], None] = lambda: None,
    opens: bool = False,
) -> None:
    """Say what is served and where, and serve it until Ctrl-C.

    Args:
        app: an application that `ApiLauncher` built.
        host: the address, in place of the configuration's.
        port: the port, in place of the configuration's.
        *more: further lines of the banner, name and text; `{url}` in them is where the server is.
        begin: called when the port has turned out to be free.
        opens: whether to open its page in the browser.
    """
    from algomancy_api.api_launcher import ApiLauncher
    from algomancy_api.cli.served import banner

    config = app.state.config
    host = host or config.host
    port = _free_port(host, config.port if port is None else port)
    begin()
    url = _url(_visited(host), port)
    click.echo(banner(app, url, more))
    if opens:
        _open_when_served(url)
    ApiLauncher.run(app, host, port, exit_grace_seconds=1)


@click.group(
    invoke_without_command=True,
    epilog=examples(
        "algomancy-api sandbox --cors-origin http://localhost:5173",
        "algomancy-api sandbox --fixture every-status --seed 1",
        "algomancy-api sandbox --fixture our-case.json",
    ),
)
@serving
@click.option(
    "--fixture",
    metavar="NAME|FILE",
    default="demo",
    show_default=True,
    help="What the default world begins with: empty, demo, every-status, crowded, awkward, or a JSON file of yours.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    help="With a seed, ids and times are the same each time, and the clock moves only when told.",
)
def sandbox(
    target: str | None,
    host: str | None,
    port: int | None,
    api_token: str | None,
    fixture: str,
    seed: int | None,
    **options: Any,  # noqa: ANN401 - the fields of a configuration
) -> None:
    """Serve worlds that tests of a frontend steer.

    The API is as `serve` gives it, in memory. Beside it `/sandbox` makes worlds, moves their clocks, scripts runs, lets
    things go wrong and tells what was asked for; /sandbox/docs shows how.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    from algomancy_api.api_launcher import ApiLauncher
    from algomancy_api.cli.served import EXAMPLE, load_app

    def build(config: Any) -> FastAPI:  # noqa: ANN401 - a configuration of any kind
        return ApiLauncher.build_sandbox(config, fixture, seed)

    settings, default_token = settings_of(options, api_token)
    app = load_app(EXAMPLE if target is None else target, settings, default_token, build)
    clock = "runs by itself" if seed is None else "manual: nothing moves until POST …/clock/advance"
    run_app(app, host, port, ("Sandbox", "{url}/sandbox/docs steers it"), ("World", f"{fixture}; its clock {clock}"))


@sandbox.command(
    epilog=examples(
        "algomancy-api sandbox export --output our-case.json",
        "algomancy-api sandbox export --url http://127.0.0.1:8051",
    )
)
@connected(in_session=False)
@document_option
def export(client: AlgomancyClient, as_json: bool, output: Path | None) -> None:  # noqa: ARG001 - it is JSON in any case
    """Write what a server holds as a fixture.

    All its sessions, with datasets and scenarios; any server of the API will do.
    """
    from algomancy_api.sandbox.fixture import Fixture, FixtureScenario, FixtureSession

    sessions = []
    for each in client.list_sessions().sessions:
        inside = client.in_session(each.id)
        sessions.append(
            FixtureSession(
                id=each.id,
                display_name=each.display_name,
                datasets=[inside.get_dataset(key).model_dump(mode="json") for key in inside.list_datasets().keys],
                scenarios=[FixtureScenario(**shown.model_dump()) for shown in inside.list_scenarios()],
            )
        )
    text = Fixture(sessions=sessions).model_dump_json(indent=2, exclude_none=True) + "\n"
    print_or_write(text, output)


@click.command(epilog=examples("algomancy-api openapi --output openapi.json"))
@document_option
def openapi(output: Path | None) -> None:
    """Print the OpenAPI document.

    It needs no server and no configuration.
    """
    from algomancy_api.openapi import openapi_document

    text = json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"
    print_or_write(text, output)


def _serve_reloading(host: str | None, port: int | None) -> None:
    """Serve in a process of its own, by this command again, and in a new one after each change of a Python file."""
    from watchfiles import PythonFilter, watch

    arguments = [each for each in sys.argv[1:] if each != "--reload"]
    if port is not None:  # A port that is taken is no reason to wait for a change, and a free one stays the same.
        arguments += ["--port", str(_free_port(host or "127.0.0.1", port))]
    command = [sys.executable, "-m", "algomancy_api.cli", *arguments]
    click.echo(f"Serving anew at each change of a Python file below {Path.cwd()}.")
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    process = _started(command, ended)
    for _ in watch(Path.cwd(), watch_filter=PythonFilter(), stop_event=ended):
        process.terminate()
        process.wait()
        process = _started([each for each in command if each != "--open"], ended)
    process.terminate()
    process.wait()


def _started(command: list[str], ended: threading.Event) -> subprocess.Popen[bytes]:
    """Start a process in which a Ctrl-C, which a terminal sends to it, too, counts only once it serves.

    Before that, Python would tell where in its imports it was; who waits for `ended` here ends it in any case.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Inherited, until uvicorn handles it.
    try:
        return subprocess.Popen(command)
    finally:
        signal.signal(signal.SIGINT, lambda *_: ended.set())


def _free_port(host: str, port: int) -> int:
    """The port itself, or a free one in place of 0.

    Raises:
        CouldNot: it is taken, or the address is none of this machine.
    """
    try:
        return _bound(host, port)
    except OSError as error:
        reason = error.strerror or str(error)
        advice = "Choose another with --port or --host."
        if error.errno == errno.EADDRINUSE:
            # `make demo` passes its name on: there, options go into a variable of make's.
            by_make = os.environ.get("ALGOMANCY_MAKE_TARGET")
            option = f"--port {_free_above(host, port)}"
            advice = "Choose another: " + (f'make {by_make} ARGS="{option}".' if by_make else f"{option}.")
        raise CouldNot(f"Port {port} of {host} cannot be listened on: {reason}. {advice}") from None


def _free_above(host: str, port: int) -> int:
    """A free port soon after this one; any free one where there is none."""
    for candidate in range(port + 1, min(port + 20, 65_536)):
        with suppress(OSError):
            return _bound(host, candidate)
    return _bound(host, 0)


def _bound(host: str, port: int) -> int:
    """Bind a port and let it go; gives its number.

    Raises:
        OSError: it cannot be bound.
    """
    (family, kind, *_, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    with socket.socket(family, kind) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        return int(probe.getsockname()[1])


def _open_when_served(url: str) -> None:
    """Open the page in the browser as soon as the server can be reached."""

    def wait_and_open() -> None:
        import webbrowser

        served = urlsplit(url)
        end = time.monotonic() + _OPEN_SECONDS
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection((served.hostname, served.port), timeout=1):
                webbrowser.open(f"{url}/")
                return
            time.sleep(0.1)

    threading.Thread(target=wait_and_open, daemon=True).start()


def _visited(host: str) -> str:
    """The address at which a browser on this machine finds the server."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host and not host.startswith("[") else f"http://{host}:{port}"
