"""What `algomancy-api serve` serves: the bundled example, or what a person's `module:attribute` stands for."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import TextWrapper
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from algomancy_api.cli.commands import TOKEN_VARIABLE, CouldNot

if TYPE_CHECKING:
    from fastapi import FastAPI

EXAMPLE = "algomancy_api.example:build_example_config"


class NotServable(CouldNot):
    """What was asked for cannot be served; the message tells why."""


def is_fresh_example(target: str, settings: Mapping[str, Any]) -> bool:
    """Whether this serves the bundled example without a state from before; to be asked before it is loaded."""
    data_path = settings.get("data_path")
    return (
        target == EXAMPLE
        and "database_url" not in settings
        and (data_path is None or not Path(data_path).is_dir() or not any(Path(data_path).iterdir()))
    )


def load_app(
    target: str,
    settings: Mapping[str, Any],
    default_token: str | None = None,
    build: Callable[[Any], FastAPI] | None = None,
) -> FastAPI:
    """The application that `module:attribute` stands for.

    The attribute is a configuration, an application, or something callable that gives either.

    Args:
        target: module and attribute; the module is looked for in the working directory, too.
        settings: fields of the configuration that are to be other than it says. `data_path` makes the state persistent.
        default_token: the token to ask for where the configuration names none.
        build: makes the application of a configuration, that of an application included; `ApiLauncher.build` for
            configurations only when left out.

    Raises:
        NotServable: there is no such thing, it cannot be made, or it is nothing to serve.
    """
    from fastapi import FastAPI

    from algomancy_api.api_launcher import ApiLauncher

    found, fields = _called(target, _attribute(target)), dict(settings)
    if build is not None:
        found = getattr(getattr(found, "state", None), "config", found)
    if isinstance(found, FastAPI):
        if fields:
            raise NotServable(f"'{target}' is an application: {_options(fields)} can be given to a configuration only.")
        if default_token is not None and getattr(getattr(found.state, "config", None), "api_token", None) is None:
            click.echo(
                f"Warning: {TOKEN_VARIABLE} is set, but '{target}' is an application that asks for no token: give its "
                "configuration an api_token.",
                err=True,
            )
        return found
    if default_token is not None and _field(found, "api_token") is None:
        fields.setdefault("api_token", default_token)
    if fields:
        found = _with_fields(target, found, fields)
    try:
        return (build or ApiLauncher.build)(found)
    except TypeError:
        raise NotServable(
            f"'{target}' is neither a configuration nor an application, nor a callable that gives one."
        ) from None
    except (ValueError, AssertionError, RuntimeError, OSError) as error:
        built = _built_already(target, found)
        if built is not None:
            raise NotServable(
                f"The module has built an application of '{target}' already, and that one uses the data folder: "
                f"serve '{built}', or build it below `if __name__ == \"__main__\":` only."
            ) from error
        raise NotServable(f"'{target}' cannot be served: {error}") from error


def load_schemas(target: str) -> Sequence[Any]:
    """The schemas of the configuration, or of the application's configuration, that `module:attribute` stands for.

    Raises:
        NotServable: there is no such thing, or it has none.
    """
    schemas = _field(load_configuration(target), "schemas")
    if schemas is None:
        raise NotServable(f"'{target}' is neither a configuration nor an application: it has no schemas.")
    return list(schemas)


def load_configuration(target: str) -> Any:  # noqa: ANN401 - a configuration of any kind, or what is none
    """The configuration, or the application's configuration, that `module:attribute` stands for.

    Raises:
        NotServable: there is no such thing.
    """
    found = _called(target, _attribute(target))
    return getattr(getattr(found, "state", None), "config", found)


def _attribute(target: str) -> Any:  # noqa: ANN401 - whatever the person named
    module_name, colon, path = target.partition(":")
    if not (module_name and colon and path) or module_name.startswith(".") or "/" in module_name:
        raise NotServable(f"'{target}' must look like module:attribute.")
    if (folder := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, folder)
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            hint = " Leave out the '.py'." if module_name.endswith(".py") else ""
            raise NotServable(f"There is no module '{module_name}' here or among the installed ones.{hint}") from None
        raise NotServable(_told(module_name, error)) from error
    except (Exception, SystemExit) as error:
        raise NotServable(_told(module_name, error)) from error
    for name in path.split("."):
        if not hasattr(found, name):
            raise NotServable(f"Module '{module_name}' has no '{path}'.")
        found = getattr(found, name)
    return found


def _called(target: str, found: Any) -> Any:  # noqa: ANN401
    """What a callable gives; anything else as it is."""
    from fastapi import FastAPI

    if not callable(found) or isinstance(found, FastAPI):
        return found
    try:
        return found()
    except Exception as error:
        raise NotServable(_told(target, error)) from error


def _with_fields(target: str, found: Any, fields: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """The configuration with some fields changed; whatever else it is, as it is."""
    if "data_path" in fields:
        fields = {**fields, "has_persistent_state": True, "persistence_backend": "json"}
        _make_folder(target, fields["data_path"])
    if "database_url" in fields:
        fields = {**fields, "persistence_backend": "database"}
    from algomancy_api.api_configuration import ApiConfiguration

    try:
        if isinstance(found, ApiConfiguration):
            return type(found)(**{**found.as_dict(), **fields})
        if isinstance(found, Mapping):
            return {**found, **fields}
        if callable(getattr(found, "as_dict", None)):
            return {**found.as_dict(), **fields}
    except (ValueError, TypeError) as error:
        raise NotServable(f"'{target}' cannot be served with {_options(fields)}: {error}") from error
    return found


def _options(fields: Mapping[str, Any]) -> str:
    """The options of the command that give these fields, in words."""
    options = {option.name: option.opts[0] for option in click.get_current_context().command.params}
    return ", ".join(option for name, option in options.items() if name in fields) or ", ".join(fields)


def _field(found: Any, name: str) -> Any:  # noqa: ANN401
    return found.get(name) if isinstance(found, Mapping) else getattr(found, name, None)


def _built_already(target: str, found: Any) -> str | None:  # noqa: ANN401
    """The application in the module of `target` that keeps its state where `found` wants to."""
    from fastapi import FastAPI

    module_name = target.partition(":")[0]
    for name, value in vars(sys.modules[module_name]).items():
        config = getattr(value.state, "config", None) if isinstance(value, FastAPI) else None
        if config is not None and (config is found or config.data_path == _field(found, "data_path")):
            return f"{module_name}:{name}"
    return None


def _make_folder(target: str, data_path: str) -> None:
    try:
        Path(data_path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise NotServable(f"'{target}' cannot keep its state in '{data_path}': {reason}.") from error


def _told(subject: str, error: BaseException) -> str:
    """An exception of the person's own code in one line, with the place in that code."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if len(frames) > 1 else ""
    return f"'{subject}' cannot be loaded: {type(error).__name__}: {error}{place}"


# --- what is told of it -----------------------------------------------------------------------------------------------


def banner(app: FastAPI, url: str, more: Sequence[tuple[str, str]] = ()) -> str:
    """Where the server will be, and what it holds."""
    from algomancy_api.cli.output import console, shown

    config = app.state.config
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
