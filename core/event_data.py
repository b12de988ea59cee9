"""The rules that the data of every notification keeps, whatever its event.

They apply when a notification is made and again when its row is read, since other programs can write rows too.
"""

import json
import math
import re
from contextlib import suppress
from typing import Any, NoReturn

import orjson

RESERVED = frozenset({"id", "offset", "user_id", "user_name", "user_photo", "timestamp", "silent"})
LARGEST_DATA = 16 * 1024  # bytes of JSON
DEEPEST_DATA = 16  # levels of nested dicts and lists; the outermost is level 1
LONGEST_TEXT = 4 * LARGEST_DATA  # characters; the column may have spaces and escapes that the wire does not have

_TOO_LARGE = f"data is larger than {LARGEST_DATA} bytes"


class UnknownEvent(Exception):
    """No app has declared an event of this name."""

    def __init__(self, event: object) -> None:
        super().__init__(f"unknown event {event!r}")


class InvalidData(Exception):
    """The data can't be sent. The message says why, and `fields` has it by field where fields are wrong."""

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


def check(data: object) -> None:
    """Raise InvalidData where this can't be the data of any notification."""
    _check_shape(data)
    if len(encode(data)) > LARGEST_DATA:
        raise InvalidData(_TOO_LARGE)


def _check_shape(data: object) -> None:
    if not isinstance(data, dict):
        raise InvalidData(f"data should be a dict, and is a {type(data).__name__}")
    if reserved := RESERVED & data.keys():
        listed = ", ".join(sorted(reserved))
        raise InvalidData(f"data has reserved keys: {listed}", dict.fromkeys(sorted(reserved), "This key is reserved."))
    _check_value(data, depth=1)


def encode(data: object) -> bytes:
    """Encode data as JSON; raise InvalidData."""
    try:
        return orjson.dumps(data)
    except TypeError as error:  # keys that are not text, integers beyond 64 bits, lone surrogates
        raise InvalidData(f"data can't be encoded as JSON: {error}") from error


def decode(text: str | None) -> dict[str, object]:
    """Decode the data of a row; raise InvalidData."""
    if text is None:
        return {}
    if len(text) > LONGEST_TEXT:
        raise InvalidData(_TOO_LARGE)
    data, is_plain = _load(text)
    if data is None:
        return {}
    if is_plain and len(text) * _MOST_BYTES <= LARGEST_DATA:
        _check_shape(data)
    else:
        check(data)
    return data  # type: ignore[no-any-return]


def _load(text: str) -> tuple[Any, bool]:
    """Return what a text holds, and whether it can be encoded for certain."""
    # orjson turns an integer beyond 64 bits into a float without an error. Such an integer has 19 digits at least.
    if _LONG_NUMBER.search(text) is None:
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(text), True
    try:
        return _EXACT.decode(text), False
    except (ValueError, RecursionError) as error:
        raise InvalidData(f"data is not JSON: {error}") from error


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


_LONG_NUMBER = re.compile(r"[0-9]{19}")
_EXACT = json.JSONDecoder(parse_constant=_refuse_constant)
_MOST_BYTES = 8  # of encoded data for a character of its text: 4 in UTF-8, and 5 where 1e15 is written out


_SCALARS = frozenset({str, int, bool, type(None)})


def _check_value(value: object, *, depth: int) -> None:
    if isinstance(value, (dict, list, tuple)):
        if depth > DEEPEST_DATA:
            raise InvalidData(f"data is nested deeper than {DEEPEST_DATA} levels")
        for inner in value.values() if isinstance(value, dict) else value:
            if type(inner) not in _SCALARS:  # nearly all are, and the call takes longer than the check
                _check_value(inner, depth=depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidData(f"data holds {value}, which is not a JSON number")
    elif not isinstance(value, (str, int, float, type(None))):
        raise InvalidData(f"data holds a {type(value).__name__}, which JSON does not have")
