"""A record is one line, whoever formats it and whatever a client had a hand in."""

import io
import logging
from collections.abc import Iterator

import pytest
from celery.utils.log import ColorFormatter
from tornado.log import LogFormatter

from app import log

FORMATTERS = {
    "plain": logging.Formatter("%(levelname)s %(message)s"),
    "celery": ColorFormatter("%(levelname)s %(message)s", use_color=False),
    "tornado": LogFormatter("%(levelname)s %(message)s", color=False),
}


@pytest.fixture(params=FORMATTERS)
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What is written to the logger `clients`."""
    before = logging.getLogRecordFactory()
    log.escape_records()
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(FORMATTERS[request.param])
    logger = logging.getLogger("clients")
    logger.addHandler(handler)
    yield output
    logger.removeHandler(handler)
    logging.setLogRecordFactory(before)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("a name: Özil 张三", "a name: Özil 张三"),
        ("a\nERROR forged", r"a\nERROR forged"),
        ("a\r\x1b[2Kforged", r"a\r\x1b[2Kforged"),
        ("a\x85b\u2028c", r"a\x85b\u2028c"),
        ("turned \u202e round", r"turned \u202e round"),
        ("half a letter \ud800", r"half a letter \ud800"),
    ],
)
def test_what_can_not_be_printed_is_escaped(written: io.StringIO, sent: str, shown: str) -> None:
    logging.getLogger("clients").error("sent: %s", sent)
    logging.getLogger("clients").error(f"sent: {sent}")

    assert written.getvalue() == f"ERROR sent: {shown}\n" * 2


def test_the_lines_of_a_traceback_are_indented(written: io.StringIO) -> None:
    logging.getLogger("clients").error("it failed", exc_info=ValueError("a\nERROR forged\x1b[2K"))

    first, *others = written.getvalue().splitlines()
    assert first == "ERROR it failed"
    assert [line.strip() for line in others] == ["ValueError: a", r"ERROR forged\x1b[2K"]
    assert all(line.startswith("    ") for line in others)


def test_a_second_handler_writes_the_same(written: io.StringIO) -> None:
    logger, [first] = logging.getLogger("clients"), logging.getLogger("clients").handlers
    second = logging.StreamHandler(io.StringIO())
    second.setFormatter(first.formatter)
    logger.addHandler(second)
    logger.error("it failed", exc_info=ValueError("twice"))
    logger.removeHandler(second)

    assert second.stream.getvalue() == written.getvalue()
