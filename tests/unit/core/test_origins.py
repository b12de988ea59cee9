"""The settings decide which origins may call, however a client writes an origin."""

import pytest

from core.origins import AllowedOrigins, normalize


@pytest.mark.parametrize(
    ("origin", "normal"),
    [
        ("https://news.example", "https://news.example"),
        ("http://News.Example", "http://news.example"),
        ("http://news.example:80", "http://news.example"),
        ("https://news.example:443", "https://news.example"),
        ("https://news.example:80", "https://news.example:80"),
        ("wss://news.example", "https://news.example"),
        ("ws://news.example:8001", "http://news.example:8001"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("capacitor://localhost", "capacitor://localhost"),
    ],
)
def test_origin_is_normalized(origin: str, normal: str) -> None:
    assert normalize(origin) == normal


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "*",
        "news.example",
        "//news.example",
        "https://",
        "https://a.example/",
        "https://a.example?x",
        "https://user@a.example",
        "http://a.example:port",
        "http://[",
        "file://host",
        "ftp://a.example",
    ],
)
def test_invalid_origin_is_none(text: str) -> None:
    assert normalize(text) is None


class TestAllowed:
    allowed = AllowedOrigins(["https://News.example:443", "capacitor://localhost"])

    @pytest.mark.parametrize("origin", ["https://news.example", "wss://news.example", "capacitor://localhost"])
    def test_configured_origin_is_allowed_for_any_host(self, origin: str) -> None:
        assert self.allowed.allows(origin, host="10.0.0.1:8001")

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "http://news.example", "null", "", "https://xnews.example"]
    )
    def test_other_origin_is_refused(self, origin: str) -> None:
        assert not self.allowed.allows(origin, host="news.example")

    @pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost:8001", "[::1]:8001"])
    def test_loopback_origin_that_equals_the_host_is_allowed(self, host: str) -> None:
        assert self.allowed.allows(f"http://{host}", host=host)

    @pytest.mark.parametrize("host", ["evil.example:8001", "evil.example", "", "[", "127.0.0.1.evil.example:8001"])
    def test_foreign_host_is_refused(self, host: str) -> None:
        assert not self.allowed.allows(f"http://{host}", host=host)

    def test_another_port_is_another_origin(self) -> None:
        assert not self.allowed.allows("http://localhost:9999", host="localhost:8001")

    def test_star_allows_all_origins(self) -> None:
        anybody = AllowedOrigins(["*"])

        assert anybody.allows("https://anywhere.example", host="evil.example")
        assert anybody.allows("null", host="evil.example")
