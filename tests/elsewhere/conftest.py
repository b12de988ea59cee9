"""Wires that a test may cut."""

from collections.abc import Iterator

import pytest

from tests.failure.proxy import Network


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network()
    yield network
    network.close()
