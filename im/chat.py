"""The `message` event: a greeting, and a reply to each message."""

import time
from typing import Any

from app import events


class Chat:
    def __init__(self, sio: Any) -> None:
        self._sio = sio

    def greet(self, sid: str) -> None:
        self._say(sid, "hello")

    def message(self, sid: str, *args: object) -> dict[str, str]:
        """Reply to a message; the acknowledgement says what was wrong with it, if anything."""
        match args:
            case [{"msg": str(text)}]:
                self._say(sid, f"I have received your msg: {text}")
                return {"status": "ok"}
        return {"error": "a message should be an object with a text: {msg: string}"}

    def _say(self, sid: str, text: str) -> None:
        data = {"msg": text, "timestamp": int(time.time() * 1000)}
        self._sio.emit(events.MESSAGE, data, room=sid, ignore_queue=True)
