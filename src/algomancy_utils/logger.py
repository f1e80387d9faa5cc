"""A thin face on `logging` that also remembers the latest messages, for a user interface to show."""

from __future__ import annotations

import logging
import sys
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from algomancy_utils.runtime import utc_now

_KEPT = 1_000


class MessageStatus(StrEnum):
    """How a message is meant."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


_LEVELS = {
    MessageStatus.INFO: logging.INFO,
    MessageStatus.SUCCESS: logging.INFO,
    MessageStatus.WARNING: logging.WARNING,
    MessageStatus.ERROR: logging.ERROR,
}


@dataclass(frozen=True)
class Message:
    """One thing that was logged.

    Attributes:
        status: How it is meant.
        message: What it says.
        timestamp: When it was logged, in UTC.
    """

    status: MessageStatus
    message: str
    timestamp: datetime = field(default_factory=utc_now)

    def __str__(self) -> str:
        return f"{self.timestamp:%H:%M:%S} {self.status.upper()} {self.message}"


class Logger:
    """Passes messages on to `logging` and keeps the latest thousand.

    Args:
        print_to_console: Whether each message is also written to standard error.
        name: The name of the logger of `logging` that messages are passed to.
    """

    def __init__(self, print_to_console: bool = False, name: str = "algomancy") -> None:
        self._print_to_console = print_to_console
        self._logger = logging.getLogger(name)
        self._messages: deque[Message] = deque(maxlen=_KEPT)

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

    def log_traceback(self, error: BaseException) -> None:
        """Log an exception; its traceback goes to `logging`, the message kept is its text alone."""
        self._add(str(error) or type(error).__name__, MessageStatus.ERROR, error)

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
        """Switch writing to standard error on or off.

        Args:
            value: The new setting; the opposite of the present one when left out.
        """
        self._print_to_console = not self._print_to_console if value is None else value

    def _add(self, text: str, status: MessageStatus, error: BaseException | None = None) -> None:
        message = Message(status, str(text))
        self._messages.append(message)
        self._logger.log(_LEVELS[status], "%s", message.message, exc_info=error)
        if self._print_to_console:
            print(message, file=sys.stderr)
