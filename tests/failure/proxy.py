"""A TCP proxy between any two processes, with faults that can be injected."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any


class Network:
    """Runs the proxies, all in one thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._proxies: list[Proxy] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def link(self, target_port: int) -> "Proxy":
        """Start a proxy to a port of this machine."""
        proxy = Proxy(self, target_port)
        proxy.port = self.run(proxy.listen())
        self._proxies.append(proxy)
        return proxy

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def close(self) -> None:
        for proxy in self._proxies:
            proxy.mend()
            proxy.refuse()
        self.run(self._ended())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _ended(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=5)


class Proxy:
    """Forwards until a fault is injected; `mend` repairs it. Connections that were cut stay cut."""

    port = 0

    def __init__(self, network: Network, target_port: int) -> None:
        self._network = network
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._delay_seconds = 0.0
        self._replaced: list[tuple[bytes, bytes]] = []
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._forgotten: set[asyncio.StreamWriter] = set()

    async def listen(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return int(self._server.sockets[0].getsockname()[1])

    def drop(self) -> None:
        """Reset every open connection; accept new ones."""
        self._network.run(self._drop())

    def refuse(self) -> None:
        """Reset every open connection and accept no new one."""
        self._network.run(self._refuse())

    def silence(self) -> None:
        """Forward nothing, and close nothing. What was held back is forwarded after `mend`."""
        self._network.run(self._set(flows=False))

    def lead_to(self, target_port: int) -> None:
        """Forward new connections to another port, as an address that moves does."""
        self._target_port = target_port

    def replace(self, *replaced: tuple[bytes, bytes]) -> None:
        """Put other bytes in the place of these, where they come in one piece, from now on."""
        self._replaced = list(replaced)

    def delay(self, seconds: float) -> None:
        """Forward each piece of data only after some seconds."""
        self._network.run(self._set(delay_seconds=seconds))

    def forget(self) -> None:
        """Leave every open connection half-open: close the far end, and never tell the near end."""
        self._network.run(self._forget())

    def mend(self) -> None:
        self._network.run(self._set())

    async def _set(self, *, flows: bool = True, delay_seconds: float = 0.0) -> None:
        self._delay_seconds = delay_seconds
        self._flows.set() if flows else self._flows.clear()
        if flows and (self._server is None or not self._server.is_serving()):
            await self.listen()

    async def _drop(self) -> None:
        for pair in list(self._pairs):
            for writer in pair:
                writer.transport.abort()

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._drop()

    async def _forget(self) -> None:
        for near, far in list(self._pairs):
            self._forgotten.add(near)
            far.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            near.transport.abort()
            return
        pair = (near, far)
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._pump(reader, far), self._pump(far_reader, near))
        finally:
            self._pairs.discard(pair)
            for writer in pair:
                writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await asyncio.sleep(self._delay_seconds)
                await self._flows.wait()
                for old, new in self._replaced:
                    data = data.replace(old, new)
                writer.write(data)
                await writer.drain()
        while writer in self._forgotten and not writer.is_closing():
            await asyncio.sleep(0.2)
        writer.close()
