"""Websocket frames (RFC 6455), as a server reads and writes them. No extension is spoken."""

from collections.abc import Generator

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

NORMAL = 1000
PROTOCOL_ERROR = 1002
NOT_UTF8 = 1007
BEYOND_LIMITS = 1008
TOO_BIG = 1009

_LARGEST_CONTROL = 125
_FINAL = 0x80
_MASKED = 0x80
_RESERVED = 0x70
# What a peer may give as its reason to close; the others are never sent, or have no meaning yet.
_CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})

Message = tuple[int, str | bytes]


class BrokenFrame(Exception):
    """The peer does not keep to the protocol; `code` is what it is told."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


def encode(opcode: int, payload: bytes) -> bytes:
    """Return a whole message as one frame."""
    size = len(payload)
    if size < 126:
        return bytes((_FINAL | opcode, size)) + payload
    if size < 65536:
        return b"%c\x7e%b%b" % (_FINAL | opcode, size.to_bytes(2, "big"), payload)
    return b"%c\x7f%b%b" % (_FINAL | opcode, size.to_bytes(8, "big"), payload)


def encode_close(code: int | None, reason: str = "") -> bytes:
    return encode(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason.encode())


def close_code(payload: bytes) -> int | None:
    """Return the code that a peer closes with, None where it gave none; raise BrokenFrame."""
    if not payload:
        return None
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or code not in _CLOSE_CODES:
        raise BrokenFrame(PROTOCOL_ERROR, "a close code that nobody may send")
    _text(payload[2:])
    return code


class Parser:
    """Turns what arrives from a client, in whatever pieces, into messages."""

    __slots__ = ("_fragments", "_limit", "_opcode", "_rest")

    def __init__(self, limit: int) -> None:
        """`limit` is the size in bytes that a message may have, in one frame or in many."""
        self._limit = limit
        self._rest: bytearray | None = None  # the beginning of a frame
        self._opcode = CONTINUATION  # of the message whose fragments are here
        self._fragments: bytearray | None = None

    @property
    def has_rest(self) -> bool:
        """Whether something was fed and is not parsed yet."""
        return self._rest is not None

    def feed(self, data: bytes) -> Generator[Message | None, None, None]:
        """Yield (opcode, payload) for each frame that completes a message: text as str, all else as bytes.

        Yield None for a frame that completes none, so that all of them can be counted. The generator may be closed
        after any frame; what is left is parsed with what is fed next, which may be nothing. Raise BrokenFrame, after
        what came before it; nothing can be fed then.
        """
        buffer: bytes | bytearray = data
        if self._rest is not None:
            self._rest += data
            buffer = self._rest
        at, end = 0, len(buffer)
        try:
            while end - at >= 2:
                first, second = buffer[at], buffer[at + 1]
                self._check(first, second)
                size, body = second & 0x7F, at + 2
                if size > _LARGEST_CONTROL:
                    body += 2 if size == 126 else 8
                    if end < body:
                        break
                    size = _long_size(buffer[at + 2 : body])
                if first & 0x08 == 0:
                    self._check_size(size)
                body += 4
                if end < body + size:
                    break
                payload = _unmask(buffer[body : body + size], buffer[body - 4 : body])
                at = body + size
                yield self._take(first, payload)
        finally:
            self._keep(buffer, at, end)

    def _keep(self, buffer: bytes | bytearray, at: int, end: int) -> None:
        if at == end:
            self._rest = None
        elif isinstance(buffer, bytearray):
            del buffer[:at]
        else:
            self._rest = bytearray(buffer[at:])

    def _check(self, first: int, second: int) -> None:
        """Refuse a frame by its first two bytes."""
        opcode = first & 0x0F
        if first & _RESERVED:
            raise BrokenFrame(PROTOCOL_ERROR, "a reserved bit is set")
        if not second & _MASKED:
            raise BrokenFrame(PROTOCOL_ERROR, "a frame of a client is not masked")
        if opcode >= CLOSE:
            if opcode > PONG:
                raise BrokenFrame(PROTOCOL_ERROR, "an unknown control frame")
            if not first & _FINAL or second & 0x7F > _LARGEST_CONTROL:
                raise BrokenFrame(PROTOCOL_ERROR, "a control frame that is long or in fragments")
        elif opcode > BINARY:
            raise BrokenFrame(PROTOCOL_ERROR, "an unknown kind of frame")
        elif (opcode == CONTINUATION) is (self._fragments is None):
            raise BrokenFrame(PROTOCOL_ERROR, "a continuation of nothing, or a new message within another")

    def _check_size(self, size: int) -> None:
        if size + (len(self._fragments) if self._fragments else 0) > self._limit:
            raise BrokenFrame(TOO_BIG, "a message that is too big")

    def _take(self, first: int, payload: bytes) -> Message | None:
        """Return the message that a frame completes."""
        opcode = first & 0x0F
        if opcode >= CLOSE:
            return opcode, payload
        if self._fragments is None:
            if first & _FINAL:
                return opcode, _text(payload) if opcode == TEXT else payload
            self._opcode, self._fragments = opcode, bytearray(payload)
            return None
        self._fragments += payload
        if not first & _FINAL:
            return None
        whole, self._fragments = bytes(self._fragments), None
        return self._opcode, _text(whole) if self._opcode == TEXT else whole


def _long_size(field: bytes | bytearray) -> int:
    size = int.from_bytes(field, "big")
    if size < (126 if len(field) == 2 else 65536) or size >= 2**63:
        raise BrokenFrame(PROTOCOL_ERROR, "a size that is not in its shortest form")
    return size


def _unmask(masked: bytes | bytearray, mask: bytes | bytearray) -> bytes:
    size = len(masked)
    if size == 1:
        return bytes((masked[0] ^ mask[0],))
    key = (mask * (size // 4 + 1))[:size]
    # As whole numbers: one operation instead of one for each byte.
    return (int.from_bytes(masked, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise BrokenFrame(NOT_UTF8, "a text that is not UTF-8") from None
