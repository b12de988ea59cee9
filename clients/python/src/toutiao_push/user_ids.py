"""The ids of users: texts of 1 to 64 characters. Integers are written as decimal digits, UUIDs in their usual form."""

import json
import unicodedata
import uuid
from collections.abc import Iterable

from toutiao_push.errors import InvalidActor, InvalidKey, InvalidNotification, InvalidRecipient

UserId = str | int | uuid.UUID

LONGEST_ID = 64  # characters
LONGEST_KEY = 255  # characters
_REFUSED = ("Cc", "Cs")  # control characters, and halves of surrogate pairs


def recipient(value: object) -> str:
    """Return the id of a recipient as text; raise InvalidRecipient."""
    return _user_id(value, "to", InvalidRecipient)


def recipients(values: Iterable[object]) -> list[str]:
    """Return the ids as texts, each once, in their order; raise InvalidRecipient, which names the place."""
    if isinstance(values, str | bytes):
        raise InvalidRecipient("to", "should be a list of user ids")
    return list(dict.fromkeys(_user_id(value, f"to[{n}]", InvalidRecipient) for n, value in enumerate(values)))


def actor(value: object) -> str | None:
    """Return the id of an actor as text, or None for none; raise InvalidActor."""
    return None if value is None else _user_id(value, "actor", InvalidActor)


def key(value: object) -> str | None:
    """Return the key of a notification, or None for none; raise InvalidKey."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidKey("key", f"should be a text, and is a {type(value).__name__}")
    return _printable(value, LONGEST_KEY, "key", InvalidKey)


def as_json(texts: list[str]) -> str:
    """Return the texts as one parameter of a statement."""
    return json.dumps(texts, ensure_ascii=False)


def _user_id(value: object, field: str, error: type[InvalidNotification]) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | uuid.UUID):
        raise error(field, f"should be a text, an integer or a UUID, and is a {type(value).__name__}")
    if isinstance(value, int) and value < 1:
        raise error(field, "should be a positive integer")
    return _printable(str(value), LONGEST_ID, field, error)


def _printable(text: str, longest: int, field: str, error: type[InvalidNotification]) -> str:
    if not 1 <= len(text) <= longest:
        raise error(field, f"should have 1 to {longest} characters, and has {len(text)}")
    if any(unicodedata.category(character) in _REFUSED for character in text):
        raise error(field, "should have no control characters and no lone surrogates")
    return text
