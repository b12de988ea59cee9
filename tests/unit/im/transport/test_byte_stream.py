"""A stream reads and writes by deadlines, and switches greenlets while it waits."""

import time
from collections.abc import Iterator

import eventlet
import pytest
from eventlet.green import socket

from im.transport.byte_stream import Stream

Pair = tuple[Stream, socket.socket]


def soon(seconds: float = 5) -> float:
    return time.monotonic() + seconds


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    yield Stream(ours), theirs
    ours.close()
    theirs.close()


def test_read_does_not_wait_for_bytes_that_have_arrived(pair: Pair) -> None:
    stream, client = pair
    client.sendall(b"abc")

    assert stream.read(2, soon()) == b"ab"
    assert not stream.has_waited


def test_read_waits_for_bytes_and_returns_nothing_at_the_end_of_the_stream(pair: Pair) -> None:
    stream, client = pair
    eventlet.spawn_after(0.01, client.sendall, b"abc")

    assert stream.read(10, soon()) == b"abc"
    assert stream.has_waited
    client.shutdown(socket.SHUT_WR)
    assert stream.read(10, soon()) == b""


def test_read_and_wait_raise_timeout_error_at_the_deadline(pair: Pair) -> None:
    stream, client = pair
    with pytest.raises(TimeoutError):
        stream.read(10, soon(0.02))
    with pytest.raises(TimeoutError):
        stream.wait(soon(-1))
    client.sendall(b"abc")
    assert stream.read(10, soon(-1)) == b"abc"


def test_flush_writes_everything_to_a_slow_client(pair: Pair) -> None:
    stream, client = pair
    stream.write(b"a" * 1000)
    stream.writelines([b"b" * 2_000_000, b"c"])
    eventlet.spawn(stream.flush)

    come = b""
    while not come.endswith(b"c"):
        come += client.recv(100_000)

    assert len(come) == 2_001_001


def test_drain_ends_the_stream_and_reads_at_most_the_given_bytes(pair: Pair) -> None:
    stream, client = pair
    client.sendall(b"x" * 1000)

    stream.drain(600, soon(0.2))

    assert client.recv(10) == b""
    assert stream.read(1000, soon()) == b"x" * 400
