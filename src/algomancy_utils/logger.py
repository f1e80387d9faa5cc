"""A thin face on `logging` that also remembers the latest messages, for a user interface to show."""

from __future__ import annotations

import logging
import threading
from collections import deque
from enum import StrEnum
from typing import Any, ClassVar, Self

from algomancy_utils.runtime import utc_now

_KEPT = 1_000


class MessageStatus(StrEnum):
    """How a message is meant."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


class Message:
    """One thing that was logged.

    Args:
        message: What it says.
        status: How it is meant.

    Attributes:
        timestamp: When it was logged, in UTC.
    """

    RESET = "\x1b[0m"
    GREEN = "\x1b[92m"
    ORANGE = "\x1b[93m"
    RED = "\x1b[91m"

    def __init__(self, message: str, status: MessageStatus = MessageStatus.INFO) -> None:
        self.message = message
        self.status = MessageStatus(status)
        self.timestamp = utc_now()

    def __str__(self) -> str:
        return f"[{self.timestamp.isoformat()}] {self.status.name:>7}: {self.message}"

    def print(self) -> None:
        """Write the message to standard output, in the colour of its status."""
        print(f"{_COLOURS[self.status]}{self}{self.RESET}")


_COLOURS = {
    MessageStatus.INFO: Message.RESET,
    MessageStatus.SUCCESS: Message.GREEN,
    MessageStatus.WARNING: Message.ORANGE,
    MessageStatus.ERROR: Message.RED,
}
_LEVELS = {
    MessageStatus.INFO: logging.INFO,
    MessageStatus.SUCCESS: logging.INFO,
    MessageStatus.WARNING: logging.WARNING,
    MessageStatus.ERROR: logging.ERROR,
}


class Singleton:
    """A class with one instance: each call of a subclass returns the same object, which is initialized once."""

    _instance: ClassVar[Any] = None
    _creation: ClassVar[threading.Lock] = threading.Lock()

    def __new__(cls, *_args: object, **_kwargs: object) -> Self:
        """Return the instance; made at the first call."""
        with Singleton._creation:
            if "_instance" not in vars(cls):
                cls._instance = super().__new__(cls)
            instance: Self = cls._instance
            return instance


class Logger(Singleton):
    """The log of the process: passes messages on to `logging` and keeps the latest thousand.

    Messages go to the logger `algomancy`, and to standard output unless that was switched off.
    """

    def __init__(self) -> None:
        if hasattr(self, "_messages"):
            return
        self._print_to_console = True
        self._messages: deque[Message] = deque(maxlen=_KEPT)
        self._logger = logging.getLogger("algomancy")

    @property
    def latest_log(self) -> Message | None:
        """The latest message, `None` as long as there is none."""
        return self._messages[-1] if self._messages else None

    def log(self, message: str, status: MessageStatus = MessageStatus.INFO) -> None:
        """Log a message.

        Args:
            message: What to say.
            status: How it is meant.
        """
        self._add(message, status)

    def success(self, message: str) -> None:
        """Log that something went well."""
        self._add(message, MessageStatus.SUCCESS)

    def warning(self, message: str) -> None:
        """Log that something deserves attention."""
        self._add(message, MessageStatus.WARNING)

    def error(self, message: str) -> None:
        """Log that something went wrong."""
        self._add(message, MessageStatus.ERROR)

    def log_traceback(self, e: BaseException) -> None:
        """Log an exception; its traceback goes to `logging`, the message kept is its kind and text alone."""
        self._add(f"An error occurred: {type(e).__name__}: {e}", MessageStatus.ERROR, e)

    def get_logs(self, status_filter: MessageStatus | None = None) -> list[Message]:
        """Return the messages kept, oldest first.

        Args:
            status_filter: Leave out messages of any other status.
        """
        messages = self._messages.copy()
        return [message for message in messages if status_filter in (None, message.status)]

    def clear(self) -> None:
        """Forget the messages kept."""
        self._messages.clear()

    def toggle_print_to_console(self, value: bool | None = None) -> None:
        """Switch writing to standard output on or off.

        Args:
            value: The new setting; the opposite of the present one when left out.
        """
        self._print_to_console = not self._print_to_console if value is None else value

    def _add(self, text: object, status: MessageStatus, error: BaseException | None = None) -> None:
        message = Message(str(text), status)
        self._messages.append(message)
        if self._print_to_console:
            message.print()
        # Where nobody has set `logging` up, it would print warnings a second time.
        if not self._print_to_console or self._logger.hasHandlers():
            self._logger.log(_LEVELS[message.status], "%s", message.message, exc_info=error)


class SilentLogger(Logger):
    """The log that a server hands to the user's classes: nothing is printed, all goes to `logging`."""

    def __init__(self) -> None:
        super().__init__()
        self._print_to_console = False
