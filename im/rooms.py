"""Rooms indexed both ways, and what is done with each message of the queue.

What is overridden here is private to python-socketio: see tests/unit/im/test_private_names.py.
"""

import json
from collections.abc import Iterable
from typing import Any

from socketio.pubsub_manager import PubSubManager

from app import events
from im import messages
from im.delivery import Delivery
from im.hearing import Hearing
from im.pace import Pace
from im.seats import Push


class IndexedRooms(PubSubManager):
    """Leaving costs the rooms of the one who leaves, not the rooms of the world.

    `rooms[namespace][room][sid]` is an eio_sid, as in the library, with the room None for everybody; but in plain
    dictionaries, and a client's own room, named by its sid, is nowhere kept.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.rooms: dict[str, dict[str | None, dict[str, str]]] = {}
        self.pending_connect: dict[str, set[str]] = {}
        self.pending_disconnect: dict[str, set[str]] = {}
        self._sids: dict[str, dict[str, str]] = {}  # by namespace and eio_sid
        self._rooms_of: dict[str, dict[str, tuple[str, ...]]] = {}  # by namespace and sid

    def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        sids = self._sids.setdefault(namespace, {})
        if eio_sid in sids:
            return None
        sid: str = self.server.eio.generate_id()
        sids[eio_sid] = sid
        self.rooms.setdefault(namespace, {}).setdefault(None, {})[sid] = eio_sid
        self.pending_connect.setdefault(namespace, set()).add(sid)
        return sid

    def connect(self, sid: str, namespace: str) -> str | None:
        """Make a client fully connected. As in the library, one that is not known by its sid is by its eio_sid."""
        if not self.is_pre_connected(sid, namespace):
            known = self.pre_connect(sid, namespace)
            if known is None:
                return None
            sid = known
        self.pending_connect[namespace].discard(sid)
        return sid

    def is_pre_connected(self, sid: str, namespace: str) -> bool:
        return sid in self.pending_connect.get(namespace, ())

    def is_connected(self, sid: str, namespace: str) -> bool:
        is_between = sid in self.pending_connect.get(namespace, ()) or sid in self.pending_disconnect.get(namespace, ())
        return not is_between and sid in self._everybody(namespace)

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        return self._sids.get(namespace, {}).get(eio_sid)

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        return self._everybody(namespace).get(sid)

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        self.pending_disconnect.setdefault(namespace, set()).add(sid)
        return self.eio_sid_from_sid(sid, namespace)

    def basic_disconnect(self, sid: str, namespace: str, **_options: Any) -> None:
        for room in self._rooms_of.get(namespace, {}).pop(sid, ()):
            self._take_out(sid, namespace, room)
        eio_sid = self.eio_sid_from_sid(sid, namespace)
        if eio_sid is not None:
            self._take_out(sid, namespace, None)
            self._sids[namespace].pop(eio_sid, None)
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            pending.get(namespace, set()).discard(sid)

    def basic_enter_room(self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None) -> None:
        eio_sid = eio_sid or self.eio_sid_from_sid(sid, namespace)
        if eio_sid is None:
            raise ValueError("sid is not connected to requested namespace")
        if sid == room or room is None:
            return
        if self.is_sid_room(namespace, room):
            raise ValueError("cannot enter a sid room")
        members = self.rooms[namespace].setdefault(room, {})
        if sid not in members:
            members[sid] = eio_sid
            rooms_of = self._rooms_of.setdefault(namespace, {})
            rooms_of[sid] = (*rooms_of.get(sid, ()), room)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        rooms = self._rooms_of.get(namespace, {})
        if room in rooms.get(sid, ()):
            rooms[sid] = tuple(other for other in rooms[sid] if other != room)
            self._take_out(sid, namespace, room)

    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        own = [sid] if sid in self._everybody(namespace) else []
        return [*own, *self._rooms_of.get(namespace, {}).get(sid, ())]

    def get_participants(self, namespace: str, room: Any) -> list[tuple[str, str]]:
        """Return the (sid, eio_sid) of a room, of several, or of everybody."""
        if isinstance(room, str) or room is None:
            return list(self.members(namespace, room))
        return list(dict(pair for one in room for pair in self.members(namespace, one)).items())

    def members(self, namespace: str, room: str | None) -> Iterable[tuple[str, str]]:
        rooms = self.rooms.get(namespace, {})
        if room in rooms:
            return rooms[room].items()
        eio_sid = rooms.get(None, {}).get(room) if room is not None else None
        return ((room, eio_sid),) if room is not None and eio_sid is not None else ()

    def _everybody(self, namespace: str) -> dict[str, str]:
        return self.rooms.get(namespace, {}).get(None, {})

    def _take_out(self, sid: str, namespace: str, room: str | None) -> None:
        rooms = self.rooms[namespace]
        del rooms[room][sid]
        if not rooms[room]:
            del rooms[room]
        if not rooms:
            del self.rooms[namespace]


class PushRooms(IndexedRooms):
    """Delivers the project's own pushes, which are encoded already; has python-socketio do what its managers ask for.

    What is bad in a message is dropped and counted, and nothing else with it.
    """

    delivery: Delivery
    hearing: Hearing

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.nonce = json.dumps({"method": "nonce", "host_id": self.host_id})
        self._heard_nonce = self.nonce.encode()
        self.pace = Pace()

    def say_nonce(self) -> None:
        """Publish a word that only this server knows."""
        self._publish(json.loads(self.nonce))

    def subscribe_anew(self) -> None:
        """Drop the subscription; the listener makes a new one."""
        raise NotImplementedError

    def take(self, message: bytes) -> None:
        """Handle one message of the queue."""
        if len(message) > messages.LARGEST:
            messages.drop(message, messages.BadMessage("size"))
        elif message[:1] == events.PUSH_MARK:
            for push in message.split(events.PUSH_SEPARATOR):
                try:
                    self.deliver(push)
                except Exception as error:  # noqa: BLE001  (of one push; the others are delivered)
                    messages.drop(push, error)
                self.pace.step()
        elif message == self._heard_nonce:
            self.hearing.heard()
        else:
            try:
                self._obey(messages.read_message(message))
            except Exception as error:  # noqa: BLE001  (the library takes what is asked for as sound)
                messages.drop(message, error)

    def deliver(self, push: bytes) -> None:
        """Send one push, as the emitter encoded it, to the members of its room here; raise BadMessage."""
        room, previous, offset, packet = messages.read_push(push)
        members = self.members("/", room or None)
        if members:
            self.delivery.deliver(list(members), Push(previous, offset, packet))

    def _obey(self, message: dict[str, Any]) -> None:
        """Do what another manager asks for, as the library's own listening thread does."""
        if message["method"] == "callback":
            self._handle_callback(message)
        elif message.get("host_id") != self.host_id and message["method"] != "nonce":
            getattr(self, f"_handle_{message['method']}")(message)
