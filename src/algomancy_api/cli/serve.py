"""`algomancy-api serve` and `algomancy-api openapi`."""

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from textwrap import TextWrapper
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from algomancy_api.cli.commands import TOKEN_VARIABLE, CouldNot, document_option, examples, print_or_write

_OPEN_SECONDS = 60

if TYPE_CHECKING:
    from fastapi import FastAPI


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
            from algomancy_api.example.config import add_sample_runs

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

    config = app.state.config
    host = host or config.host
    port = _free_port(host, config.port if port is None else port)
    begin()
    click.echo(banner(app, host, port, more))
    if opens:
        _open_when_served(_visited(host), port)
    ApiLauncher.run(app, host, port, exit_grace_seconds=1)


@click.command(epilog=examples("algomancy-api openapi --output openapi.json"))
@document_option
def openapi(output: Path | None) -> None:
    """Print the OpenAPI document.

    It needs no server and no configuration.
    """
    from algomancy_api.document.openapi import openapi_document

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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    process = subprocess.Popen(command)
    try:
        for _ in watch(Path.cwd(), watch_filter=PythonFilter(), raise_interrupt=False):
            process.terminate()
            process.wait()
            process = subprocess.Popen([each for each in command if each != "--open"])
    finally:
        process.terminate()
        process.wait()


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


def banner(app: FastAPI, host: str, port: int, more: Sequence[tuple[str, str]] = ()) -> str:
    """Where the server will be, and what it holds."""
    from algomancy_api.cli.output import console, shown

    config = app.state.config
    url = _url(_visited(host), port)
    lines = [
        ("Open", f"{url}/"),
        ("API", f"{url}{config.prefix}"),
        ("Docs", f"{url}/docs"),
        ("Document", f"{url}/openapi.json"),
        *(("Session", line) for line in _sessions(app.state.session_manager)),
        ("Algorithms", ", ".join(config.algorithms)),
        ("KPIs", ", ".join(config.kpis)),
        *(("Runs", line) for line in _runs(app.state.session_manager, config)),
        ("State", _place_of_state(config)),
        ("Token", "requests must carry one" if config.api_token else "none: whoever reaches the port may use it"),
        *((("Pages", f"of {', '.join(config.cors_origins)}, too"),) if config.cors_origins else ()),
        *((name, text.format(url=url)) for name, text in more),
    ]
    # Folded between words, below the text itself.
    fold = TextWrapper(console().width, subsequent_indent=" " * 14, break_long_words=False, break_on_hyphens=False)
    told = "\n".join(fold.fill(f"  {name:<11} {shown(text)}") for name, text in lines)
    return f"{shown(config.title)}\n{told}"


def _place_of_state(config: Any) -> str:  # noqa: ANN401 - any configuration
    kind = getattr(config, "store_kind", "json" if config.has_persistent_state else "none")
    if kind == "database":
        # Without the password.
        url = urlsplit(config.resolved_database_url)
        return f"kept in a database, {url.scheme}://{url.hostname or ''}{url.path}: other servers may use it, too"
    return f"kept in {config.data_path}" if kind == "json" else "in memory: gone when it stops"


def _sessions(sessions: Any, most: int = 10) -> list[str]:  # noqa: ANN401 - any backend
    """One line per session, up to `most`."""
    found = sessions.list_sessions()
    lines = []
    for session in found[:most]:
        scenarios = sessions.get_scenario_manager(session["id"])
        keys = list(scenarios.get_data_keys())
        held = f"{', '.join(keys[:5])}{', …' if len(keys) > 5 else ''}" if keys else "no data"
        count = len(scenarios.list_scenarios())
        lines.append(f"{session['display_name']}: {held}; {count} scenario{'' if count == 1 else 's'}")
    if len(found) > most:
        lines.append(f"… and {len(found) - most} more")
    return lines


def _runs(sessions: Any, config: Any) -> Iterator[str]:  # noqa: ANN401 - any backend
    """Where scenarios run, if the backend tells."""
    if not hasattr(sessions, "count_runs"):
        return
    counted = sessions.count_runs()
    executor, workers = counted["executor"], counted["workers"]
    if executor == "dask":
        yield f"on the Dask cluster at {config.dask_address}"
    else:
        yield f"in {executor}{' of their own' if executor == 'processes' else ''}, {workers} at a time"


def _open_when_served(host: str, port: int) -> None:
    """Open the page in the browser as soon as the server can be reached."""

    def wait_and_open() -> None:
        import webbrowser

        end = time.monotonic() + _OPEN_SECONDS
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection((host.strip("[]"), port), timeout=1):
                webbrowser.open(f"{_url(host, port)}/")
                return
            time.sleep(0.1)

    threading.Thread(target=wait_and_open, daemon=True).start()


def _visited(host: str) -> str:
    """The address at which a browser on this machine finds the server."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host and not host.startswith("[") else f"http://{host}:{port}"
