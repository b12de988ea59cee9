"""As much of the websocket as a client needs that sends little and counts what it gets."""

from collections.abc import Iterator

_TEXT, _CLOSE = 0x81, 0x88
_MASK_OF_ZEROS = bytes(4)  # masked, as clients have to be, at no cost


class Closed(Exception):
    """The server said goodbye."""


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
    """Cuts what a server sends into payloads, first its answer to the handshake; holds what is incomplete."""

    __slots__ = ("_is_upgraded", "_rest")

    def __init__(self) -> None:
        self._is_upgraded = False
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Give each complete text; raise Closed at a close frame, Refused where there was no upgrade."""
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
        """Return where the frames begin: behind all of it while the answer is not complete."""
        end_of_head = data.find(b"\r\n\r\n")
        if end_of_head < 0:
            self._rest = data
            return len(data)
        if b" 101 " not in data[:20]:
            raise Refused(data[:200])
        self._is_upgraded = True
        return end_of_head + 4
