"""What the histories say of groups: no update is told under two names, and the last one tells of all members."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from core import wire
from core.keys import Keys
from core.wire import Audience
from tests.failure.load import Load

Row = tuple[int, int, int]  # as Load.rows() has it


def repeated(load: Load) -> list[tuple[object, ...]]:
    """Return the updates that are in a history under more than one name: their group, newest id and count."""
    told = Counter(
        (data["group_id"], data["id"], data["count"])
        for target in load.targets
        for audience, data in _history(load, target.id)
        if audience is Audience.GROUPS
    )
    return [update for update, count in told.items() if count > 1]


def untold(load: Load, rows: list[Row]) -> Iterator[int]:
    """Yield the users whose newest update does not tell of all that is in their history.

    A history that a fault has emptied knows nothing of what came before.
    """
    for target in load.targets:
        mine = {row_id for row_id, recipient_id, _ in rows if recipient_id == target.id}
        history = list(_history(load, target.id))
        if mine and mine <= {data["id"] for audience, data in history if audience is Audience.PLAIN}:
            updates = [data for audience, data in history if audience is Audience.GROUPS]
            if not updates or (updates[-1]["id"], updates[-1]["count"]) != (max(mine), len(mine)):
                yield target.id


def _history(load: Load, user_id: int) -> Iterator[tuple[Audience, dict[str, Any]]]:
    with load.cluster.redis() as redis:
        entries = redis.xrange(Keys().history(str(user_id)))
    for offset, fields in entries:  # type: ignore[union-attr]
        if packet := fields.get(b"h", b"") and fields[b"h"] + offset + fields[b"t"]:
            yield wire.audience(packet), json.loads(packet[2:])[1]
