"""What no server can go below: one send(2) of a push's size to a socket on this machine."""

import os
import select
import signal
import socket
import time

from app.events import FOLLOWING_NOTIFY, encode_packet

_SOCKETS = 1000
_SENDS = 50_000
_PAUSE_EVERY = 1000


def measure_send_us() -> float:
    """Return the CPU time of one send, in microseconds, over loopback TCP to a reader that waits with epoll."""
    with socket.create_server(("127.0.0.1", 0), backlog=_SOCKETS) as listener:
        reader = os.fork()
        if reader == 0:
            _read_for_ever(listener.getsockname())
        try:
            return _send(listener)
        finally:
            os.kill(reader, signal.SIGKILL)
            os.waitpid(reader, 0)


def _send(listener: socket.socket) -> float:
    sockets = [listener.accept()[0] for _ in range(_SOCKETS)]
    frame = b"\x81\x7e" + encode_packet(FOLLOWING_NOTIFY, {"t": time.time()})
    used = 0.0
    try:
        for start in range(0, _SENDS, _PAUSE_EVERY):
            begun = time.process_time()
            for i in range(start, start + _PAUSE_EVERY):
                sockets[i % _SOCKETS].send(frame)
            used += time.process_time() - begun
            time.sleep(0.005)  # for the reader, as a server's other work would be
    finally:
        for one in sockets:
            one.close()
    return 1e6 * used / _SENDS


def _read_for_ever(address: tuple[str, int]) -> None:
    epoll = select.epoll()
    sockets: dict[int, socket.socket] = {}
    for _ in range(_SOCKETS):
        one = socket.create_connection(address)
        sockets[one.fileno()] = one
        epoll.register(one.fileno(), select.EPOLLIN)
    while True:
        for fd, _event in epoll.poll():
            sockets[fd].recv(65536)
