"""Websocket frames, as a server reads and writes them. No extension is supported.

Sections in comments are those of RFC 6455.
"""

from collections.abc import Generator

# Section 5.2: the opcodes that are defined.
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

# Section 7.4.1: the status codes that a server sends here.
NORMAL_CLOSURE = 1000
PROTOCOL_ERROR = 1002
INVALID_PAYLOAD = 1007
POLICY_VIOLATION = 1008
MESSAGE_TOO_BIG = 1009

_MAX_CONTROL_BYTES = 125  # of the payload of a control frame: section 5.5
_FIN_BIT = 0x80
_MASK_BIT = 0x80
_RSV_BITS = 0x70
# The codes that a client may close with. Section 7.4.1: 1004 is reserved, and 1005, 1006 and 1015 must not be sent.
# IANA registered 1012 to 1014 later. Section 7.4.2: codes below 1000 are not used, 3000 to 4999 are for applications.
_CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})

Message = tuple[int, str | bytes]


class InvalidFrame(Exception):
    """The client breaks the protocol; `code` is the status code that it gets."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


def encode(opcode: int, payload: bytes) -> bytes:
    """Return a whole message as one frame."""
    # Section 5.2: set the FIN bit, and write the length in its shortest form. Section 5.1: a server does not mask.
    size = len(payload)
    if size < 126:
        return bytes((_FIN_BIT | opcode, size)) + payload
    if size < 65536:
        return b"%c\x7e%b%b" % (_FIN_BIT | opcode, size.to_bytes(2, "big"), payload)
    return b"%c\x7f%b%b" % (_FIN_BIT | opcode, size.to_bytes(8, "big"), payload)


def encode_close(code: int | None, reason: str = "") -> bytes:
    # Section 5.5.1: the payload is empty, or two bytes of code and then the reason.
    return encode(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason.encode())


def close_code(payload: bytes) -> int | None:
    """Return the status code in a close frame, or None if it has none; raise InvalidFrame."""
    # Section 5.5.1: the payload is empty, or it begins with a code of two bytes; the reason after it is UTF-8.
    if not payload:
        return None
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or code not in _CLOSE_CODES:
        raise InvalidFrame(PROTOCOL_ERROR, "a close code that must not be sent")
    _text(payload[2:])
    return code


class Parser:
    """Turns the bytes of a client into messages. The bytes can arrive in pieces of any size."""

    __slots__ = ("_fragments", "_limit", "_opcode", "_rest")

    def __init__(self, limit: int) -> None:
        """`limit` is the maximum size of a message in bytes, whether it is one frame or many."""
        self._limit = limit
        self._rest: bytearray | None = None  # bytes that were fed and are not parsed yet
        self._opcode = CONTINUATION  # of the message that _fragments belong to
        self._fragments: bytearray | None = None

    @property
    def has_rest(self) -> bool:
        """Return whether bytes were fed that are not parsed yet."""
        return self._rest is not None

    def clear(self) -> None:
        """Throw away the bytes that are not parsed yet."""
        self._rest = self._fragments = None

    def feed(self, data: bytes) -> Generator[Message | None, None, None]:
        """Yield (opcode, payload) for each frame that completes a message: text as str, everything else as bytes.

        Yield None for a frame that does not complete a message, so that the caller can count all frames. The caller can
        close the generator after any frame; the next call parses the rest, also when it feeds no bytes. Raise
        InvalidFrame after the messages before it; the parser is of no use after that.
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
                if size > _MAX_CONTROL_BYTES:
                    body += 2 if size == 126 else 8
                    if end < body:
                        break
                    size = _long_size(buffer[at + 2 : body])
                if first & 0x08 == 0:
                    self._check_size(size)
                body += 4  # section 5.2: the masking key is between the length and the payload
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
        """Check the first two bytes of a frame; raise InvalidFrame."""
        opcode = first & 0x0F
        if first & _RSV_BITS:  # section 5.2: must be 0 if no extension was negotiated
            raise InvalidFrame(PROTOCOL_ERROR, "a reserved bit is set")
        if not second & _MASK_BIT:  # section 5.1: the server must close the connection
            raise InvalidFrame(PROTOCOL_ERROR, "a frame from a client is not masked")
        if opcode >= CLOSE:
            if opcode > PONG:  # section 5.2: 0xB to 0xF are reserved
                raise InvalidFrame(PROTOCOL_ERROR, "an unknown control frame")
            # Section 5.5: a payload of 125 bytes or less, and no fragmentation.
            if not first & _FIN_BIT or second & 0x7F > _MAX_CONTROL_BYTES:
                raise InvalidFrame(PROTOCOL_ERROR, "a control frame that is too long or fragmented")
        elif opcode > BINARY:  # section 5.2: 0x3 to 0x7 are reserved
            raise InvalidFrame(PROTOCOL_ERROR, "an unknown data frame")
        # Section 5.4: a continuation frame needs a message that has begun, and no message begins inside another.
        elif (opcode == CONTINUATION) is (self._fragments is None):
            raise InvalidFrame(PROTOCOL_ERROR, "a continuation without a message, or a new message inside another")

    def _check_size(self, size: int) -> None:
        # Section 10.4: limit the frame size and the size of the reassembled message.
        if size + (len(self._fragments) if self._fragments else 0) > self._limit:
            raise InvalidFrame(MESSAGE_TOO_BIG, "a message that is too big")

    def _take(self, first: int, payload: bytes) -> Message | None:
        """Return the message that a frame completes, or None."""
        opcode = first & 0x0F
        if opcode >= CLOSE:
            return opcode, payload  # section 5.4: this is allowed in the middle of a fragmented message
        if self._fragments is None:
            if first & _FIN_BIT:
                return opcode, _text(payload) if opcode == TEXT else payload
            self._opcode, self._fragments = opcode, bytearray(payload)
            return None
        self._fragments += payload
        if not first & _FIN_BIT:
            return None
        # Section 5.4: the opcode of the first fragment is the opcode of the message.
        whole, self._fragments = bytes(self._fragments), None
        return self._opcode, _text(whole) if self._opcode == TEXT else whole


def _long_size(field: bytes | bytearray) -> int:
    size = int.from_bytes(field, "big")
    # Section 5.2: the length is in its shortest form, and the most significant of 64 bits is 0.
    if size < (126 if len(field) == 2 else 65536) or size >= 2**63:
        raise InvalidFrame(PROTOCOL_ERROR, "a length that is not in its shortest form")
    return size


def _unmask(masked: bytes | bytearray, mask: bytes | bytearray) -> bytes:
    # Section 5.3: byte i of the payload was combined by XOR with byte i modulo 4 of the key.
    size = len(masked)
    if size == 1:
        return bytes((masked[0] ^ mask[0],))
    key = (mask * (size // 4 + 1))[:size]
    # Treat both as one large integer: this is one operation instead of one for each byte.
    return (int.from_bytes(masked, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:  # sections 5.6 and 8.1: a whole text must be valid UTF-8
        raise InvalidFrame(INVALID_PAYLOAD, "a text that is not UTF-8") from None
