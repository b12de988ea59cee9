"""The `message` event: a greeting, and a reply to each message."""

import time
from typing import Any

from app import events

_LONGEST = 4 * 1024  # bytes of a text; each is echoed, and may wait for its sender


class Chat:
    def __init__(self, sio: Any) -> None:
        self._sio = sio

    def greet(self, sid: str) -> None:
        self._say(sid, "hello")

    def message(self, sid: str, *args: object) -> dict[str, str]:
        """Reply to a message; the acknowledgement says what was wrong with it, if anything."""
        match args:
            case [{"msg": str(text)}] if not _fits(text):
                return {"error": f"a message should be a text of at most {_LONGEST} bytes of UTF-8"}
            case [{"msg": str(text)}]:
                self._say(sid, f"I have received your msg: {text}")
                return {"status": "ok"}
        return {"error": "a message should be an object with a text: {msg: string}"}

    def _say(self, sid: str, text: str) -> None:
        data = {"msg": text, "timestamp": int(time.time() * 1000)}
        self._sio.emit(events.MESSAGE, data, room=sid, ignore_queue=True)


def _fits(text: str) -> bool:
    try:
        return len(text.encode()) <= _LONGEST
    except UnicodeEncodeError:
        return False  # half a pair of surrogates
