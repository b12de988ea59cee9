"""Where a client comes from, as its user sees it."""

from im.delivery.client import Client, identify


def test_address_and_device_are_those_of_the_request() -> None:
    environ = {"REMOTE_ADDR": "203.0.113.9", "HTTP_USER_AGENT": "Firefox"}

    assert identify(environ) == Client("203.0.113.9", "Firefox")


def test_device_is_short_and_printable() -> None:
    client = identify({"REMOTE_ADDR": "203.0.113.9", "HTTP_USER_AGENT": "Fire\x1b[31mfox\u00a0" + 300 * "x"})

    assert client.device.isprintable()
    assert client.device.startswith("Fire?[31mfox?xxx")
    assert len(client.device) == 200
