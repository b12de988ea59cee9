"""Ids of users: a text within the engine, and a number in JSON where an app has numbers.

The host app decides what its ids are: numbers, UUIDs, names. The engine has no table of users. The room of all open
sockets of a user has the id as its name.
"""

import re
from typing import Any

LONGEST = 64  # characters
LARGEST_ID = 2**53 - 1  # also of notifications; JavaScript reads numbers, which are exact up to here

# Control characters separate the parts of a push on the message queue. A lone surrogate can't be encoded.
_VALID = re.compile(rf"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{{1,{LONGEST}}}")
_NUMBER = re.compile(r"[1-9][0-9]{0,15}")


class InvalidUserId(ValueError):
    """No user can have this id. The message says why."""


def check(value: object) -> str:
    """Return a value that is a valid id; raise InvalidUserId for anything else."""
    if type(value) is str and _VALID.fullmatch(value):
        return value
    raise InvalidUserId(_explain(value))


def is_valid(value: object) -> bool:
    """Say whether a value is a valid id."""
    return type(value) is str and _VALID.fullmatch(value) is not None


def as_text(value: Any) -> str:
    """Return an id of the app or of JSON as the engine has it; raise InvalidUserId. A number is written in decimal."""
    return check(str(value) if type(value) is int and 0 < value <= LARGEST_ID else value)


def as_json(user_id: str) -> int | str:
    """Return an id as clients get it: a number where it is the text of one, from 1 to LARGEST_ID."""
    if _NUMBER.fullmatch(user_id) and (number := int(user_id)) <= LARGEST_ID:
        return number
    return user_id


def _explain(value: object) -> str:
    if not isinstance(value, str):
        return f"a user's id should be a text or a whole number from 1 to 2**53 - 1, and is {value!r:.80}"
    if not value:
        return "a user's id should not be empty"
    if len(value) > LONGEST:
        return f"a user's id should have {LONGEST} characters at most, and has {len(value)}"
    return f"a user's id should have no control characters and no lone surrogates, and is {value!a:.80}"
