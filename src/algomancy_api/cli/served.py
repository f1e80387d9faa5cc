"""What `algomancy-api serve` serves: the bundled example, or what a person's `module:attribute` stands for."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from algomancy_api.cli.commands import COULD_NOT

if TYPE_CHECKING:
    from fastapi import FastAPI

EXAMPLE = "algomancy_api.example:build_example_config"
CONFIG_VARIABLE = "ALGOMANCY_SERVE_CONFIG"
DATA_PATH_VARIABLE = "ALGOMANCY_SERVE_DATA_PATH"
HOST_VARIABLE = "ALGOMANCY_SERVE_HOST"


class NotServable(Exception):
    """What was asked for cannot be served; the message tells why."""


def load_app(target: str, data_path: str | None) -> FastAPI:
    """The application that `module:attribute` stands for.

    The attribute is a configuration, an application, or something callable that gives either.

    Args:
        target: module and attribute; the module is looked for in the working directory, too.
        data_path: folder to keep the state in; None to do as the configuration says.

    Raises:
        NotServable: there is no such thing, it cannot be made, or it is nothing to serve.
    """
    from fastapi import FastAPI

    from algomancy_api.api_launcher import ApiLauncher

    found, taken = _called(target, _attribute(target), data_path)
    if isinstance(found, FastAPI):
        if data_path is not None and not taken:
            raise NotServable(f"'{target}' is an application: a data path can be given to a configuration only.")
        return found
    if data_path is not None and not taken:
        found = _with_data_path(target, found, data_path)
    try:
        return ApiLauncher.build(found)
    except TypeError:
        raise NotServable(
            f"'{target}' is neither a configuration nor an application, nor a callable that gives one."
        ) from None
    except (ValueError, AssertionError, RuntimeError, OSError) as error:
        raise NotServable(f"'{target}' cannot be served: {error}") from error


def reloaded_app() -> FastAPI:
    """The application that the environment asks for; called anew in each process `serve --reload` starts.

    Raises:
        SystemExit: it cannot be served as the files are now; why was written to standard error.
    """
    from algomancy_api.api_launcher import is_loopback
    from algomancy_api.http.access import LOOPBACK_HOSTS, AccessPolicy

    try:
        app = load_app(os.environ[CONFIG_VARIABLE], os.environ.get(DATA_PATH_VARIABLE))
    except NotServable as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(COULD_NOT) from None
    policy = getattr(app.state, "access_policy", None)
    host = os.environ[HOST_VARIABLE]
    if isinstance(policy, AccessPolicy) and policy.allowed_hosts is None and is_loopback(host):
        policy.allowed_hosts = (*LOOPBACK_HOSTS, host)
    return app


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


def _called(target: str, found: Any, data_path: str | None) -> tuple[Any, bool]:  # noqa: ANN401
    """What a callable gives, and whether it took the data path; anything else as it is."""
    from fastapi import FastAPI

    if not callable(found) or isinstance(found, FastAPI):
        return found, False
    takes_path = data_path is not None and _takes(found, "data_path")
    if takes_path:
        _make_folder(target, str(data_path))
    try:
        return (found(data_path=data_path) if takes_path else found()), takes_path
    except Exception as error:
        raise NotServable(_told(target, error)) from error


def _takes(function: Callable[..., Any], name: str) -> bool:
    try:
        return name in inspect.signature(function).parameters
    except ValueError:  # some built-in callables have no signature
        return False


def _with_data_path(target: str, found: Any, data_path: str) -> Any:  # noqa: ANN401
    fields = {"data_path": data_path, "has_persistent_state": True, "persistence_backend": "json"}
    _make_folder(target, data_path)
    try:
        if isinstance(found, Mapping):
            return {**found, **fields}
        if dataclasses.is_dataclass(found) and not isinstance(found, type):
            return dataclasses.replace(found, **fields)
    except (ValueError, TypeError) as error:
        raise NotServable(f"'{target}' cannot keep its state in '{data_path}': {error}") from error
    return found


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
