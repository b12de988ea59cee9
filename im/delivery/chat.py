"""The `message` event: a `hello`, and a reply to each message."""

import time

from core import events
from im.delivery.socketio_server import Emitter

_LONGEST = 4 * 1024  # bytes of a text: the server sends it back, and may have to buffer it for a slow client


class Chat:
    def __init__(self, sio: Emitter) -> None:
        self._sio = sio

    def greet(self, sid: str) -> None:
        self._emit(sid, "hello")

    def message(self, sid: str, *args: object) -> dict[str, str]:
        """Reply to a message. Return the acknowledgement: ok, or what is wrong with the message."""
        match args:
            case [{"msg": str(text)}] if not _fits(text):
                return {"error": f"a message should be a text of at most {_LONGEST} bytes of UTF-8"}
            case [{"msg": str(text)}]:
                self._emit(sid, f"I have received your msg: {text}")
                return {"status": "ok"}
        return {"error": "a message should be an object with a text: {msg: string}"}

    def _emit(self, sid: str, text: str) -> None:
        data = {"msg": text, "timestamp": int(time.time() * 1000)}
        self._sio.emit(events.MESSAGE, data, room=sid, ignore_queue=True)


def _fits(text: str) -> bool:
    try:
        return len(text.encode()) <= _LONGEST
    except UnicodeEncodeError:
        return False  # a lone surrogate
