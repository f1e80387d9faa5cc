"""One request and its answer, as kept for the report: bounded in size, and never with a token in it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

SHOWN_CHARACTERS = 2000
SECRET_HEADERS = frozenset({"authorization", "cookie", "x-api-key"})
DULL_HEADERS = frozenset({"accept", "accept-encoding", "connection", "user-agent", "host", "content-length"})


@dataclass(frozen=True)
class Exchange:
    """What was sent and what came back.

    Attributes:
        method: The request's method.
        url: The full URL.
        headers: The request headers worth repeating, the token replaced.
        body: The request body as text, cut to a readable length.
        status: The answer's status, or 0 when none came.
        answer_headers: The answer's headers.
        answer: The answer's body as text, cut likewise.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: str
    status: int
    answer_headers: dict[str, str]
    answer: str

    @property
    def curl(self) -> str:
        """A command line that repeats the request; a token is read from ``$TOKEN``."""
        parts = ["curl", "-i", "-X", self.method]
        for name, value in self.headers.items():
            header = f'"{name}: Bearer $TOKEN"' if name.lower() in SECRET_HEADERS else shlex.quote(f"{name}: {value}")
            parts += ["-H", header]
        if self.body:
            parts += ["--data-binary", shlex.quote(self.body)]
        return " ".join([*parts, shlex.quote(self.url)])

    def as_dict(self) -> dict[str, object]:
        """The exchange as the JSON report writes it."""
        return {
            "request": {"method": self.method, "url": self.url, "headers": self.headers, "body": self.body},
            "response": {"status": self.status, "headers": self.answer_headers, "body": self.answer},
            "curl": self.curl,
        }


def readable(content: bytes) -> str:
    """`content` as text for a report: decoded leniently, without control characters, cut to a readable length."""
    text = content[: SHOWN_CHARACTERS * 4].decode("utf-8", "replace")
    text = "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
    cut = text[:SHOWN_CHARACTERS]
    return cut if len(content) <= len(cut.encode()) else f"{cut}… ({len(content)} bytes)"


def worth_showing(headers: Mapping[str, str]) -> dict[str, str]:
    """The request headers a person needs to repeat a request, secrets replaced."""
    return {
        name: "***" if name.lower() in SECRET_HEADERS else value
        for name, value in headers.items()
        if name.lower() not in DULL_HEADERS
    }


def strict_json(content: bytes) -> object:
    """Parse `content` as RFC 8259 JSON.

    Raises:
        ValueError: It is not: broken syntax, NaN or Infinity, invalid UTF-8 or a lone surrogate.
    """

    def refuse(constant: str) -> object:
        raise ValueError(f"the body holds {constant}, which JSON does not know")

    value = json.loads(content.decode("utf-8"), parse_constant=refuse)
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("the body holds a lone surrogate") from error
    return value
