"""The limits of a server follow its settings, and what the settings leave open follows the limit of open files."""

from typing import Any

import pytest

from core.settings import ImSettings, load_settings
from im import descriptors
from im.limits import Limits

REQUIRED = {
    "MESSAGE_QUEUE_URL": "redis://localhost",
    "REDIS_URL": "redis://localhost",
    "JWT_SECRET": "0123456789abcdefghijklmnopqrstuv",
}


def limits(**settings: Any) -> Limits:
    return Limits(load_settings(ImSettings, REQUIRED | settings))


def test_by_default_all_files_may_be_sockets_and_a_twentieth_is_left_to_users() -> None:
    default = limits()

    assert default.sockets == descriptors.most_sockets()
    assert default.anonymous_sockets == default.sockets * 19 // 20


def test_setting_lowers_the_number_of_sockets() -> None:
    few = limits(LIMIT_SOCKETS_PER_SERVER=100)

    assert (few.sockets, few.anonymous_sockets) == (100, 95)


def test_number_of_sockets_beyond_the_open_files_is_lowered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert limits(LIMIT_SOCKETS_PER_SERVER=10**9).sockets == descriptors.most_sockets()
    assert "LIMIT_SOCKETS_PER_SERVER" in caplog.text


def test_anonymous_sockets_can_be_forbidden() -> None:
    assert limits(LIMIT_ANONYMOUS_SOCKETS=0).anonymous_sockets == 0
