"""Somebody announces bodies to the API, and never sends them."""

import socket
from contextlib import ExitStack

from tests.api_server import ApiServer
from tests.clients import status
from tests.services import wait_until

_SLOW = 40  # more than the threads of an API process
_BEGUN = b"POST /v1_0/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"


def test_ordinary_bodies_that_arrive_at_once_are_all_read(api_server: ApiServer) -> None:
    with ExitStack() as stack:
        at = ("127.0.0.1", api_server.port)
        clients = [stack.enter_context(socket.create_connection(at, timeout=10)) for _ in range(8)]
        for client in clients:
            client.sendall(_BEGUN)
        assert status(f"{api_server.url}/livez") == 200  # so the threads have taken the requests above
        for client in clients:
            client.sendall(b" " * 998 + b"}")

        answers = [client.recv(65536).split(b"\r\n", 1)[0] for client in clients]

    assert answers == [b"HTTP/1.1 422 Unprocessable Entity"] * len(clients)


def test_slow_bodies_leave_threads_for_other_calls(api_server: ApiServer) -> None:
    with ExitStack() as stack:
        for _ in range(_SLOW):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", api_server.port), timeout=10))
            slow.sendall(_BEGUN)
        wait_until(lambda: is_busy(api_server), seconds=10, what="other bodies are refused")

        assert status(f"{api_server.url}/livez") == 200
        assert status(f"{api_server.url}/openapi.json") == 200

    wait_until(lambda: not is_busy(api_server), seconds=10, what="bodies are read again")


def is_busy(server: ApiServer) -> bool:
    """Say whether a body that is sent at once is refused for a moment, and not judged."""
    answer, _, headers = server.post("/v1_0/authorizations", b"{}")
    assert answer in (422, 503)
    assert (answer == 503) == ("Retry-After" in headers)
    return answer == 503
