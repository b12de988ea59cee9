"""The head of an HTTP/1.0 or 1.1 request. A head that two servers could read differently is refused."""

import re
from typing import overload

MAX_LINE_BYTES = 8 * 1024  # of the request line, which can hold a token
MAX_HEAD_BYTES = 32 * 1024
BAD_REQUEST = "400 Bad Request"
_MAX_FIELDS = 100  # of the header, and of the query, which is parsed several times

# Only an absolute path, as Engine.IO clients send it: no absolute URL, as for a proxy, and no asterisk.
_REQUEST_LINE = re.compile(rb"([A-Z]+) (/(?!/)[!-~]*) HTTP/1\.([01])")
_OTHER_VERSION = re.compile(rb"[^ ]+ [^ ]+ HTTP/(?!1\.[01])[0-9]\.[0-9]")
_METHODS = (b"GET", b"POST", b"OPTIONS")
# RFC 9110, section 5: a name is a token, with the colon directly after it; a value has no control characters. Folded
# lines are refused.
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\x00-\x08\x0a-\x1f\x7f]*)")
_LENGTH = re.compile("[0-9]{1,18}", re.ASCII)
_SINGLETON_FIELDS = ("content-length", "host")  # servers disagree about which of two fields counts


class Refused(Exception):
    """A request that does not reach the application. The client gets `status`."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Headers:
    """The part of the standard library's http.client.HTTPMessage that eventlet's HTTP server uses."""

    __slots__ = ("_first", "_headers")

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._headers = fields
        self._first: dict[str, str] = {}
        for name, value in fields:
            lower = name.lower()
            if lower not in self._first:
                self._first[lower] = value
            elif lower in _SINGLETON_FIELDS:
                raise Refused(BAD_REQUEST)

    @overload
    def get(self, name: str) -> str | None: ...

    @overload
    def get(self, name: str, default: str) -> str: ...

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the value of the first field with this name; case is ignored."""
        return self._first.get(name.lower(), default)

    def get_content_type(self) -> str:
        """Return the default type of http.client.HTTPMessage."""
        return "text/plain"


class Head:
    """A request without its body."""

    __slots__ = ("headers", "is_expecting", "is_last", "is_upgrade", "length", "line", "method", "target", "version")

    def __init__(self, head: bytes) -> None:
        """Parse the bytes before the empty line; raise Refused if they are malformed or not supported."""
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
    """Raise Refused if a head is already too large, although its end has not arrived."""
    if len(begun) > MAX_LINE_BYTES and begun.find(b"\r\n", 0, MAX_LINE_BYTES + 2) < 0:
        raise Refused("414 URI Too Long")
    if len(begun) > MAX_HEAD_BYTES:
        raise Refused("431 Request Header Fields Too Large")


def _read_line(line: bytes) -> tuple[str, str, str]:
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        is_other = _OTHER_VERSION.fullmatch(line)
        raise Refused("505 HTTP Version Not Supported" if is_other else BAD_REQUEST)
    if found[1] not in _METHODS:
        raise Refused(BAD_REQUEST)  # Engine.IO's answer to an unknown method
    if found[2].count(b"&") > _MAX_FIELDS:
        raise Refused("414 URI Too Long")
    return found[1].decode(), found[2].decode(), "HTTP/1.1" if found[3] == b"1" else "HTTP/1.0"


def _read_fields(lines: list[bytes]) -> Headers:
    if len(lines) > _MAX_FIELDS:
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
    """Return whether the client waits for 100 Continue before it sends the body."""
    expectation = headers.get("expect")
    if expectation is not None and expectation.lower() != "100-continue":
        raise Refused("417 Expectation Failed")
    return expectation is not None
