"""The logger: what it keeps, what it passes on and what it prints."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from algomancy_utils import Logger, Message, MessageStatus
from algomancy_utils.logger import Singleton


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    """The log as it was before anyone used it."""
    Logger().clear()
    yield
    Logger().clear()
    Logger().toggle_print_to_console(True)


def test_logger_is_one() -> None:
    """Whoever asks for the logger gets the same; so it is with every singleton, each for itself."""

    class Other(Singleton):
        """Another one."""

    Logger().log("one")
    assert Logger() is Logger()
    assert Other() is Other()
    other: Any = Other()
    assert other is not Logger()
    assert [message.message for message in Logger().get_logs()] == ["one"]
    assert Logger().latest_log is Logger().get_logs()[-1]


def test_logger_keeps_messages_in_order() -> None:
    """Messages are kept with their status and can be filtered by it."""
    logger = Logger()
    logger.log("one")
    logger.success("two")
    logger.warning("three")
    logger.error("four")
    assert [(message.status, message.message) for message in logger.get_logs()] == [
        (MessageStatus.INFO, "one"),
        (MessageStatus.SUCCESS, "two"),
        (MessageStatus.WARNING, "three"),
        (MessageStatus.ERROR, "four"),
    ]
    assert [message.message for message in logger.get_logs(MessageStatus.WARNING)] == ["three"]
    logger.clear()
    assert logger.get_logs() == []


def test_logger_forgets_oldest() -> None:
    """However much is logged, what is kept stays bounded."""
    logger = Logger()
    for number in range(1_500):
        logger.log(str(number))
    kept = logger.get_logs()
    assert (len(kept), kept[0].message, kept[-1].message) == (1_000, "500", "1499")


def test_traceback_goes_to_logging(caplog: pytest.LogCaptureFixture) -> None:
    """An exception is logged with its traceback and kept as its kind and text."""
    logger = Logger()
    error = ValueError("no such thing")
    with caplog.at_level(logging.INFO, logger="algomancy"):
        logger.log("plain")
        logger.log_traceback(error)
    assert [record.levelno for record in caplog.records] == [logging.INFO, logging.ERROR]
    assert caplog.records[1].exc_info is not None
    assert caplog.records[1].exc_info[1] is error
    assert logger.get_logs()[-1].message == "An error occurred: ValueError: no such thing"


def test_logger_prints_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    """Printing is on at first and can be switched off, on and over."""
    logger = Logger()
    logger.warning("loud")
    logger.toggle_print_to_console()
    logger.log("silent")
    logger.toggle_print_to_console(True)
    logger.success("loud again")
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition("] ")[2].strip() for line in printed] == [
        f"WARNING: loud{Message.RESET}",
        f"SUCCESS: loud again{Message.RESET}",
    ]
    assert [line[:5] for line in printed] == [Message.ORANGE, Message.GREEN]


def test_message_says_when_and_how_it_was_meant() -> None:
    """The text of a message has its time in UTC, its status and what it says."""
    message = Message("Done.", MessageStatus.ERROR)
    assert str(message) == f"[{message.timestamp.isoformat()}]   ERROR: Done."
    assert str(message.timestamp.tzinfo) == "UTC"
    assert Message("Done.").status is MessageStatus.INFO
