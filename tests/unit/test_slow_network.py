"""The slow network of the measuring programs is no faster than it says."""

import socket
import threading
import time

from tests.slow_network import SlowNetwork

CONTENT = bytes(25_000)


def test_all_connections_share_the_bandwidth_and_wait_for_round_trips() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, SlowNetwork(down=1e6, up=1e6, round_trip=0.1) as network:
        threading.Thread(target=_serve, args=(server, 2), daemon=True).start()
        port = network.open(server.getsockname()[1])
        began = time.monotonic()

        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
        for client in clients:
            client.sendall(b"?")
        received = [_receive(client) for client in clients]

        assert received == [CONTENT, CONTENT]
        # One round trip for the connection, one for the question and the answer, and 50,000 bytes at 1 Mb/s.
        assert time.monotonic() - began >= 0.1 + 0.1 + 0.4


def _serve(server: socket.socket, connections: int) -> None:
    for _ in range(connections):
        connection, _address = server.accept()
        with connection:
            connection.recv(1)
            connection.sendall(CONTENT)


def _receive(client: socket.socket) -> bytes:
    with client, client.makefile("rb") as file:
        return file.read()
