"""The configuration of a server: that of its backend, and how it is reached."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

import algomancy_api.backend  # noqa: F401 - says what to install where no backend is
from algomancy_scenario.core_configuration import CoreConfig

_MIB = 1024 * 1024
_TITLE = "Algomancy API"
_EXECUTOR = "processes" if os.name == "posix" else "threads"


@dataclass(kw_only=True)
class ApiConfiguration(CoreConfig):
    """All settings of a server; those of `CoreConfig` and these.

    Raises:
        ValueError: A field is missing or cannot be what it was given; the message names it and says what is allowed.
    """

    host: str = field(default="127.0.0.1", metadata={"doc": "The address `ApiLauncher.run` binds."})
    port: int = field(default=8051, metadata={"doc": "The port `ApiLauncher.run` binds; 0 for any that is free."})
    prefix: str = field(
        default="/api/v1", metadata={"doc": "What all paths begin with, but `/health`, `/docs` and `/openapi.json`."}
    )
    cors_origins: Sequence[str] = field(
        default_factory=list,
        metadata={
            "doc": 'Origins whose pages may use the server from a browser, such as `"http://localhost:3000"`; '
            '`"*"` for all.'
        },
    )
    cors_headers: Sequence[str] = field(
        default=(),
        metadata={
            "doc": "Request headers that those pages may send beside the usual ones and those of tracing, such as "
            '`"X-Tenant"`; `"*"` for all.'
        },
    )
    explorer: bool = field(
        default=True, metadata={"doc": "Whether `/explorer` is served, a page in the browser, and `/` leads there."}
    )
    allow_session_create: bool = field(default=True, metadata={"doc": "Whether sessions may be created and copied."})
    forwarded_allow_ips: str | Sequence[str] | None = field(
        default=None,
        metadata={
            "doc": "Addresses of the proxies whose `X-Forwarded-…` headers are believed; `*` for all; left out, none."
        },
    )
    max_json_bytes: int = field(
        default=64 * _MIB, metadata={"doc": "How many bytes the JSON of a dataset sent may have."}
    )
    max_upload_bytes: int = field(
        default=512 * _MIB, metadata={"doc": "How many bytes the files of one upload may have together."}
    )
    max_inflated_bytes: int = field(
        default=1024 * _MIB, metadata={"doc": "How many bytes a compressed file (xlsx) may unpack to."}
    )
    api_token: str | None = field(
        default=None,
        repr=False,
        metadata={
            "doc": "The bearer token that every request must carry, but those of `/health`, `/docs` and "
            "`/openapi.json`."
        },
    )
    allowed_hosts: Sequence[str] | None = field(
        default=None,
        metadata={
            "doc": 'Host names the server answers for, such as `"plan.example.com"` or `"*.example.com"`. Left out: '
            "any, or the names of this machine when `ApiLauncher.run` binds a loopback address."
        },
    )

    if not TYPE_CHECKING:  # To a type checker the constructor is the dataclass's.

        def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - each field has its type
            # Algomancy's own CoreConfig is no dataclass, so its fields cannot be inherited: it takes them by name.
            for each in _own_fields():
                default = each.default if each.default_factory is MISSING else each.default_factory()
                setattr(self, each.name, settings.pop(each.name, default))
            settings = {"title": _TITLE, **settings}
            if settings.get("executor") is None:
                settings["executor"] = _EXECUTOR
            super().__init__(**settings)
            # It also drops those that only another backend has.
            self._further = {name: value for name, value in settings.items() if not hasattr(self, name)}
            vars(self).update(self._further)
            self.cors_origins = [] if self.cors_origins is None else self.cors_origins
            self._check()

    _further: ClassVar[Mapping[str, Any]] = {}

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name; the values are the configuration's own, not copies."""
        own = {each.name: getattr(self, each.name) for each in _own_fields()}
        return {**super().as_dict(), **self._further, **own}

    def _check(self) -> None:
        for name in ("allow_session_create", "explorer"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"Field '{name}' must be True or False, got {getattr(self, name)!r}.")
        self._check_address()
        self._check_names()
        for name in ("max_json_bytes", "max_upload_bytes", "max_inflated_bytes"):
            if not _is_integer(getattr(self, name)) or getattr(self, name) < 1:
                raise ValueError(f"Field '{name}' must be a positive integer, got {getattr(self, name)!r}.")

    def _check_address(self) -> None:
        if not isinstance(self.host, str) or not self.host:
            raise ValueError(f"Field 'host' must be an address or a host name, got {self.host!r}.")
        if not _is_integer(self.port) or not 0 <= self.port <= 65_535:
            raise ValueError(f"Field 'port' must be an integer from 0 to 65535, got {self.port!r}.")
        if not isinstance(self.prefix, str) or not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", self.prefix):
            raise ValueError(f"Field 'prefix' must be empty, or a path such as '/api/v1', got {self.prefix!r}.")

    def _check_names(self) -> None:
        for name in ("cors_origins", "cors_headers", "allowed_hosts"):
            values = getattr(self, name)
            if values is None:
                continue
            if isinstance(values, str) or not all(isinstance(value, str) and value for value in values):
                raise ValueError(f"Field '{name}' must be a list of texts, got {values!r}.")
        if self.api_token is not None and (
            not isinstance(self.api_token, str) or not re.fullmatch(r"[!-~]+", self.api_token)
        ):
            raise ValueError("Field 'api_token' must be a text of visible ASCII characters without spaces.")


def _own_fields() -> list[Field[Any]]:
    return [each for each in fields(ApiConfiguration) if each.name in ApiConfiguration.__annotations__]


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
