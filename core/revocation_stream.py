"""The copy of the revocations in Redis: a stream that every API process and IM server follows.

A reader starts at the beginning, and continues where it stopped; an entry that it reads twice changes nothing. Redis
may lose entries: it is restarted without its last writes, or a replica that lagged behind is promoted. So a second key
names the server whose stream was filled from the database. Where it names another server, or is missing, the stream is
incomplete until a worker has filled it again, and all readers start at the beginning.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, cast

from redis import Redis
from redis.exceptions import LockError, ResponseError
from redis.lock import Lock

from core.cache import is_wrong_type
from core.counters import Counters
from core.keys import Keys
from core.revoked_tokens import KEPT_SECONDS, Revocation
from core.tokens import LONGEST_FAMILY
from core.user_ids import check

log = logging.getLogger(__name__)

BEGINNING = "0-0"
_AT_ONCE = 1000  # entries in one call
_FILL_SECONDS = 30  # for one part of the database's revocations; a process that needs longer counts as killed
_LONGEST_NUMBER = 16  # digits


@dataclass(frozen=True, slots=True)
class Closing:
    """One socket that its user wants closed. `sid` is its id in Socket.IO."""

    user_id: str
    sid: str


Entry = Revocation | Closing


@dataclass(frozen=True, slots=True)
class Read:
    """What followed a position: its entries, the next position, and which server the stream was filled on."""

    entries: list[Entry]
    position: str
    filled_on: str | None
    is_last: bool  # whether nothing more waits


class RevocationStream:
    """Append and read; RedisError where Redis is unavailable."""

    def __init__(self, redis: Redis, keys: Keys = Keys()) -> None:
        self._redis = redis
        self._key = keys.revocations
        self._server_key = keys.revocations_server
        self._filling_key = keys.revocations_filling
        self._counters = Counters(redis, keys)

    def append(self, entries: Iterable[Entry]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for entry in entries:
            fields = {name: value for name, value in asdict(entry).items() if value is not None}
            pipeline.xadd(self._key, cast("Any", fields))
        for answer in pipeline.execute(raise_on_error=False):
            if isinstance(answer, Exception):
                self._repair(answer)

    def read(self, position: str = BEGINNING, *, wait_seconds: float = 0) -> Read:
        """Read what follows a position; wait for it as long as told, in one call on the connection."""
        if wait_seconds:
            self._read_stream(position, block=int(wait_seconds * 1000))
        filled_on = cast("bytes | None", self._redis.get(self._server_key))
        found = self._read_stream(position)
        entries = [entry for _id, fields in found if (entry := self._decode(fields))]
        position = found[-1][0].decode() if found else position
        return Read(entries, position, filled_on.decode() if filled_on else None, len(found) < _AT_ONCE)

    def server(self) -> str:
        """Return the identity of the server's data, which changes whenever a server is started or promoted."""
        return str(self._redis.info("replication")["master_replid"])

    def trim(self) -> None:
        """Delete what is older than any valid token, by Redis' clock."""
        seconds, _ = self._redis.time()
        self._redis.xtrim(self._key, minid=f"{(seconds - KEPT_SECONDS) * 1000}-0", approximate=True)

    def is_filled(self) -> bool:
        """Say whether the stream was filled from the database since the server was started or promoted."""
        filled_on = cast("bytes | None", self._redis.get(self._server_key))
        return filled_on is not None and filled_on.decode() == self.server()

    def fill(self, read: Callable[[int], tuple[list[Revocation], int]]) -> int | None:
        """Fill the stream from the database; return with how many, or None while another process does it.

        `read` takes an id and returns what follows it. The stream is deleted before the database is read: what others
        append meanwhile stays. It counts as filled only at the end, so a process that is killed leaves it to the next.
        """
        lock = self._redis.lock(self._filling_key, _FILL_SECONDS, blocking=False, raise_on_release_error=False)
        try:
            with lock:
                return self._fill(read, lock)
        except LockError:
            return None

    def _fill(self, read: Callable[[int], tuple[list[Revocation], int]], lock: Lock) -> int:
        server, count, last_id = self.server(), 0, 0
        self._redis.delete(self._key, self._server_key)
        while True:
            entries, next_id = read(last_id)
            lock.reacquire()
            if next_id == last_id:
                break
            self.append(entries)
            count, last_id = count + len(entries), next_id
        self._redis.set(self._server_key, server)
        return count

    def _read_stream(self, position: str, block: int | None = None) -> list[tuple[bytes, dict[bytes, bytes]]]:
        try:
            answer = self._redis.xread({self._key: position}, count=1 if block else _AT_ONCE, block=block)
        except ResponseError as error:
            self._repair(error)
            return []
        return cast("Any", answer)[0][1] if answer else []

    def _repair(self, error: Exception) -> None:
        """Delete a key that is no stream, so that it is filled again; raise any other error."""
        if not is_wrong_type(error):
            raise error
        log.warning("the key %s is no stream of revocations; it is deleted and filled again", self._key)
        self._redis.delete(self._key, self._server_key)
        self._counters.add("repaired_keys", "revocations")

    def _decode(self, fields: dict[bytes, bytes]) -> Entry | None:
        """Return an entry; None for one that is invalid, which must not hide the others."""
        try:
            given: dict[str, Any] = {}
            for field, value in fields.items():
                name, read = _FIELDS[field]
                given[name] = read(value)
            return Closing(**given) if "sid" in given else Revocation(**given)
        except (TypeError, ValueError, KeyError) as error:
            log.warning("an entry of the revocations is invalid: %s", error)
            return None


def _user_id(value: bytes) -> str:
    return check(value.decode())


def _number(value: bytes) -> int:
    if not value.isdigit() or len(value) > _LONGEST_NUMBER:
        raise ValueError("a number was expected")
    return int(value)


def _text(value: bytes) -> str:
    text = value.decode()
    if not 0 < len(text) <= LONGEST_FAMILY:
        raise ValueError("a name was expected")
    return text


# By field of an entry: the same as a text, and what reads its value. A process that starts decodes up to a million.
_FIELDS: dict[bytes, tuple[str, Callable[[bytes], Any]]] = {
    b"user_id": ("user_id", _user_id),
    b"created_at": ("created_at", _number),
    b"issued_until": ("issued_until", _number),
    b"family": ("family", _text),
    b"spared_family": ("spared_family", _text),
    b"sid": ("sid", _text),
}
