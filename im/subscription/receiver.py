"""Handles each message of the queue. It drops and counts a bad message; of a bad push, only that push."""

from collections.abc import Callable, Iterable
from typing import Protocol

from core import wire
from im.delivery.cursor import PreparedMessage
from im.hub.time_slice import TimeSlice
from im.subscription import messages
from im.subscription.authenticity import Authenticate

Member = tuple[str, str]  # sid and eio_sid


class Manager(Protocol):
    """The rooms of this server, and the requests that python-socketio's own managers publish."""

    canary_start: bytes

    def members(self, namespace: str, room: str | None) -> Iterable[Member]: ...

    def obey(self, message: dict[str, object]) -> None: ...


class PushReceiver:
    """Gives the project's own pushes, which are already encoded, to the delivery, and other messages to the manager."""

    def __init__(
        self,
        manager: Manager,
        *,
        authenticate: Authenticate,
        deliver: Callable[[list[Member], PreparedMessage], None],
        on_canary: Callable[[int], None],
    ) -> None:
        self._manager = manager
        self._authenticate = authenticate
        self._deliver = deliver
        self._on_canary = on_canary
        self._time_slice = TimeSlice()

    def receive(self, message: bytes) -> None:
        """Handle one message. May switch greenlets."""
        try:
            self._receive(message)
        except Exception as error:  # noqa: BLE001  (the library does not check the fields of a message)
            messages.drop(message, error)
        self._time_slice.yield_if_due()

    def _receive(self, message: bytes) -> None:
        if len(message) > messages.LARGEST:
            raise messages.BadMessage("size")
        if message.startswith(wire.PUSH_MARK):
            self._receive_pushes(self._authenticate(message))
        elif message.startswith(self._manager.canary_start) or not message.startswith(wire.CANARY_START):
            self._receive_request(self._authenticate(message))

    def _receive_pushes(self, message: bytes) -> None:
        for push in message.split(wire.SEPARATOR):
            try:
                self._receive_push(push)
            except Exception as error:  # noqa: BLE001  (one bad push must not stop the others)
                messages.drop(push, error)
            self._time_slice.yield_if_due()

    def _receive_request(self, message: bytes) -> None:
        if message.startswith(self._manager.canary_start):
            self._on_canary(messages.read_canary(message))
        else:
            self._manager.obey(messages.read_message(message))

    def _receive_push(self, push: bytes) -> None:
        room, previous, offset, packet = messages.read_push(push)
        members = self._manager.members("/", room or None)
        if members:
            self._deliver(list(members), PreparedMessage(previous, offset, packet))
