"""Settings: what is allowed, and what the message says when something is not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from algomancy_api import ApiConfiguration
from algomancy_scenario.core_configuration import CoreConfig

PROJECT = ("etl_factory", "schemas", "data_object_type", "algorithms", "kpis")
WRONG: dict[str, Any] = {
    "host": ["", None, 1],
    "port": [-1, 65_536, "8051", True, None],
    "prefix": ["api", "/api/", "/a b", "/{x}", None, "//"],
    "cors_origins": ["http://page", [1], [""]],
    "allowed_hosts": ["localhost", [None]],
    "allow_session_create": [None, 1],
    "max_json_bytes": [0, -1, 1.5, None, True],
    "max_upload_bytes": [0],
    "max_inflated_bytes": ["1"],
    "api_token": ["", "a b", "é", 1, "a\n"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_wrong_setting_is_refused_by_name(name: str, value: Any, make_configuration: Callable[..., Any]) -> None:
    """The message begins with the field."""
    with pytest.raises(ValueError, match=f"^Field '{name}' must be ") as refused:
        make_configuration(**{name: value})
    assert name != "api_token" or value == "" or str(value) not in str(refused.value)


def test_defaults_are_those_of_the_contract(make_configuration: Callable[..., Any]) -> None:
    """What nobody sets."""
    config = make_configuration()
    assert (config.host, config.port, config.prefix) == ("127.0.0.1", 8051, "/api/v1")
    assert (config.max_json_bytes, config.max_upload_bytes) == (64 << 20, 512 << 20)
    assert config.read_limits.max_inflated_bytes == 1 << 30
    assert config.allow_session_create is True
    assert config.api_token is config.allowed_hosts is config.forwarded_allow_ips is None
    assert (config.cors_origins, config.title) == ([], "Algomancy API")


def test_server_runs_scenarios_in_processes_unless_told_otherwise(make_configuration: Callable[..., Any]) -> None:
    """A server keeps away from what algorithms do; its backend alone leaves that open."""
    core = CoreConfig(**{name: getattr(make_configuration(), name) for name in PROJECT})
    assert core.executor is None
    assert [make_configuration(**given).executor for given in ({}, {"executor": None}, core.as_dict())] == [
        "processes"
    ] * 3
    assert make_configuration(executor="threads").executor == "threads"


def test_inflated_limit_reaches_the_readers(make_configuration: Callable[..., Any]) -> None:
    """`max_inflated_bytes` is the limit that the backend reads files by."""
    assert make_configuration(max_inflated_bytes=5).read_limits.max_inflated_bytes == 5


def test_every_setting_is_documented() -> None:
    """The documentation's table of settings is made from the fields."""
    assert [field.name for field in dataclasses.fields(ApiConfiguration) if not field.metadata.get("doc")] == []


def test_token_is_not_shown(make_configuration: Callable[..., Any]) -> None:
    """A configuration that is printed or logged does not tell its token."""
    assert "open-sesame" not in repr(make_configuration(api_token="open-sesame"))
