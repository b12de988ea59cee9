"""An endpoint of a client never leads into our own network."""

import socket

import pytest

from core.push_endpoints import LONGEST, Endpoints, InvalidEndpoint

PUBLIC = "142.250.185.74"


def endpoints(*addresses: str, private: tuple[str, ...] = ()) -> Endpoints:
    return Endpoints(private, lambda _host, _port: list(addresses))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "push.example/a",
        "http://push.example/a",
        "ftp://push.example/a",
        "file:///etc/passwd",
        "https:///a",
        "https://",
        "https://push.example:8443/a",
        "https://push.example:0/a",
        "https://push.example:99999/a",
        "https://user@push.example/a",
        "https://user:secret@push.example/a",
        "https://push.example/a b",
        "https://push%00.example/a",
        "https://[fe80::1%25eth0]/a",
        'https://pu"sh.example/a',
        "https://10.0.0.1\\@push.example/a",
        "https://push.example/\r\nHost: internal",
        "https://pu\tsh.example/a",
        "https://pushé.example/a",
        "https://[::1/a",
        "https://push.example/" + "a" * LONGEST,
        "javascript:alert(1)",
    ],
)
def test_what_is_no_endpoint_is_refused(url: str) -> None:
    with pytest.raises(InvalidEndpoint):
        endpoints(PUBLIC).parse(url)


@pytest.mark.parametrize(
    "url",
    ["https://fcm.googleapis.com/fcm/send/a:b-c_d", "https://PUSH.example:443/a?b=c", "https://push.example"],
)
def test_endpoint_of_the_internet_is_accepted(url: str) -> None:
    found = endpoints(PUBLIC, "2607:f8b0:4004:c07::5f")

    assert found.find(found.parse(url)) == [PUBLIC, "2607:f8b0:4004:c07::5f"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # metadata of a cloud
        "100.64.0.1",  # CGNAT
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "2002:7f00:1::",  # 6to4 of 127.0.0.1
        "2001:0:7f00:1::",  # Teredo
        "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
        "64:ff9b:1::a00:1",
        "2001:db8::1",
        "no address",
    ],
)
def test_name_that_leads_inside_is_refused(address: str) -> None:
    alone, beside_a_public_one = endpoints(address), endpoints(PUBLIC, address)

    for found in (alone, beside_a_public_one):
        with pytest.raises(InvalidEndpoint, match="private network"):
            found.find(found.parse("https://push.example/a"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_every_way_to_write_this_machine_is_refused(host: str) -> None:
    found = Endpoints()  # with the resolver of this machine

    with pytest.raises((InvalidEndpoint, socket.gaierror)):
        found.find(found.parse(f"https://{host}/a"))


def test_private_push_service_of_the_settings_is_accepted_and_no_other_port_of_it() -> None:
    found = endpoints("10.0.0.9", private=("http://push.internal:8080",))

    allowed = found.parse("http://push.internal:8080/a")

    assert found.find(allowed) == ["10.0.0.9"]
    with pytest.raises(InvalidEndpoint):
        found.parse("http://push.internal:8081/a")
    with pytest.raises(InvalidEndpoint):
        found.find(found.parse("https://push.internal/a"))


def test_name_without_an_address_is_no_fault_of_the_endpoint() -> None:
    found = endpoints()

    with pytest.raises(OSError, match="no address"):
        found.find(found.parse("https://push.example/a"))
