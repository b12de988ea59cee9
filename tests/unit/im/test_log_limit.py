"""The log limit passes a number of records a minute, and reports how many it left out."""

import logging

import pytest

from im.log_limit import LogLimit


def test_log_limit_passes_a_number_of_records_a_minute_and_reports_how_many_it_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 1000.0
    log = logging.getLogger("test_log_limit")
    log.addFilter(LogLimit(2, now=lambda: now))
    for number in range(5):
        log.warning("number %d", number)

    now += 61
    log.warning("number %d", 5)

    assert caplog.messages == ["number 0", "number 1", "number 5 (3 earlier records were left out)"]
