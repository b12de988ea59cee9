"""The client manager: rooms indexed both ways, one manager for each kind of message queue.

What is overridden here is private to python-socketio; tests/unit/test_im_rooms.py says when a version renames it.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import socketio
from engineio import packet as eio_packet
from socketio.pubsub_manager import PubSubManager

from app import events
from im import metrics

CHANNEL = "socketio"


def create_manager(message_queue_url: str) -> Any:
    """Return the manager for a message queue: Kombu for amqp://, Redis for redis://."""
    if urlsplit(message_queue_url).scheme.startswith("amqp"):
        return KombuManager(
            message_queue_url,
            channel=CHANNEL,
            connection_options={"connect_timeout": 2, "heartbeat": 10},
            queue_options={"exclusive": True, "auto_delete": True, "queue_arguments": {}},
        )
    options = {"socket_connect_timeout": 2, "socket_keepalive": True, "health_check_interval": 10}
    return RedisManager(message_queue_url, channel=CHANNEL, redis_options=options)


class _IndexedRooms(PubSubManager):
    """Leaving costs the rooms of the one who leaves, not the rooms of the world."""

    rooms: dict[str, dict[str | None, Any]]

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
        self.callbacks.pop(sid, None)  # type: ignore[attr-defined]
        for pending in (self.pending_connect, self.pending_disconnect):  # type: ignore[attr-defined]
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)

    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        return [room for room in self._rooms_of.get((namespace, sid), ()) if room is not None]


class _PushListener(_IndexedRooms):
    """Delivers the project's own pushes, which are encoded already; leaves all else to python-socketio."""

    def _listen(self) -> Iterator[Any]:
        for message in super()._listen():
            if isinstance(message, bytes) and message.startswith(events.PUSH_MARK):
                for push in message.split(events.PUSH_SEPARATOR):
                    self.deliver(push)
            else:
                yield message

    def deliver(self, push: bytes) -> None:
        """Send one push to the sockets of its room that are open here."""
        room, _previous, _offset, packet = push[1:].split(b"\0", 3)
        members = self.rooms.get("/", {}).get(room.decode() or None)
        if not members:
            return
        encoded = eio_packet.Packet(eio_packet.MESSAGE, packet[1:].decode())
        for eio_sid in list(members.values()):
            self.server._send_eio_packet(eio_sid, encoded)  # type: ignore[attr-defined]
            metrics.PUSHES.inc()


class RedisManager(_PushListener, socketio.RedisManager):
    pass


class KombuManager(_PushListener, socketio.KombuManager):
    pass
