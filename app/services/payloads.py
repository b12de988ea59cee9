"""What clients are told of a notification: who did it, from the actor's profile, and the data kept with it.

One set of rules says what data may be kept. It holds when a notification is made and when its row is read, since other
programs can write rows too.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

import orjson
from sqlalchemy import BigInteger, Text, cast, func

from app import events
from app.models import Notification
from app.profiles import Profile

RESERVED = frozenset({"id", "offset", "user_id", "user_name", "user_photo", "timestamp"})
LARGEST_DATA = 16 * 1024  # bytes of JSON
DEEPEST_DATA = 16  # dicts and lists inside each other, the outermost among them
_LONGEST_TEXT = 4 * LARGEST_DATA  # characters: spaces and escapes take more in the column than on the wire

# What a payload is built of, read so that no row can fail the statement for all: as text, which is decoded row by row,
# and no more of it than could be valid. SQLite keeps values of any type in any column.
COLUMNS = (
    Notification.id,
    Notification.event,
    Notification.actor_id,
    cast(Notification.created_at, BigInteger).label("created_at"),
    func.substr(cast(Notification.data, Text), 1, _LONGEST_TEXT + 1).label("data"),
)


class UnknownEvent(Exception):
    """There is no payload for an event of this name."""

    def __init__(self, event: object) -> None:
        super().__init__(f"there is no event {event!r}")


class InvalidData(Exception):
    """The data can't be sent. The text says why."""


def check(event: str, data: object) -> None:
    """Raise UnknownEvent or InvalidData where no payload could be built of these."""
    if event not in events.NOTIFICATIONS:
        raise UnknownEvent(event)
    if data is not None:
        _check(data)


def build(row: Any, actors: Mapping[int, Profile], *, default_photo: str) -> dict[str, object]:
    """Build the data of a row of COLUMNS, which can be encoded as JSON; raise UnknownEvent or InvalidData.

    An actor who is gone keeps the id and has an empty name: what happened, happened. `default_photo` stands for the
    photo of who has none: clients take it for an address.
    """
    if row.event not in events.NOTIFICATIONS:
        raise UnknownEvent(row.event)
    return {**decode(row.data), **_origin(row, actors, default_photo)}


def build_for_inbox(row: Any, actors: Mapping[int, Profile], *, default_photo: str) -> dict[str, object]:
    """Build the same, without the data kept with the row where that is invalid: the inbox lists what is counted."""
    try:
        return build(row, actors, default_photo=default_photo)
    except InvalidData:
        return _origin(row, actors, default_photo)


def decode(text: str | None) -> dict[str, object]:
    """Decode the data kept with a row, as COLUMNS has it; raise InvalidData where a notification may not have it."""
    if text is None:
        return {}
    if len(text) > _LONGEST_TEXT:
        raise InvalidData(_TOO_LARGE)
    try:
        # Not orjson: it turns an integer beyond 64 bits into a float without a word.
        data = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidData(f"data is no JSON: {error}") from error
    if data is None:
        return {}
    _check(data)
    return data  # type: ignore[no-any-return]


def _origin(row: Any, actors: Mapping[int, Profile], default_photo: str) -> dict[str, object]:
    actor = actors.get(row.actor_id)
    return {
        "user_id": row.actor_id,
        "user_name": actor["name"] if actor else "",
        "user_photo": (actor and actor["photo"]) or default_photo,
        "timestamp": row.created_at,
    }


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


_TOO_LARGE = f"data is larger than {LARGEST_DATA} bytes"


def _check(data: object) -> None:
    if not isinstance(data, dict):
        raise InvalidData(f"data is a {type(data).__name__}, it should be a dict")
    if reserved := RESERVED & data.keys():
        raise InvalidData(f"data has keys that are reserved: {', '.join(sorted(reserved))}")
    _check_value(data, depth=1)
    try:
        size = len(orjson.dumps(data))
    except TypeError as error:  # keys that are no text, integers beyond 64 bits, lone surrogates
        raise InvalidData(f"data can't be encoded as JSON: {error}") from error
    if size > LARGEST_DATA:
        raise InvalidData(_TOO_LARGE)


def _check_value(value: object, *, depth: int) -> None:
    if isinstance(value, dict | list | tuple):
        if depth > DEEPEST_DATA:
            raise InvalidData(f"data is nested deeper than {DEEPEST_DATA}")
        for inner in value.values() if isinstance(value, dict) else value:
            _check_value(inner, depth=depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidData(f"data holds {value}, which is no number of JSON")
    elif not isinstance(value, str | int | float | None):
        raise InvalidData(f"data holds a {type(value).__name__}, which is not of JSON")
