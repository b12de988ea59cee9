"""The layout of a message on the message queue, for all its writers and readers: workers, Lua scripts, IM servers.

A message is one JSON object of a Socket.IO manager, or pushes, one on each line:

    P <room> NUL <previous offset> NUL <offset> NUL <packet>

The packet is encoded as the client gets it, so that a server neither parses nor builds JSON. The room "" is everybody.
With MESSAGE_QUEUE_KEY, the last line of every message is its signature:

    S <sender> <number> <time> <HMAC-SHA256>        (without spaces, in hexadecimal)

The HMAC covers the whole message: every room, packet and offset, the order of the pushes, and the signature's other
fields. Its key is made of MESSAGE_QUEUE_KEY and the channel, so a message of one channel is worth nothing on another.
Each process is a sender with a random name, and numbers its messages. The time is Redis' clock, in milliseconds. With
both, a server recognizes a message that is published again: see im/subscription/authenticity.py.

A signature is a line of its own at the end, so that a server without the key can leave it out. Pushes are signed after
the histories have given them their offsets, so the scripts in Redis publish nothing when there is a key. The key never
reaches Redis.

Some packets are only for sockets that show groups, and some only for those that don't: see `audience`.

What the signature does not do: it hides nothing from who reads the queue. It does not stop who deletes or delays
messages; offsets and canaries show that some are missing. It does not protect what Redis holds: who can write the keys
of histories and unread counts decides what clients get when they catch up. Every holder of the key can publish
anything, an IM server as well as a worker.
"""

import re
from enum import IntEnum

import orjson

PUSH_MARK = b"P"  # a message of python-socketio's own managers is a JSON object and starts with a brace
CANARY = "nonce"  # the method of a server's message to itself; all releases know it by this name
CANARY_START = b'{"method":"%b",' % CANARY.encode()  # what every canary of this release begins with
SEPARATOR = b"\n"  # between the pushes of one message; JSON on one line never contains it

# The same as `encode_push`, for Lua scripts in Redis.
LUA = """
local function encode_push(room, previous, offset, packet)
  return 'P' .. room .. '\\0' .. previous .. '\\0' .. offset .. '\\0' .. packet
end
"""

_OFFSET = rb"\d{1,20}-\d{1,20}"
_PUSH = re.compile(rb"P([^\0]*)\0(\?|%b|)\0(%b|)\0(42\[.*\])" % (_OFFSET, _OFFSET), re.DOTALL)


# Room, previous offset, offset, packet. A client that has not got the previous offset has missed something, and its
# server sees this here.
Push = tuple[str, bytes, bytes, bytes]


def encode_push(room: str, packet: bytes, *, previous: str = "", offset: str = "") -> bytes:
    """Encode a push of a packet. A push without an offset is not part of a history."""
    return b"P%b\0%b\0%b\0%b" % (room.encode(), previous.encode(), offset.encode(), packet)


def decode_push(push: bytes) -> Push:
    """Decode a push; raise ValueError for one that would end a client's connection.

    Only a packet to everybody is parsed as JSON. For other packets, only the beginning and the end are checked.
    """
    match = _PUSH.fullmatch(push)
    if match is None:
        raise ValueError("it does not have the layout of a push")
    room, previous, offset, packet = match.groups()
    packet.decode()
    if not room:
        if previous or offset:  # each socket would look for it in its own history, miss it, and be closed
            raise ValueError("everybody has no history")
        orjson.loads(packet[2:])
    return room.decode(), previous, offset, packet


class Audience(IntEnum):
    """Which of a user's sockets a packet is for: all, those without groups, or those with groups."""

    ALL = 0
    PLAIN = 1
    GROUPS = 2


_STARTS = {Audience.ALL: b"42[", Audience.PLAIN: b"42[ ", Audience.GROUPS: b"42[  "}


def encode_packet(event: str, data: object, *, audience: Audience = Audience.ALL) -> bytes:
    """Encode an event as the Engine.IO message that a client of the namespace / receives.

    The audience stands in spaces after the bracket, which JSON allows. So the layout of a message, its signature and
    the histories stay as they are, and a server that does not know audiences delivers each packet to all sockets.
    """
    return _STARTS[audience] + orjson.dumps([event, data])[1:]


def audience(packet: bytes) -> Audience:
    """Return which sockets a packet is for; only the two bytes after the bracket are looked at."""
    if packet[3:4] != b" ":
        return Audience.ALL
    return Audience.GROUPS if packet[4:5] == b" " else Audience.PLAIN


def encode_canary(host_id: str, **fields: int) -> bytes:
    """Encode a message to the server of this id. All other servers ignore it, signed or not."""
    return orjson.dumps({"method": CANARY, "host_id": host_id, **fields})
