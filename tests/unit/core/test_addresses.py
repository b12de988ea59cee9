"""The address of a client is what a trusted proxy saw, whatever the client writes into its headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.addresses import TrustedProxies, block_of, is_internal, parse, parse_network

PROXIES = TrustedProxies([parse_network("10.0.0.0/8"), parse_network("2001:db8:f::/48")])


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:41234", "203.0.113.7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:41234", "2001:db8::7"),
        ("fe80::7%eth0", "fe80::7"),
        ("[fe80::7%eth0]:80", "fe80::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:80", "203.0.113.7"),
    ],
)
def test_address_is_normalized(text: str, normal: str) -> None:
    assert str(parse(text)) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unknown",
        "_hidden",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.7:",
        "203.0.113.7:port",
        "203.0.113.07",
        "203.0.113.7%eth0",
        "[203.0.113.7]",
        "[]",
        "[::1",
        "::1]",
        "[::1]x",
        "[::1]:",
        "\u0661.2.3.4",
        "203.0.113.7\n",
        "203.0.113.7/32",
        '"203.0.113.7"',
    ],
)
def test_malformed_address_is_none(text: str) -> None:
    assert parse(text) is None


class TestClient:
    @pytest.mark.parametrize(
        ("peer", "forwarded_for", "client"),
        [
            ("203.0.113.7", None, "203.0.113.7"),
            ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
            ("203.0.113.7", "10.0.0.1", "203.0.113.7"),
            ("::ffff:203.0.113.7", "198.51.100.1", "203.0.113.7"),
            ("2001:db8::7%eth0", None, "2001:db8::7"),
        ],
    )
    def test_header_of_an_untrusted_peer_is_ignored(self, peer: str, forwarded_for: str | None, client: str) -> None:
        assert PROXIES.client_of(peer, forwarded_for) == client

    @pytest.mark.parametrize(
        ("forwarded_for", "client"),
        [
            ("203.0.113.7", "203.0.113.7"),
            ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
            ("198.51.100.1,203.0.113.7,10.0.0.2", "203.0.113.7"),
            ("198.51.100.1, [2001:db8::7]:41234", "2001:db8::7"),
            ("203.0.113.7, 2001:db8:f::1, ::ffff:10.0.0.3", "203.0.113.7"),
        ],
    )
    def test_last_address_that_is_no_trusted_proxy_counts(self, forwarded_for: str, client: str) -> None:
        assert PROXIES.client_of("10.0.0.1", forwarded_for) == client

    @pytest.mark.parametrize("peer", ["::ffff:10.0.0.1", "2001:db8:f::1", "10.0.0.1"])
    def test_proxy_is_trusted_in_each_form_of_its_address(self, peer: str) -> None:
        assert PROXIES.client_of(peer, "203.0.113.7") == "203.0.113.7"

    @pytest.mark.parametrize("malformed", ["", "unknown", "10.0.0.2.3", "203.0.113.7 198.51.100.1"])
    def test_malformed_part_ends_the_way(self, malformed: str) -> None:
        assert PROXIES.client_of("10.0.0.1", f"203.0.113.7, {malformed}, 10.0.0.2") == "10.0.0.2"

    @pytest.mark.parametrize(
        ("forwarded_for", "client"), [(None, "10.0.0.1"), ("", "10.0.0.1"), ("10.0.0.2", "10.0.0.2")]
    )
    def test_client_inside_the_trusted_network_is_the_first_of_the_way(
        self, forwarded_for: str | None, client: str
    ) -> None:
        assert PROXIES.client_of("10.0.0.1", forwarded_for) == client

    def test_peer_without_an_address_is_not_trusted(self) -> None:
        assert PROXIES.client_of("unix:", "203.0.113.7") == "unix:"

    def test_nobody_is_trusted_by_default(self) -> None:
        assert TrustedProxies().client_of("127.0.0.1", "203.0.113.7") == "127.0.0.1"

    @given(forged=st.text())
    def test_client_behind_a_proxy_can_not_change_its_address(self, forged: str) -> None:
        assert PROXIES.client_of("10.0.0.1", f"{forged}, 203.0.113.7") == "203.0.113.7"


class TestScheme:
    @pytest.mark.parametrize(
        ("forwarded_proto", "scheme"),
        [("https", "https"), ("HTTPS", "https"), ("http, https", "https"), ("https, http", "http"), ("http", "http")],
    )
    def test_trusted_proxy_says_it(self, forwarded_proto: str, scheme: str) -> None:
        assert PROXIES.scheme_of("10.0.0.1", "http", forwarded_proto) == scheme

    @pytest.mark.parametrize("forwarded_proto", [None, "", "ftp", "https://", "https,"])
    def test_malformed_header_is_ignored(self, forwarded_proto: str | None) -> None:
        assert PROXIES.scheme_of("10.0.0.1", "http", forwarded_proto) == "http"

    def test_header_of_an_untrusted_peer_is_ignored(self) -> None:
        assert PROXIES.scheme_of("203.0.113.7", "http", "https") == "http"


class TestNetwork:
    def test_mapped_network_is_an_ipv4_network(self) -> None:
        assert str(parse_network("::ffff:10.0.0.0/104")) == "10.0.0.0/8"

    @pytest.mark.parametrize("text", ["10.0.0.1/8", "nginx", "10.0.0.0/33", "*"])
    def test_wrong_network_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=text.partition("/")[0].replace("*", r"\*")):
            parse_network(text)


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("unix:", "unix:"),
    ],
)
def test_addresses_of_one_ipv6_customer_are_one_block(address: str, block: str) -> None:
    assert block_of(address) == block


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        *((internal, True) for internal in ("127.0.0.1", "::1", "10.0.0.1", "172.31.0.1", "192.168.1.1", "100.64.0.1")),
        *((internal, True) for internal in ("fd00::1", "fe80::1%eth0", "::ffff:10.0.0.1", "169.254.1.1")),
        *((public, False) for public in ("8.8.8.8", "172.32.0.1", "203.0.113.7", "2001:db8::1", "unix:", "")),
    ],
)
def test_internal_address_is_one_that_the_internet_does_not_reach(address: str, expected: bool) -> None:
    assert is_internal(address) is expected


@pytest.mark.parametrize(
    ("address", "expected"), [("10.0.0.1", True), ("::ffff:10.0.0.1", True), ("203.0.113.7", False), ("unix:", False)]
)
def test_trusted_proxy_is_known_by_its_address(address: str, expected: bool) -> None:
    assert PROXIES.trusts(address) is expected
