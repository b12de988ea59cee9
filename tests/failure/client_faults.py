"""Faults of clients and of their connections."""

import socketio

from tests.failure.cluster import Cluster
from tests.failure.faults import Fault
from tests.failure.load import Load
from tests.failure.symptoms import closed_sockets
from tests.services import wait_until


def slow_client() -> Fault:
    """One client stops reading while 20 MB are sent to it."""

    def inject(load: Load) -> None:
        client = load.clients[0]
        assert client.user
        client.buffer_bytes = 4096
        client.drop()
        wait_until(lambda: len(client.connected_at) > 1, seconds=10, what="the client reconnects")
        client.is_reading.clear()
        _flood(load.cluster, client.user.id)

    return Fault(
        "slow client",
        inject=inject,
        repair=lambda load: load.clients[0].is_reading.set(),
        lasts_seconds=1,
        settles_seconds=15,  # the client first reads what is in the kernel's buffers
        symptoms={"an IM server disconnects the client": closed_sockets},
    )


def reconnect_clients() -> Fault:
    """Every client loses its connection and reconnects to the other server."""

    def inject(load: Load) -> None:
        for client in load.clients:
            client.drop()

    return Fault("reconnect clients", inject=inject, lasts_seconds=0.5)


def _flood(cluster: Cluster, user_id: int) -> None:
    url = cluster.services[cluster.broker].url
    kind = socketio.KombuManager if cluster.broker == "rabbitmq" else socketio.RedisManager
    manager = kind(url, write_only=True)
    for _ in range(200):
        manager.emit("noise", "x" * 100_000, room=str(user_id))
