"""The headers of an HTTP request, without the machinery of e-mail that the standard library reads them with."""

import re
from collections.abc import Callable
from typing import Any

# RFC 9110: a name is a token, directly before its colon; a value has no control characters. No folded lines.
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*\r?\n")
_ENDS = (b"\r\n", b"\n")
_MOST = 100


class Headers:
    """As much of the standard library's message as eventlet's HTTP server asks for."""

    __slots__ = ("_first", "_headers")

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._headers = fields
        self._first: dict[str, str] = {}
        for name, value in fields:
            self._first.setdefault(name.lower(), value)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the first field of a name, in whatever case."""
        return self._first.get(name.lower(), default)

    def get_content_type(self) -> str:
        """Return what is assumed where nothing is said."""
        return "text/plain"


def read_headers(read_line: Callable[[], bytes]) -> Headers:
    """Read up to the empty line; raise ValueError for what is no header, or would be read in two ways."""
    fields: list[tuple[str, str]] = []
    while (line := read_line()) not in _ENDS:
        field = _FIELD.fullmatch(line)
        if field is None or len(fields) == _MOST:
            raise ValueError("Malformed headers")
        fields.append((field[1].decode(), field[2].decode("latin-1")))
    lengths = [value for name, value in fields if name.lower() == "content-length"]
    if len(lengths) > 1 or not all(value.isascii() and value.isdigit() for value in lengths):
        raise ValueError("Malformed Content-Length")
    return Headers(fields)
