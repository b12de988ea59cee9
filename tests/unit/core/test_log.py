"""A log record is one line, with any handler and any text of a client."""

import io
import logging
from collections.abc import Iterator

import pytest
from celery.utils.log import ColorFormatter
from tornado.log import LogFormatter

from core import log, tokens

FORMATTERS = {
    "plain": logging.Formatter("%(levelname)s %(message)s"),
    "celery": ColorFormatter("%(levelname)s %(message)s", use_color=False),
    "tornado": LogFormatter("%(levelname)s %(message)s", color=False),
}


@pytest.fixture(params=FORMATTERS)
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """The text that is written to the logger `clients`."""
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
def test_unprintable_characters_are_escaped(written: io.StringIO, sent: str, shown: str) -> None:
    logging.getLogger("clients").error("sent: %s", sent)
    logging.getLogger("clients").error(f"sent: {sent}")

    assert written.getvalue() == f"ERROR sent: {shown}\n" * 2


@pytest.mark.parametrize(
    ("quoted", "shown"),
    [
        (f"GET /socket.io/?token={tokens.sign('s' * 64, user_id=1)}&EIO=4", "GET /socket.io/?token=***&EIO=4"),
        (f"no header 'service_{'aB3-' * 10}_0_', but service_keys", "no header '***', but service_keys"),
        ("(4,ann,$argon2id$v=19$m=65536,t=3,p=4$0ivdV+6R8mVhG$xLY1cz+P/vi42y,,1)", "(4,ann,***)"),
        ("no answer of redis://im:secret-7@redis:6379/0", "no answer of redis://im:***@redis:6379/0"),
        (
            "amqp://a.example:5672/ at 10:30, from ann@example.com",
            "amqp://a.example:5672/ at 10:30, from ann@example.com",
        ),
    ],
)
def test_secrets_are_hidden(written: io.StringIO, quoted: str, shown: str) -> None:
    logging.getLogger("clients").error("it failed: %s", quoted, exc_info=ValueError(quoted))

    first, *others = written.getvalue().splitlines()
    assert first == f"ERROR it failed: {shown}"
    assert [line.strip() for line in others] == [f"ValueError: {shown}"]


def test_traceback_lines_are_indented(written: io.StringIO) -> None:
    logging.getLogger("clients").error("it failed", exc_info=ValueError("a\nERROR forged\x1b[2K"))

    first, *others = written.getvalue().splitlines()
    assert first == "ERROR it failed"
    assert [line.strip() for line in others] == ["ValueError: a", r"ERROR forged\x1b[2K"]
    assert all(line.startswith("    ") for line in others)


def test_second_handler_writes_the_same_line(written: io.StringIO) -> None:
    logger, [first] = logging.getLogger("clients"), logging.getLogger("clients").handlers
    second = logging.StreamHandler(io.StringIO())
    second.setFormatter(first.formatter)
    logger.addHandler(second)
    logger.error("it failed", exc_info=ValueError("twice"))
    logger.removeHandler(second)

    assert second.stream.getvalue() == written.getvalue()
