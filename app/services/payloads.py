"""What clients are told of a notification: who did it, from the actor's profile, and the data kept with it."""

from collections.abc import Mapping
from typing import Any

from app import events
from app.profiles import Profile


class UnknownEvent(Exception):
    """There is no payload for an event of this name."""


def build(row: Any, actors: Mapping[int, Profile]) -> dict[str, object]:
    """Build the data of one notification; raise UnknownEvent.

    An actor who is gone keeps the id and has an empty name: what happened, happened.
    """
    if row.event not in events.NOTIFICATIONS:
        raise UnknownEvent(row.event)
    actor = actors.get(row.actor_id)
    return {
        **(row.data or {}),
        "user_id": row.actor_id,
        "user_name": actor["name"] if actor else "",
        "user_photo": actor["photo"] if actor else None,
        "timestamp": row.created_at,
    }
