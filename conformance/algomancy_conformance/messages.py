"""One request and its answer, as kept for the report: bounded in size, and never with a token in it."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

Json = Any
"""A value parsed from JSON, or about to be written as such."""

Argument = Any
"""What an argument of the client may be."""

SHOWN_CHARACTERS = 2000
REPLAYED_BYTES = 32_000
KEPT_BYTES = 4 * SHOWN_CHARACTERS
ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
SECRET_HEADERS = frozenset({"authorization", "cookie"})
RUN_OF_ONE_CHARACTER = re.compile(r"(\w)\1{199,}")


@dataclass(frozen=True)
class Exchange:
    """What was sent and what came back.

    Attributes:
        method: The request's method.
        url: The full URL.
        headers: The request headers worth repeating, the token replaced.
        content: The request body as it was sent, or its beginning where it is large.
        status: The answer's status, or 0 when none came.
        answer_headers: The answer's headers.
        answer_content: The answer's body, or its beginning where it is large.
        route: Method and path template of the operation, the prefix left out: ``GET /sessions/{session_id}``.
        size: How long the request body was.
        answer_size: How long the answer's body was.
        token: What must not be shown.
        head: The lines of a head that curl would not send as they are; none otherwise.
    """

    method: str
    url: str
    headers: dict[str, str]
    content: bytes
    status: int
    answer_headers: dict[str, str]
    answer_content: bytes = b""
    route: str = ""
    size: int = 0
    answer_size: int = 0
    token: str | None = field(default=None, repr=False)
    head: tuple[str, ...] = ()

    @property
    def body(self) -> str:
        """The request body as text, cut to a readable length."""
        return self.hidden(readable(self.content, self.size))

    @property
    def answer(self) -> str:
        """The answer's body as text, cut likewise."""
        return self.hidden(readable(self.answer_content, self.answer_size))

    def hidden(self, text: str) -> str:
        """`text` without the token."""
        return text.replace(self.token, "***") if self.token else text

    @property
    def curl(self) -> str:
        """A command line that repeats the request to the byte; a token is read from ``$TOKEN``."""
        if self.head:
            return self._typed
        parts = ["curl", "-i", "-g", "--path-as-is", "-X", self.method]
        for name, value in self.headers.items():
            if name.lower() == "authorization":
                parts += ["-H", f'"{name}: Bearer $TOKEN"']
            elif name.lower() not in SECRET_HEADERS:
                parts += ["-H", shlex.quote(f"{name}: {value}")]
        before, after = "", ""
        if self.content and "content-type" not in {name.lower() for name in self.headers}:
            parts += ["-H", "Content-Type:"]  # or curl adds one of its own
        if self.size > REPLAYED_BYTES:
            parts += ["--data-binary", "@body"]
            after = f"  # the file body: the {self.size} bytes that were sent, too many to be shown"
        elif self.content and as_text(self.content) is None:
            before = f"echo {base64.b64encode(self.content).decode()} | base64 -d | "
            parts += ["--data-binary", "@-"]
        elif self.content:
            parts += ["--data-raw", shlex.quote(self.content.decode())]
        return before + " ".join([*parts, shlex.quote(self.url)]) + after

    @property
    def _typed(self) -> str:
        """A command line that writes the head line by line: curl would refuse it, or write another."""
        address = urlsplit(self.url)
        lines = [*self.head, "Connection: close", ""]
        words = [RUN_OF_ONE_CHARACTER.sub(_made_by_the_shell, shlex.quote(self.hidden(line))) for line in lines]
        if self.token:
            words.insert(1, '"Authorization: Bearer $TOKEN"')
        return f"printf '%s\\r\\n' {' '.join(words)} | curl -s telnet://{address.hostname}:{address.port or 80}"

    def as_dict(self) -> dict[str, object]:
        """The exchange as the JSON report writes it."""
        return {
            "request": {"method": self.method, "url": self.url, "headers": self.headers, "body": self.body},
            "response": {"status": self.status, "headers": self.answer_headers, "body": self.answer},
            "curl": self.curl,
        }


def _made_by_the_shell(run: re.Match[str]) -> str:
    """Some thousand times the same character, within single quotes, as what prints it."""
    return f"'\"$(head -c {len(run[0])} /dev/zero | tr '\\0' {run[1]})\"'"


def as_text(content: bytes) -> str | None:
    """`content` as text that survives a terminal and a shell, or None where it is none."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return text if all(c.isprintable() or c == "\n" for c in text) else None


def readable(content: bytes, size: int = 0) -> str:
    """`content` as text for a report: decoded leniently, without control characters, cut to a readable length.

    Args:
        content: The bytes, or the first of them.
        size: How many there were; 0 means just these.
    """
    text = content[: SHOWN_CHARACTERS * 4].decode("utf-8", "replace")[:SHOWN_CHARACTERS]
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
    size = size or len(content)
    return text if size <= len(text.encode()) else f"{text}… ({size} bytes)"


def worth_showing(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The request headers a person needs to repeat a request, without secrets."""
    return {name.lower(): "***" if name.lower() in SECRET_HEADERS else value for name, value in headers}


def strict_json(content: bytes) -> object:
    """Parse `content` as RFC 8259 JSON.

    Raises:
        ValueError: It is not: broken syntax, NaN or Infinity, invalid UTF-8 or a lone surrogate.
    """

    def refuse(constant: str) -> object:
        raise ValueError(f"the body holds {constant}, which JSON does not know")

    value = json.loads(content.decode("utf-8"), parse_constant=refuse)
    if ESCAPED_SURROGATE.search(content):
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError as error:
            raise ValueError("the body holds a lone surrogate") from error
    return value
