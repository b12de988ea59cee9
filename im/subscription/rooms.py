"""Rooms, indexed by room and by client.

This module overrides private methods of python-socketio: see tests/unit/im/test_private_names.py.
"""

import json
from collections.abc import Collection, Iterable

from socketio.pubsub_manager import PubSubManager

from core import wire
from core.signatures import Sign, leave_unsigned
from im.subscription.messages import BadMessage


class IndexedRooms(PubSubManager):
    """A client that leaves costs as much time as it has rooms. In the library it costs as much as there are rooms.

    `rooms[namespace][room][sid]` is an eio_sid, as in the library, and the room None holds every client. Unlike the
    library, it uses plain dictionaries, and does not store a client's own room, whose name is its sid.
    """

    def __init__(
        self, *args: object, sign: Sign = leave_unsigned, may_control: bool = False, **options: object
    ) -> None:
        """`sign` signs each message. With `may_control`, servers and other managers may ask this server for anything.

        Without it they may only emit.
        """
        super().__init__(*args, **options)
        self._sign = sign
        self._may_control = may_control
        self.rooms: dict[str, dict[str | None, dict[str, str]]] = {}
        self.pending_connect: dict[str, set[str]] = {}
        self.pending_disconnect: dict[str, set[str]] = {}
        self._sids: dict[str, dict[str, str]] = {}  # by namespace and eio_sid
        self._rooms_of: dict[str, dict[str, tuple[str, ...]]] = {}  # by namespace and sid
        self._canaries = 0
        self.canary_start = wire.encode_canary(self.host_id)[:-1]  # what each canary of this server begins with

    def initialize(self) -> None:
        """Start no thread, unlike the library: im/subscription/subscription.py reads the message queue."""

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
        """Connect a client completely. As in the library, `sid` may also be the eio_sid of a new client."""
        if not self.is_pre_connected(sid, namespace):
            new_sid = self.pre_connect(sid, namespace)
            if new_sid is None:
                return None
            sid = new_sid
        self.pending_connect[namespace].discard(sid)
        return sid

    def is_pre_connected(self, sid: str, namespace: str) -> bool:
        return sid in self.pending_connect.get(namespace, ())

    def is_connected(self, sid: str, namespace: str) -> bool:
        is_pending = sid in self.pending_connect.get(namespace, ()) or sid in self.pending_disconnect.get(namespace, ())
        return not is_pending and sid in self._all_clients(namespace)

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        return self._sids.get(namespace, {}).get(eio_sid)

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        return self._all_clients(namespace).get(sid)

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        self.pending_disconnect.setdefault(namespace, set()).add(sid)
        return self.eio_sid_from_sid(sid, namespace)

    def basic_disconnect(self, sid: str, namespace: str, **_options: object) -> None:
        for room in self._rooms_of.get(namespace, {}).pop(sid, ()):
            self._remove_from_room(sid, namespace, room)
        eio_sid = self.eio_sid_from_sid(sid, namespace)
        if eio_sid is not None:
            self._remove_from_room(sid, namespace, None)
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
            self._remove_from_room(sid, namespace, room)

    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        own = [sid] if sid in self._all_clients(namespace) else []
        return [*own, *self._rooms_of.get(namespace, {}).get(sid, ())]

    def get_participants(self, namespace: str, room: str | Iterable[str] | None) -> list[tuple[str, str]]:
        """Return the (sid, eio_sid) of each client in a room, in several rooms, or (None) on this server."""
        if isinstance(room, str) or room is None:
            return list(self.members(namespace, room))
        return list(dict(pair for one in room for pair in self.members(namespace, one)).items())

    def members(self, namespace: str, room: str | None) -> Collection[tuple[str, str]]:
        """Return the (sid, eio_sid) of each client in a room, or (None) of each that is accepted.

        A client is not accepted yet while its connect handler waits, for instance for the check of a password.
        """
        rooms = self.rooms.get(namespace, {})
        if room is None and (pending := self.pending_connect.get(namespace)):
            return [(sid, eio_sid) for sid, eio_sid in rooms.get(None, {}).items() if sid not in pending]
        if room in rooms:
            return rooms[room].items()
        eio_sid = rooms.get(None, {}).get(room) if room is not None else None
        return ((room, eio_sid),) if room is not None and eio_sid is not None else ()

    def publish_canary(self) -> None:
        """Publish a message to this server itself. May switch greenlets."""
        number = self._canaries + 1
        if self.send(self._sign(wire.encode_canary(self.host_id, number=number))):  # one never sent is not missed
            self._canaries = number

    def send(self, message: bytes) -> bool:
        """Publish a message as it is; return whether it was published. May switch greenlets."""
        raise NotImplementedError

    def obey(self, message: dict[str, object]) -> None:
        """Do what another manager asks for, as the library's own thread does; raise BadMessage for what it may not.

        May switch greenlets.
        """
        is_answer = message["method"] == "callback"
        if message["method"] == wire.CANARY or is_answer != (message.get("host_id") == self.host_id):
            return
        if not self._may_control and _is_control(message):
            raise BadMessage("control")
        getattr(self, f"_handle_{message['method']}")(message)

    def _publish(self, data: dict[str, object]) -> None:
        if self._may_control or not _is_control(data):  # the other servers would refuse it
            self.send(self._sign(json.dumps(data).encode()))

    def _all_clients(self, namespace: str) -> dict[str, str]:
        return self.rooms.get(namespace, {}).get(None, {})

    def _remove_from_room(self, sid: str, namespace: str, room: str | None) -> None:
        rooms = self.rooms[namespace]
        del rooms[room][sid]
        if not rooms[room]:
            del rooms[room]
        if not rooms:
            del self.rooms[namespace]


def _is_control(message: dict[str, object]) -> bool:
    """Return whether a message does more than emit: it closes sockets, changes rooms, or has clients answer."""
    return message["method"] != "emit" or message.get("callback") is not None
