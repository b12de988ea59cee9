"""The log: a record is one line, and what clients send can't look like another one."""

import logging
import threading
import time
from collections.abc import Hashable

_QUIET_SECONDS = 60
_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_INDENT = "    "


def set_up() -> None:
    """Write records to standard error, unless whoever started this process has said otherwise."""
    escape_records()
    logging.basicConfig(level=logging.INFO, format=_FORMAT)


def escape_records() -> None:
    """Escape what can't be printed in every record of this process, those of libraries too, whatever formats them."""
    logging.setLogRecordFactory(_Record)


class OnceAMinute:
    """Says whether something may be logged now: at first, and then once a minute, however often it happens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at: dict[Hashable, float] = {}

    def is_due(self, what: Hashable) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._at.get(what, -_QUIET_SECONDS) < _QUIET_SECONDS:
                return False
            self._at[what] = now
        return True


class _Record(logging.LogRecord):
    """Its message is one line. The lines of a traceback, whose error may quote a client, are indented."""

    def getMessage(self) -> str:  # noqa: N802  (the name is the library's)
        return _printable(super().getMessage())

    @property
    def exc_text(self) -> str | None:
        return self._exc_text

    @exc_text.setter
    def exc_text(self, text: str | None) -> None:  # by the first formatter, for all that follow
        self._exc_text = text and "\n".join(_INDENT + _printable(line) for line in text.split("\n"))


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
