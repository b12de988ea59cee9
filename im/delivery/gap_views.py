"""What a socket gets of a gap in its history. A socket with groups gets each group once, as it is now."""

from collections.abc import Sequence

import orjson

from core import wire
from core.wire import Audience


def packets_for(packets: Sequence[bytes], passed_over: Audience) -> list[bytes]:
    """Return the packets for a socket that does not get those of one audience, in order; of each group the newest."""
    its = [packet for packet in packets if wire.audience(packet) is not passed_over]
    if passed_over is Audience.GROUPS:
        return its
    newest: list[bytes] = []
    known: set[object] = set()
    for packet in reversed(its):
        group_id = _group_id(packet) if wire.audience(packet) is Audience.GROUPS else None
        if group_id is None or group_id not in known:
            newest.append(packet)
            known.add(group_id)
    return newest[::-1]


def _group_id(packet: bytes) -> object:
    """Return the group's id. The history has checked that the packet is JSON with an object of data."""
    found = orjson.loads(packet[2:])[1].get("group_id")
    return found if isinstance(found, int | str) else None
