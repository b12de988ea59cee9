"""A connection is read and written by deadlines, and others have their turn while it waits."""

import time
from collections.abc import Iterator

import eventlet
import pytest
from eventlet.green import socket

from im.stream import Stream

Pair = tuple[Stream, socket.socket]


def soon(seconds: float = 5) -> float:
    return time.monotonic() + seconds


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    yield Stream(ours), theirs
    ours.close()
    theirs.close()


def test_what_has_arrived_is_read_without_a_wait(pair: Pair) -> None:
    stream, client = pair
    client.sendall(b"abc")

    assert stream.read(2, soon()) == b"ab"
    assert not stream.has_waited


def test_what_has_not_is_waited_for_and_the_end_is_nothing(pair: Pair) -> None:
    stream, client = pair
    eventlet.spawn_after(0.01, client.sendall, b"abc")

    assert stream.read(10, soon()) == b"abc"
    assert stream.has_waited
    client.shutdown(socket.SHUT_WR)
    assert stream.read(10, soon()) == b""


def test_no_wait_is_longer_than_the_deadline(pair: Pair) -> None:
    stream, client = pair
    with pytest.raises(TimeoutError):
        stream.read(10, soon(0.02))
    with pytest.raises(TimeoutError):
        stream.wait(soon(-1))
    client.sendall(b"abc")
    assert stream.read(10, soon(-1)) == b"abc"


def test_all_that_is_kept_is_written_however_slowly_it_is_read(pair: Pair) -> None:
    stream, client = pair
    stream.write(b"a" * 1000)
    stream.writelines([b"b" * 2_000_000, b"c"])
    eventlet.spawn(stream.flush)

    come = b""
    while not come.endswith(b"c"):
        come += client.recv(100_000)

    assert len(come) == 2_001_001


def test_after_the_last_word_no_more_than_so_much_is_read(pair: Pair) -> None:
    stream, client = pair
    client.sendall(b"x" * 1000)

    stream.drain(600, soon(0.2))

    assert client.recv(10) == b""
    assert stream.read(1000, soon()) == b"x" * 400
