"""Rooms indexed both ways, and what is done with each message of the queue.

What is overridden here is private to python-socketio: see tests/unit/im/test_private_names.py.
"""

import json
from typing import Any

from socketio.pubsub_manager import PubSubManager

from app import events
from im.delivery import Delivery, Push
from im.hearing import Hearing

CHANNEL = "socketio"


class IndexedRooms(PubSubManager):
    """Leaving costs the rooms of the one who leaves, not the rooms of the world."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._rooms_of: dict[tuple[str, str], set[str | None]] = {}

    def basic_enter_room(self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None) -> None:
        super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)
        self._rooms_of.setdefault((namespace, sid), set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        super().basic_leave_room(sid, namespace, room)
        self._rooms_of.get((namespace, sid), set()).discard(room)

    def basic_disconnect(self, sid: str, namespace: str, **_options: Any) -> None:
        for room in self._rooms_of.pop((namespace, sid), set()):
            super().basic_leave_room(sid, namespace, room)
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)

    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        return [room for room in self._rooms_of.get((namespace, sid), ()) if room is not None]


class PushRooms(IndexedRooms):
    """Delivers the project's own pushes, which are encoded already; leaves all else to python-socketio."""

    delivery: Delivery
    hearing: Hearing

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.nonce = json.dumps({"method": "nonce", "host_id": self.host_id})

    def say_nonce(self) -> None:
        """Publish a word that only this server knows."""
        self._publish(json.loads(self.nonce))

    def subscribe_anew(self) -> None:
        """Drop the subscription; the listener makes a new one."""
        raise NotImplementedError

    def take(self, message: bytes) -> bool:
        """Handle a message that is this project's own; say whether it was."""
        if message.startswith(events.PUSH_MARK):
            for push in message.split(events.PUSH_SEPARATOR):
                self._deliver(push)
            return True
        if message == self.nonce.encode():
            self.hearing.heard()
            return True
        return False

    def _deliver(self, push: bytes) -> None:
        room, previous, offset, packet = push[1:].split(b"\0", 3)
        members = self.rooms.get("/", {}).get(room.decode() or None)
        if members:
            self.delivery.deliver(list(members.items()), Push(previous, offset, packet))
