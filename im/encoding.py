"""JSON as the libraries of Socket.IO are to write it: in UTF-8, without an escape for each letter that is not ASCII."""

import json
import math
from json import JSONDecodeError
from typing import Any, NoReturn

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
    """Decode; raise ValueError, or RecursionError where lists are nested too deeply.

    Unlike orjson it keeps half a pair of surrogates and each digit of an integer. Unlike the libraries' own it refuses
    what JSON has no number for, NaN and Infinity.
    """
    return _DECODER.decode(text if isinstance(text, str) else text.decode())


def _read_integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("an integer of too many digits")
    return int(digits)


def _read_float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        _refuse(digits)
    return number


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant:.20} is not a number of JSON")


# Made once, and not for each text.
_DECODER = json.JSONDecoder(parse_int=_read_integer, parse_float=_read_float, parse_constant=_refuse)
