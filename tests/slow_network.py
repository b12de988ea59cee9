"""A slow network on this machine: a proxy in front of servers, for what Chromium's own throttling leaves out.

That one slows neither websockets nor the set-up of connections.
"""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from dev.environment import LOOPBACK
from dev.ports import find_free

_PACKET = 1460  # bytes; connections share a direction packet by packet
_BUFFER = 65_536

T = TypeVar("T")


class _Direction:
    """One direction of the network: so many bytes a second for all connections together, and then the way itself."""

    def __init__(self, bytes_a_second: float, delay: float) -> None:
        self._rate = bytes_a_second
        self._delay = delay
        self._free_at = 0.0

    async def carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Carry bytes until the source ends. What is on its way does not hold up what follows."""
        loop = asyncio.get_running_loop()
        while content := await source.read(_BUFFER):
            came_at = loop.time()
            for start in range(0, len(content), _PACKET):
                packet = content[start : start + _PACKET]
                # From when it came, not from now: a sleep that lasted too long must not make the network slower.
                self._free_at = max(self._free_at, came_at) + len(packet) / self._rate
                loop.call_at(self._free_at + self._delay, target.write, packet)
                await asyncio.sleep(self._free_at - loop.time())
        await asyncio.sleep(self._delay)
        target.close()


class SlowNetwork:
    """`with SlowNetwork(...) as network:`, then `network.open(port)` for each server behind it.

    Rates are in bits a second, `round_trip` in seconds. Setting up a connection takes one round trip, as TCP does.
    """

    def __init__(self, *, down: float, up: float, round_trip: float) -> None:
        self._down = _Direction(down / 8, round_trip / 2)
        self._up = _Direction(up / 8, round_trip / 2)
        self._round_trip = round_trip
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            self._loop.call_soon_threadsafe(server.close)
        self.drop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self, port: int) -> int:
        """Return a port that leads through the slow network to another port."""

        async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            with suppress(OSError, asyncio.CancelledError):
                await self._connect(port, reader, writer)
            self._connections.discard(task)
            writer.close()

        slow_port = find_free()
        self._servers.append(self._run(asyncio.start_server(connect, LOOPBACK, slow_port, limit=_BUFFER)))
        return slow_port

    def drop(self) -> None:
        """End all connections, so that a browser has to set up new ones."""

        async def cancel() -> None:
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

        self._run(cancel())

    async def _connect(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self._round_trip)
        server_reader, server_writer = await asyncio.open_connection(LOOPBACK, port, limit=_BUFFER)
        try:
            await asyncio.gather(self._up.carry(reader, server_writer), self._down.carry(server_reader, writer))
        finally:
            server_writer.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)
