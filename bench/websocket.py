"""The part of the websocket protocol that a client needs which sends little and counts what it gets."""

from collections.abc import Iterator

_TEXT, _CLOSE = 0x81, 0x88
_MASK_OF_ZEROS = bytes(4)  # a client must mask, and this mask changes nothing


class Closed(Exception):
    """The server sent a close frame."""


def handshake(path: str, port: int) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def text_frame(payload: bytes) -> bytes:
    size = len(payload)
    head = bytes((_TEXT, 0x80 | size)) if size < 126 else bytes((_TEXT, 0xFE)) + size.to_bytes(2, "big")
    return head + _MASK_OF_ZEROS + payload


class Refused(Exception):
    """The server did not upgrade."""


class Frames:
    """Splits the bytes of a server into payloads, after its answer to the handshake; keeps incomplete ones."""

    __slots__ = ("_is_upgraded", "_rest")

    def __init__(self) -> None:
        self._is_upgraded = False
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each complete text; raise Closed at a close frame, Refused if there was no upgrade."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, end = 0, len(data)
        if not self._is_upgraded:
            at = self._upgrade(data)
        while end - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            if start + size > end:
                break
            if data[at] == _CLOSE:
                raise Closed
            if data[at] == _TEXT:
                yield data[start : start + size]
            at = start + size
        if at < end:
            self._rest = data[at:]

    def _upgrade(self, data: bytes) -> int:
        """Return where the frames begin: after all data while the answer is incomplete."""
        end_of_head = data.find(b"\r\n\r\n")
        if end_of_head < 0:
            self._rest = data
            return len(data)
        if b" 101 " not in data[:20]:
            raise Refused(data[:200])
        self._is_upgraded = True
        return end_of_head + 4
