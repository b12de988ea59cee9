"""The list of open sockets, while Redis is unavailable; what a device is called."""

import pytest

from app.api.devices import name_device
from tests.unit.app.conftest import Call


@pytest.mark.parametrize(("method", "path"), [("GET", "/user/sessions"), ("DELETE", "/user/sessions/a")])
def test_without_redis_the_client_is_to_try_again(call: Call, ann: int, method: str, path: str) -> None:
    answer = call(ann, method, path)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        ("python-requests/2.31", "Python Requests"),
        ("", ""),
        ("\x00(((" * 50, ""),
    ],
)
def test_device_has_a_readable_name(user_agent: str, name: str) -> None:
    assert name_device(user_agent) == name
