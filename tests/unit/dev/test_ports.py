"""A port that can't be used raises an error that names it and its variable."""

import socket
import subprocess
import sys
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


def test_free_ports_are_accepted() -> None:
    ports.check_free(free())


@pytest.mark.parametrize("name", ["API_PORT", "IM_PORT", "FLOWER_PORT"])
def test_taken_port_is_named(taken: str, name: str) -> None:
    with pytest.raises(RunError, match=f"^{name}: port {taken} is taken by another program; set {name} "):
        ports.check_free(free(**{name: taken}))


def test_shared_port_is_refused() -> None:
    port = str(ports.find_free())

    with pytest.raises(RunError, match=f"IM_PORT and API_PORT are both {port}"):
        ports.check_free(free(API_PORT=port, IM_PORT=port))


def test_port_is_handed_out_once_to_many_processes() -> None:
    program = "from dev import ports; print(*(ports.find_free() for _ in range(20)))"
    asked = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(3)]

    found = [port for process in asked for port in process.communicate(timeout=30)[0].split()]

    assert len(found) == len(set(found)) == 60
    assert max(int(port) for port in found) < 32_768
