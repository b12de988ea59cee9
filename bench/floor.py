"""The lower limit for any server: one send(2) of the size of a push to a socket on this machine."""

import os
import select
import signal
import socket
import time

from core.wire import encode_packet

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
    frame = b"\x81\x7e" + encode_packet("following notify", {"t": time.time()})
    used = 0.0
    try:
        for start in range(0, _SENDS, _PAUSE_EVERY):
            started = time.process_time()
            for i in range(start, start + _PAUSE_EVERY):
                sockets[i % _SOCKETS].send(frame)
            used += time.process_time() - started
            time.sleep(0.005)  # time for the reader, as a server has between its pushes
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
