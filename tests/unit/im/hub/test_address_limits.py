"""Limits for each address count clients from the internet, forget what has ended, and never count a proxy."""

import pytest

from core.addresses import TrustedProxies, parse_network
from im.hub.address_limits import AddressCounts, AddressRates, Clients

PROXY, CLIENT, NEIGHBOUR = "198.51.100.1", "203.0.113.7", "203.0.113.8"
WITHOUT_LIMIT = ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3", "192.168.0.9", "fd00::1", PROXY]


@pytest.fixture
def clients() -> Clients:
    return Clients(TrustedProxies([parse_network(PROXY)]))


class TestClients:
    @pytest.mark.parametrize("forwarded_for", [None, CLIENT])
    def test_address_of_a_peer_that_is_no_proxy_is_its_own(self, clients: Clients, forwarded_for: str | None) -> None:
        assert clients.address_of(NEIGHBOUR, forwarded_for) == NEIGHBOUR

    def test_address_behind_a_trusted_proxy_is_what_the_proxy_saw(self, clients: Clients) -> None:
        assert clients.address_of(PROXY, f"127.0.0.1, {CLIENT}") == CLIENT

    def test_text_of_one_address_is_kept_once_for_many_clients(self, clients: Clients) -> None:
        again = "".join(CLIENT)

        assert clients.address_of(CLIENT, None) is clients.address_of(again, None)


class TestAddressCounts:
    def test_address_with_the_most_is_full_and_another_is_not(self, clients: Clients) -> None:
        counts = AddressCounts(clients, most=2)
        counts.add(CLIENT)
        assert not counts.is_full(CLIENT)

        counts.add(CLIENT)

        assert counts.is_full(CLIENT)
        assert not counts.is_full(NEIGHBOUR)

    def test_addresses_of_one_ipv6_customer_count_together(self, clients: Clients) -> None:
        counts = AddressCounts(clients, most=1)

        counts.add("2001:db8::1")

        assert counts.is_full("2001:db8::2")
        assert not counts.is_full("2001:db8:0:1::1")

    @pytest.mark.parametrize("address", WITHOUT_LIMIT)
    def test_internal_address_and_trusted_proxy_are_never_full(self, clients: Clients, address: str) -> None:
        counts = AddressCounts(clients, most=1)

        for _ in range(3):
            counts.add(address)

        assert not counts.is_full(address)
        assert len(counts) == 0

    def test_address_with_nothing_open_is_forgotten(self, clients: Clients) -> None:
        counts = AddressCounts(clients, most=2)
        counts.add(CLIENT)
        counts.add(CLIENT)
        counts.remove(CLIENT)
        assert len(counts) == 1

        counts.remove(CLIENT)

        assert len(counts) == 0

    def test_question_about_an_address_leaves_nothing(self, clients: Clients) -> None:
        counts = AddressCounts(clients, most=2)

        counts.is_full(CLIENT)

        assert len(counts) == 0


class TestAddressRates:
    def test_address_is_stopped_after_a_burst_and_another_is_not(self, clients: Clients) -> None:
        rates = AddressRates(clients, per_second=0.1)

        assert [rates.take(CLIENT) for _ in range(3)] == [True, False, False]
        assert rates.take(NEIGHBOUR)

    @pytest.mark.parametrize("address", WITHOUT_LIMIT)
    def test_internal_address_and_trusted_proxy_are_never_stopped(self, clients: Clients, address: str) -> None:
        rates = AddressRates(clients, per_second=0.1)

        assert all(rates.take(address) for _ in range(20))
        assert len(rates) == 0

    def test_buckets_that_are_full_again_are_forgotten(self, clients: Clients) -> None:
        rates = AddressRates(clients, per_second=1e9)

        for number in range(5000):
            rates.take(f"8.8.{number // 250}.{number % 250}")

        assert len(rates) <= 1000

    def test_buckets_that_are_not_full_are_kept(self, clients: Clients) -> None:
        rates = AddressRates(clients, per_second=0.1)
        rates.take(CLIENT)

        for number in range(2500):
            rates.take(f"8.8.{number // 250}.{number % 250}")

        assert not rates.take(CLIENT)
