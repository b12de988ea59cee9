"""JSON as the libraries of Socket.IO are to write it: in UTF-8, without an escape for each letter that is not ASCII."""

import json
from json import JSONDecodeError
from typing import Any

import orjson

__all__ = ["JSONDecodeError", "dumps", "loads"]

_MOST_DIGITS = 100


def dumps(value: Any, **options: Any) -> str:
    """Encode. What orjson refuses, half a pair of surrogates or an integer beyond 64 bits, gets the escapes."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, **options)


def loads(text: str | bytes) -> Any:
    """Decode; raise ValueError. As the libraries' own do it, without a new decoder for each text."""
    return _DECODER.decode(text if isinstance(text, str) else text.decode())


def _read_integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("an integer of too many digits")
    return int(digits)


_DECODER = json.JSONDecoder(parse_int=_read_integer)
