"""What a person is told when the user's own code fails."""

from __future__ import annotations

import os
from pathlib import Path

_LONGEST_MESSAGE = 2_000


class RunFailure(Exception):
    """A run came to nothing; the message says why, in words for the person."""


class RunKilled(RunFailure):
    """It came to nothing because its process died."""


def describe(error: BaseException) -> str:
    """Return what a person is told about an exception of the user's code: its text, without paths or traceback."""
    try:
        text = _text_of(error).strip()
    # An exception of the user's is the user's code: asked for its text it may raise anything.
    except BaseException:
        text = ""
    text = text or type(error).__name__
    if len(text) > _LONGEST_MESSAGE:
        text = f"{text[:_LONGEST_MESSAGE]}…"
    return text.encode("utf-8", "replace").decode()


def _text_of(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "Its code tried to end the server."
    if isinstance(error, KeyboardInterrupt):
        return "Its code interrupted itself."
    if isinstance(error, MemoryError):
        return "There was not enough memory."
    if isinstance(error, OSError) and error.strerror:
        named = isinstance(error.filename, (str, bytes))
        return f"{error.strerror}: {Path(os.fsdecode(error.filename)).name}" if named else str(error.strerror)
    if isinstance(error, KeyError) and error.args:
        return f"There is no {str(error.args[0])!r}."
    return str(error)
