"""A log that others can fill is kept short, and says what it left out."""

import logging

import pytest

from im.log_limit import LogLimit


def test_so_many_a_minute_are_logged_and_the_next_says_how_many_were_not(caplog: pytest.LogCaptureFixture) -> None:
    now = 1000.0
    log = logging.getLogger("test_log_limit")
    log.addFilter(LogLimit(2, now=lambda: now))
    for number in range(5):
        log.warning("number %d", number)

    now += 61
    log.warning("number %d", 5)

    assert caplog.messages == ["number 0", "number 1", "number 5 (3 more before it)"]
