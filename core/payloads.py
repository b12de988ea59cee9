"""Build what clients get for a notification: who did it, from the actor's profile, and the data of its row."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Text, cast, func

from core import declarations, user_ids
from core.event_data import LONGEST_TEXT, InvalidData, UnknownEvent, decode
from core.models import Notification
from core.profiles import Profile

__all__ = ["COLUMNS", "InvalidData", "UnknownEvent", "build", "build_for_inbox", "decode"]

# The columns of a payload. They are read as text and decoded row by row, so that no row can fail the statement for all
# rows. No more text is read than valid data can have. SQLite keeps values of any type in any column.
COLUMNS = (
    Notification.id,
    Notification.event,
    Notification.actor_id,
    cast(Notification.created_at, BigInteger).label("created_at"),
    func.substr(cast(Notification.data, Text), 1, LONGEST_TEXT + 1).label("data"),
)


def actors_of(rows: Iterable[Any]) -> set[str]:
    """Return the actors of rows of COLUMNS whose profiles the payloads need."""
    return set(filter(user_ids.is_valid, {row.actor_id for row in rows}))


def build(row: Any, actors: Mapping[str, Profile], *, default_photo: str) -> dict[str, object]:
    """Build the payload of a row of COLUMNS, valid as JSON; raise UnknownEvent or InvalidData.

    An event can declare that it has no fields of the actor. An actor who has no profile, or no longer exists, keeps the
    id and has an empty name, since the event still happened. Without an actor the id is None. `default_photo` replaces
    a missing photo, since clients use the photo as an address.
    """
    event = declarations.find(row.event)
    fields = _engine_fields(event, row, actors, default_photo)
    if row.actor_id is not None and fields.get("user_id") is None and not user_ids.is_valid(row.actor_id):
        raise InvalidData(f"the actor {row.actor_id!a:.80} can't be the id of a user")
    return {**declarations.read(event, row.data), **fields}


def build_for_inbox(row: Any, actors: Mapping[str, Profile], *, default_photo: str) -> dict[str, object]:
    """Build the same, but leave out invalid data: the inbox has to list each notification that it counts."""
    try:
        return build(row, actors, default_photo=default_photo)
    except InvalidData:
        return _engine_fields(declarations.find(row.event), row, actors, default_photo)


def _engine_fields(
    event: type[declarations.Event], row: Any, actors: Mapping[str, Profile], default_photo: str
) -> dict[str, object]:
    if not event.declaration.with_actor:
        return {"timestamp": row.created_at}
    actor_id = row.actor_id if user_ids.is_valid(row.actor_id) else None
    actor = actors.get(actor_id) if actor_id else None
    return {
        "user_id": actor_id and user_ids.as_json(actor_id),
        "user_name": actor["name"] if actor else "",
        "user_photo": (actor and actor["photo"]) or default_photo,
        "timestamp": row.created_at,
    }
