"""Messages arrive complete and in order, in pieces of any size, and a lost connection ends the subscription."""

import os
import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
from eventlet.greenio import GreenSocket
from redis.exceptions import NoPermissionError, RedisError

from im.subscription.messages import LARGEST
from im.subscription.readers import AmqpReader, RedisReader


class Server:
    """The other end of a connection."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self.green = GreenSocket()
        self.green.connect(self.address)
        self.socket, _ = self._listener.accept()
        self.got: list[Any] = []
        self._reading: list[Any] = []

    def read(self, reader: Any) -> None:
        """Keep what a reader yields, and how it ends."""

        def run() -> None:
            try:
                for message in reader.messages():
                    self.got.append(message)
            except Exception as error:
                self.got.append(type(error))

        self._reading.append((reader, eventlet.spawn(run)))

    def stop(self) -> None:
        self.socket.close()
        for reader, reading in self._reading:
            reading.wait()
            reader.close()  # or the hub would watch this descriptor when another socket has its number
        self.green.close()
        self._listener.close()

    def wait_for(self, is_so: Callable[[], object]) -> None:
        with eventlet.Timeout(5):
            while not is_so():
                eventlet.sleep(0.001)

    def send_in_pieces(self, data: bytes, size: int) -> None:
        for start in range(0, len(data), size):
            self.socket.sendall(data[start : start + size])
            eventlet.sleep(0)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


def bulk(*parts: bytes) -> bytes:
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def frame(kind: int, payload: bytes, channel: int = 1) -> bytes:
    return bytes((kind,)) + channel.to_bytes(2, "big") + len(payload).to_bytes(4, "big") + payload + b"\xce"


def delivery(*bodies: bytes) -> bytes:
    size = sum(len(body) for body in bodies)
    header = frame(2, b"\0\x3c\0\0" + size.to_bytes(8, "big") + b"\0\0")
    return frame(1, b"\0\x3c\0\x3c...") + header + b"".join(frame(3, body) for body in bodies)


class TestRedisReader:
    @pytest.fixture
    def reader(self, server: Server) -> RedisReader:
        connection = SimpleNamespace(
            connect=lambda: None, send_command=lambda *_: None, disconnect=server.green.close, _sock=server.green
        )
        return RedisReader(connection, "socketio", lambda: server.got.append("subscribed"))

    @pytest.mark.parametrize("size", [1, 7, 100_000])
    def test_messages_arrive_in_order_in_pieces_of_any_size(
        self, server: Server, reader: RedisReader, size: int
    ) -> None:
        server.read(reader)
        stream = b"*3\r\n$9\r\nsubscribe\r\n$8\r\nsocketio\r\n:1\r\n"
        stream += b"".join(bulk(b"message", b"socketio", b"%d" % i) for i in range(20))

        server.send_in_pieces(stream, size)

        server.wait_for(lambda: len(server.got) == 21)
        assert server.got == ["subscribed", *(b"%d" % i for i in range(20))]

    def test_lost_connection_ends_the_subscription(self, server: Server, reader: RedisReader) -> None:
        server.read(reader)
        eventlet.sleep(0)
        server.socket.close()
        server.wait_for(lambda: server.got)
        assert server.got == [ConnectionResetError]

    def test_close_ends_a_waiting_read(self, server: Server, reader: RedisReader) -> None:
        server.read(reader)
        eventlet.sleep(0)
        reader.close()
        server.wait_for(lambda: server.got)
        assert server.got == [ConnectionResetError]

    def test_descriptor_that_other_code_closes_ends_a_waiting_read(self, server: Server, reader: RedisReader) -> None:
        server.read(reader)
        eventlet.sleep(0)
        fileno = server.green.fileno()
        server.green.fd.detach()
        os.close(fileno)
        with eventlet.connect(server.address):
            server.wait_for(lambda: server.got)
        assert server.got == [ConnectionResetError]

    def test_refused_subscription_raises_no_permission(self, server: Server, reader: RedisReader) -> None:
        server.read(reader)
        server.socket.sendall(b"-NOPERM no\r\n")
        server.wait_for(lambda: server.got)
        assert server.got == [NoPermissionError]

    def test_message_larger_than_the_limit_ends_the_subscription(self, server: Server, reader: RedisReader) -> None:
        server.read(reader)
        server.socket.sendall(b"*3\r\n$7\r\nmessage\r\n$8\r\nsocketio\r\n$999999999\r\n")

        sent = 0
        while not server.got and sent < 64 * 1024 * 1024:
            sent += server.socket.send(b"x" * 64 * 1024)
            eventlet.sleep(0)

        assert server.got == [RedisError]

    def test_hub_does_not_watch_the_socket_while_the_reader_is_busy(self, server: Server, reader: RedisReader) -> None:
        messages = reader.messages()
        reading = eventlet.spawn(next, messages)
        eventlet.sleep(0)
        server.socket.sendall(bulk(b"message", b"socketio", b"1"))
        assert reading.wait() == b"1"
        server.socket.sendall(bulk(b"message", b"socketio", b"2"))
        eventlet.sleep(0.01)
        hub = eventlet.hubs.get_hub()

        assert server.green.fileno() not in hub.listeners[hub.READ]

        assert eventlet.spawn(next, messages).wait() == b"2"


class TestAmqpReader:
    @pytest.fixture
    def reader(self, server: Server) -> AmqpReader:
        self.inbound: list[Any] = []
        self.beats: list[int] = []
        protocol = SimpleNamespace(
            transport=SimpleNamespace(sock=server.green), bytes_recv=0, on_inbound_frame=self.inbound.append
        )
        connection = SimpleNamespace(
            connect=lambda: None,
            default_channel=SimpleNamespace(basic_consume=lambda *_args, **_options: None),
            connection=protocol,
            collect=lambda: None,
            heartbeat_check=lambda: self.beats.append(1),
        )
        queue = SimpleNamespace(name="q", declare=lambda: None)
        return AmqpReader(connection, type("Queue", (), {"name": "q", "__call__": lambda *_: queue})())

    @pytest.mark.parametrize("size", [1, 13, 100_000])
    def test_messages_arrive_in_order_in_pieces_of_any_size(
        self, server: Server, reader: AmqpReader, size: int
    ) -> None:
        server.read(reader)
        stream = delivery(b"one") + frame(8, b"", 0) + delivery(b"t", b"w", b"o") + delivery(b"three")

        server.send_in_pieces(stream, size)

        server.wait_for(lambda: len(server.got) == 3)
        assert server.got == [b"one", b"two", b"three"]
        assert self.beats
        assert self.inbound == []

    def test_rest_of_a_message_that_is_too_large_is_skipped(self, server: Server, reader: AmqpReader) -> None:
        server.read(reader)

        server.send_in_pieces(delivery(*[b"x" * 131_000] * 80) + delivery(b"next"), 60_000)

        server.wait_for(lambda: len(server.got) == 2)
        assert LARGEST < len(server.got[0]) < LARGEST + 131_072
        assert server.got[1] == b"next"

    def test_other_frames_are_passed_to_the_library(self, server: Server, reader: AmqpReader) -> None:
        server.read(reader)
        server.socket.sendall(frame(1, b"\0\x0a\0\x32", 0) + frame(1, b"\0\x3c\0\x1e"))
        server.wait_for(lambda: len(self.inbound) == 2)
        assert self.inbound == [(1, 0, b"\0\x0a\0\x32"), (1, 1, b"\0\x3c\0\x1e")]

    def test_frame_without_its_end_mark_ends_the_subscription(self, server: Server, reader: AmqpReader) -> None:
        server.read(reader)
        server.socket.sendall(frame(3, b"x")[:-1] + b"y")
        server.wait_for(lambda: server.got)
        assert server.got == [ConnectionResetError]
