"""Who may call is decided by the settings, however a client writes an origin."""

import pytest

from app.origins import AllowedOrigins, normalize


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
def test_an_origin_has_one_form(origin: str, normal: str) -> None:
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
def test_what_is_no_origin_has_none(text: str) -> None:
    assert normalize(text) is None


class TestAllowed:
    allowed = AllowedOrigins(["https://News.example:443", "capacitor://localhost"])

    @pytest.mark.parametrize("origin", ["https://news.example", "wss://news.example", "capacitor://localhost"])
    def test_the_origins_of_the_settings_may_call_whatever_host_they_ask(self, origin: str) -> None:
        assert self.allowed.allows(origin, host="10.0.0.1:8001")

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "http://news.example", "null", "", "https://xnews.example"]
    )
    def test_others_may_not(self, origin: str) -> None:
        assert not self.allowed.allows(origin, host="news.example")

    @pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost:8001", "[::1]:8001"])
    def test_a_client_on_this_machine_may_give_the_address_that_it_asks(self, host: str) -> None:
        assert self.allowed.allows(f"http://{host}", host=host)

    @pytest.mark.parametrize("host", ["evil.example:8001", "evil.example", "", "[", "127.0.0.1.evil.example:8001"])
    def test_but_not_a_host_that_is_not_ours(self, host: str) -> None:
        assert not self.allowed.allows(f"http://{host}", host=host)

    def test_another_port_of_the_same_host_is_another_origin(self) -> None:
        assert not self.allowed.allows("http://localhost:9999", host="localhost:8001")

    def test_a_star_allows_all(self) -> None:
        anybody = AllowedOrigins(["*"])

        assert anybody.allows("https://anywhere.example", host="evil.example")
        assert anybody.allows("null", host="evil.example")
