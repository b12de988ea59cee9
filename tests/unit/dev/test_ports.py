"""A port that can't be used is an error that names it and its variable."""

import socket
from collections.abc import Iterator

import pytest

from dev import ports
from dev.errors import RunError


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


def free(**changes: str) -> dict[str, str]:
    return {**{name: str(ports.find_free()) for name in ("API_PORT", "IM_PORT", "FLOWER_PORT")}, **changes}


def test_free_ports_are_fine() -> None:
    ports.check_free(free())


@pytest.mark.parametrize("name", ["API_PORT", "IM_PORT", "FLOWER_PORT"])
def test_a_taken_port_is_named(taken: str, name: str) -> None:
    with pytest.raises(RunError, match=f"^{name}: port {taken} is taken by another program; set {name} "):
        ports.check_free(free(**{name: taken}))


def test_two_parts_can_not_share_a_port() -> None:
    port = str(ports.find_free())

    with pytest.raises(RunError, match=f"IM_PORT and API_PORT are both {port}"):
        ports.check_free(free(API_PORT=port, IM_PORT=port))
