"""Looks at every answer of a run, whatever it was asked for, and keeps those that break a general rule."""

from __future__ import annotations

from ..shapes import check_error, check_json
from ..target.client import Answer

KEPT = 5
LARGE = 2_000_000
FIXED_MESSAGE = "Internal server error"


class Watcher:
    """Keeps a few answers per broken rule.

    Attributes:
        answers: How many it has looked at.
        server_errors: Answers of 500 and above.
        strange_server_errors: Those of them that are not the fixed message.
        bad_errors: Errors whose body is not one detail string.
        bad_bodies: Bodies that are not strict JSON, though they should be.
    """

    def __init__(self, prefix: str, crashing: str | None) -> None:
        self.answers = 0
        self.server_errors: list[str] = []
        self.strange_server_errors: list[str] = []
        self.bad_errors: list[str] = []
        self.bad_bodies: list[str] = []
        self._prefix = prefix
        self._crashing = crashing

    def watch(self, answer: Answer) -> None:
        """Look at one answer."""
        self.answers += 1
        said = f"{answer.exchange.method} {answer.exchange.url} answered {answer.status}"
        if answer.status >= 500:
            if not (self._crashing and f"/algorithms/{self._crashing}/" in answer.exchange.url):
                keep(self.server_errors, said)
            if FIXED_MESSAGE not in answer.exchange.answer or "Traceback" in answer.exchange.answer:
                keep(self.strange_server_errors, f"{said}: {answer.exchange.answer[:200]}")
        if answer.status >= 400 and answer.exchange.method != "HEAD":
            try:
                check_error(answer)
            except AssertionError as error:
                keep(self.bad_errors, str(error))
        wanted = answer.content and len(answer.content) < LARGE and self._prefix + "/sessions" in answer.exchange.url
        if wanted:
            try:
                check_json(answer)
            except AssertionError as error:
                keep(self.bad_bodies, str(error))


def keep(kept: list[str], said: str) -> None:
    """Add to a list that stays short."""
    if len(kept) < KEPT:
        kept.append(said)
