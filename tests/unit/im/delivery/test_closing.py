"""A socket that has to be closed is closed soon, whatever else happens."""

import time

import pytest

from im.delivery.closing import TOKEN_REVOKED
from tests.unit.im.delivery.sockets import OpenSockets


@pytest.fixture
def sockets() -> OpenSockets:
    return OpenSockets()


def test_socket_does_not_wait_for_thousands_of_clients_that_connect(sockets: OpenSockets) -> None:
    for _ in range(20):
        sockets.sio.eio.admission.spawn(time.sleep, 0.003)

    sockets.closer.close_soon("a", sockets.open("a"), TOKEN_REVOKED)

    assert sockets.closed == {"a": "token_revoked"}
    assert len(sockets.sio.eio.admission) > 10


def test_socket_is_closed_even_if_its_client_can_not_be_told(sockets: OpenSockets) -> None:
    cursor = sockets.open("a")
    sockets.sockets["a"].is_broken = True

    sockets.closer.close_soon("a", cursor, TOKEN_REVOKED)

    assert sockets.closed == {"a": "token_revoked"}


def test_session_of_a_client_that_has_logged_out_meanwhile_stays(sockets: OpenSockets) -> None:
    sockets.closer.close_soon("a", sockets.open("a"), TOKEN_REVOKED)
    sockets.delivery.close_cursor("a")

    assert sockets.closed == {}
