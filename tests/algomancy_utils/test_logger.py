"""The logger: what it keeps, what it passes on and what it prints."""

from __future__ import annotations

import logging

import pytest

from algomancy_utils import Logger, MessageStatus


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
    """An exception is logged with its traceback and kept as its text."""
    logger = Logger()
    error = ValueError("no such thing")
    with caplog.at_level(logging.INFO, logger="algomancy"):
        logger.log("plain")
        logger.log_traceback(error)
    assert [record.levelno for record in caplog.records] == [logging.INFO, logging.ERROR]
    assert caplog.records[1].exc_info is not None
    assert caplog.records[1].exc_info[1] is error
    assert logger.get_logs()[-1].message == "no such thing"


def test_logger_prints_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Printing is off at first and can be switched on, off and over."""
    logger = Logger()
    logger.log("silent")
    logger.toggle_print_to_console()
    logger.log("loud")
    logger.toggle_print_to_console(False)
    logger.log("silent")
    printed = capsys.readouterr().err
    assert "INFO loud" in printed
    assert "silent" not in printed
