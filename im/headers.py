"""The head of an HTTP request, in the one way that it can be read. All of HTTP/1.0 and 1.1 comes through here."""

import re
from typing import Any

LONGEST_LINE = 8 * 1024  # bytes of the request line, which may hold a token
LARGEST_HEAD = 32 * 1024
BAD_REQUEST = "400 Bad Request"
_MOST_FIELDS = 100  # in a query as well, which is parsed several times

# An absolute path alone, as clients of Engine.IO send it: no proxy's address, no asterisk.
_LINE = re.compile(rb"([A-Z]+) (/(?!/)[!-~]*) HTTP/1\.([01])")
_OTHER_VERSION = re.compile(rb"[^ ]+ [^ ]+ HTTP/(?!1\.[01])[0-9]\.[0-9]")
_METHODS = (b"GET", b"POST", b"OPTIONS")
# RFC 9110: a name is a token, directly before its colon; a value has no control characters. No folded lines.
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\x00-\x08\x0a-\x1f\x7f]*)")
_LENGTH = re.compile("[0-9]{1,18}", re.ASCII)
_SINGLE = ("content-length", "host")  # of which two would be read in two ways


class Refused(Exception):
    """A request that is not answered by the application. `status` is what its client is told."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Headers:
    """As much of the standard library's message as eventlet's HTTP server asks for."""

    __slots__ = ("_first", "_headers")

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._headers = fields
        self._first: dict[str, str] = {}
        for name, value in fields:
            lower = name.lower()
            if lower not in self._first:
                self._first[lower] = value
            elif lower in _SINGLE:
                raise Refused(BAD_REQUEST)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the first field of a name, in whatever case."""
        return self._first.get(name.lower(), default)

    def get_content_type(self) -> str:
        """Return what is assumed where nothing is said."""
        return "text/plain"


class Head:
    """A request without its body."""

    __slots__ = ("headers", "is_expecting", "is_last", "is_upgrade", "length", "line", "method", "target", "version")

    def __init__(self, head: bytes) -> None:
        """Read what stands before the empty line; raise Refused for what is no HTTP, or not spoken here."""
        line, *fields = head.split(b"\r\n")
        self.line = line.decode("latin-1")
        self.method, self.target, self.version = _read_line(line)
        self.headers = headers = _read_fields(fields)
        self.length = _read_length(headers)
        wishes = {wish.strip() for wish in headers.get("connection", "").lower().split(",")}
        is_old = self.version == "HTTP/1.0"
        self.is_last = "close" in wishes or (is_old and "keep-alive" not in wishes)
        self.is_upgrade = headers.get("upgrade") is not None
        self.is_expecting = _is_expecting(headers)
        if is_old and (self.is_upgrade or self.is_expecting):
            raise Refused(BAD_REQUEST)


def check_size(begun: bytes) -> None:
    """Raise Refused for a head that is too large already, however it goes on."""
    if len(begun) > LONGEST_LINE and begun.find(b"\r\n", 0, LONGEST_LINE + 2) < 0:
        raise Refused("414 URI Too Long")
    if len(begun) > LARGEST_HEAD:
        raise Refused("431 Request Header Fields Too Large")


def _read_line(line: bytes) -> tuple[str, str, str]:
    found = _LINE.fullmatch(line)
    if found is None:
        is_other = _OTHER_VERSION.fullmatch(line)
        raise Refused("505 HTTP Version Not Supported" if is_other else BAD_REQUEST)
    if found[1] not in _METHODS:
        raise Refused(BAD_REQUEST)  # as Engine.IO answers a method that it does not know
    if found[2].count(b"&") > _MOST_FIELDS:
        raise Refused("414 URI Too Long")
    return found[1].decode(), found[2].decode(), "HTTP/1.1" if found[3] == b"1" else "HTTP/1.0"


def _read_fields(lines: list[bytes]) -> Headers:
    if len(lines) > _MOST_FIELDS:
        raise Refused("431 Request Header Fields Too Large")
    fields = []
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise Refused(BAD_REQUEST)
        fields.append((field[1].decode(), field[2].strip(b" \t").decode("latin-1")))
    return Headers(fields)


def _read_length(headers: Headers) -> int:
    if headers.get("transfer-encoding") is not None:
        raise Refused("501 Not Implemented")
    length = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length):
        raise Refused(BAD_REQUEST)
    return int(length)


def _is_expecting(headers: Headers) -> bool:
    """Say whether the client waits for a word before it sends the body."""
    expectation = headers.get("expect")
    if expectation is not None and expectation.lower() != "100-continue":
        raise Refused("417 Expectation Failed")
    return expectation is not None
