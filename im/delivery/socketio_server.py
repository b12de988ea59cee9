"""What this package uses of socketio.Server, which has no types."""

from collections.abc import Collection, Mapping
from typing import Protocol

from im.transport.engineio_socket import EngineIOSocket


class Emitter(Protocol):
    def emit(self, event: str, data: object, *, room: str, ignore_queue: bool) -> None: ...


class Manager(Protocol):
    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None: ...

    def members(self, namespace: str, room: str) -> Collection[tuple[str, str]]: ...


class Engine(Protocol):
    @property
    def sockets(self) -> Mapping[str, EngineIOSocket]: ...


class Server(Emitter, Protocol):
    @property
    def eio(self) -> Engine: ...

    @property
    def manager(self) -> Manager: ...

    def enter_room(self, sid: str, room: str) -> None: ...

    def disconnect(self, sid: str, *, ignore_queue: bool) -> None: ...
