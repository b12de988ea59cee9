"""A flush of the write buffer returns what happened, and its connection decides what to do."""

import socket
from collections.abc import Iterator

import pytest

from im.transport.write_buffer import BLOCKED, BROKEN, DONE, MAX_FRAMES_PER_SEND, WriteBuffer

Pair = tuple[WriteBuffer, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        writes = WriteBuffer(ours)
        yield writes, theirs
        writes.stop()


def test_flush_is_done_when_the_client_takes_every_frame(pair: Pair) -> None:
    writes, client = pair
    for _ in range(MAX_FRAMES_PER_SEND + 1):
        writes.append(b"x")

    assert writes.flush() == DONE

    assert client.recv(1000) == b"x" * (MAX_FRAMES_PER_SEND + 1)
    assert (writes.count, writes.size, len(writes.frames)) == (0, 0, 0)


def test_flush_is_blocked_when_the_client_takes_a_part_and_the_rest_is_kept(pair: Pair) -> None:
    writes, client = pair
    writes.append(bytes(10_000_000))

    assert writes.flush() == BLOCKED

    assert len(client.recv(10_000_000, socket.MSG_PEEK)) + writes.size == 10_000_000
    assert writes.flush() == BLOCKED


def test_flush_of_a_watched_buffer_makes_one_system_call(pair: Pair) -> None:
    writes, client = pair
    writes.watch(lambda _fileno: None)
    for _ in range(MAX_FRAMES_PER_SEND + 1):
        writes.append(b"x")

    assert writes.flush() == BLOCKED

    assert client.recv(1000) == b"x" * MAX_FRAMES_PER_SEND
    assert writes.flush() == DONE


def test_flush_is_broken_when_the_client_closed_its_socket(pair: Pair) -> None:
    writes, client = pair
    client.close()
    writes.append(b"x")

    assert writes.flush() == BROKEN
