"""JSON for the Socket.IO libraries: UTF-8, without an escape for each character that is not ASCII."""

import json
import math
from json import JSONDecodeError
from typing import Any, NoReturn

import orjson

__all__ = ["JSONDecodeError", "dumps", "loads"]

_MAX_INTEGER_DIGITS = 100


def dumps(value: object, **options: Any) -> str:
    """Encode. The standard library encodes what orjson refuses: a lone surrogate, or an integer of over 64 bits.

    Any: the options are those of json.dumps.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, **options)


def loads(text: str | bytes) -> Any:  # Any: as in the standard library
    """Decode; raise ValueError, or RecursionError if the nesting is too deep.

    Unlike orjson, it keeps a lone surrogate and each digit of an integer. Unlike the libraries' default, it refuses NaN
    and Infinity, which are not JSON.
    """
    return _DECODER.decode(text if isinstance(text, str) else text.decode())


def _read_integer(digits: str) -> int:
    if len(digits) > _MAX_INTEGER_DIGITS:
        raise ValueError("an integer of too many digits")
    return int(digits)


def _read_float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        _refuse(digits)
    return number


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant:.20} is not a number of JSON")


# Created once, and not for each text.
_DECODER = json.JSONDecoder(parse_int=_read_integer, parse_float=_read_float, parse_constant=_refuse)
