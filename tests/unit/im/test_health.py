"""Every answer of the IM server tells browsers what they must not do with it."""

from collections.abc import Iterable
from typing import Any

import pytest

from core.addresses import TrustedProxies, parse_network
from im.health import Health, StartResponse
from im.subscription.watchdog import Watchdog


def socketio_app(_environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"Not Found"]


def headers_of(path: str, *, peer: str = "203.0.113.7", **environ: str) -> dict[str, str]:
    answered: list[list[tuple[str, str]]] = []
    proxies = TrustedProxies([parse_network("10.0.0.1")])
    health = Health(socketio_app, check_redis=lambda: None, watchdog=Watchdog(), failures={}, proxies=proxies)

    health({"PATH_INFO": path, "REMOTE_ADDR": peer, **environ}, lambda _status, headers: answered.append(headers))

    [headers] = answered
    assert len(headers) == len(dict(headers)), "a header is given twice"
    return dict(headers)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/nowhere", "/socket.io/"])
def test_every_answer_has_security_headers(path: str) -> None:
    headers = headers_of(path)

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize(("peer", "is_trusted"), [("10.0.0.1", True), ("203.0.113.7", False)])
def test_browser_stays_with_https_if_a_trusted_proxy_says_that_it_uses_it(peer: str, is_trusted: bool) -> None:
    headers = headers_of("/socket.io/", peer=peer, HTTP_X_FORWARDED_PROTO="https")

    assert ("Strict-Transport-Security" in headers) is is_trusted
