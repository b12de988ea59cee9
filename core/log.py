"""Make each log record one line, so that text from a client can't look like a record of its own. Hide secrets."""

import logging
import re
import threading
import time
from collections.abc import Hashable

_PAUSE_SECONDS = 60
_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_INDENT = "    "
# Tokens, keys of services, hashes of passwords, and passwords in URLs. No line of ours logs one, but an error of a
# library or a database may quote it: PostgreSQL quotes the whole row that fails a constraint.
_SECRETS = re.compile(
    r"eyJ[\w-]{8,}(?:\.[\w-]*)*|service_[\w-]{43}|\$argon2\w*\$[\w$=,+/.-]*|(://[^/\s:@'\"]*:)[^/\s@'\"]+(?=@)"
)


def set_up() -> None:
    """Write records to standard error, unless logging is configured already."""
    escape_records()
    logging.basicConfig(level=logging.INFO, format=_FORMAT)


def escape_records() -> None:
    """Escape unprintable characters in every record of this process, also of libraries and for every formatter."""
    logging.setLogRecordFactory(_Record)


class OnceAMinute:
    """Says whether a message may be logged now: the first time, and then once a minute at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logged_at: dict[Hashable, float] = {}

    def is_due(self, what: Hashable) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._logged_at.get(what, -_PAUSE_SECONDS) < _PAUSE_SECONDS:
                return False
            self._logged_at[what] = now
        return True


class _Record(logging.LogRecord):
    """A record whose message is one line. The lines of a traceback are indented, since its error may quote a client."""

    def getMessage(self) -> str:  # noqa: N802  (the name is the library's)
        return _safe(super().getMessage())

    @property
    def exc_text(self) -> str | None:
        return self._exc_text

    @exc_text.setter
    def exc_text(self, text: str | None) -> None:  # set by the first formatter, used by all others
        self._exc_text = text and "\n".join(_INDENT + _safe(line) for line in text.split("\n"))


def _safe(text: str) -> str:
    text = _SECRETS.sub(_hide, text)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _hide(secret: "re.Match[str]") -> str:
    return f"{secret[1] or ''}***"
