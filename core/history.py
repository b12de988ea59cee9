"""The bounded history of each user: a Redis stream whose entry ids are the offsets that clients keep."""

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import orjson
from redis import Redis

from core import epochs, history_scripts, wire
from core.cache import RedisError, is_wrong_type
from core.keys import Keys

log = logging.getLogger(__name__)

EMPTY = "0-0"  # the offset of a history that nothing was ever written to
_PAGE = 200
_KEEP_SECONDS = 30 * 24 * 3600  # a stream that is kept longer than its entries still knows that it once had some
_STARTS = (b"0-0", b"?")  # the previous offset of an entry that may be the first
_END = b"}]"
_OFFSET_KEY = b',"offset":"'
_TAIL = b'"' + _END
_OFFSET = re.compile(r"(\d{1,19})-(\d{1,19})", re.ASCII)
_LOST = {b"n": b""}  # the first entry of a history that records that an earlier history is lost


@dataclass(frozen=True, slots=True)
class Entry:
    """One notification, or one withdrawal, on its way into a history. `created_at` in Unix seconds.

    `name` tells it from the user's other entries: an entry with the same name is not added again. `head` is its packet
    up to the value of its offset, which comes last.
    """

    name: int | str
    user_id: str
    head: bytes
    created_at: int

    @classmethod
    def encode(
        cls,
        name: int | str,
        user_id: str,
        event: str,
        data: dict[str, object],
        created_at: int,
        *,
        audience: wire.Audience = wire.Audience.ALL,
    ) -> "Entry":
        """Encode data that is complete except for its offset; raise TypeError where it can't be JSON."""
        packet = wire.encode_packet(event, data, audience=audience)
        return cls(name, user_id, packet[: -len(_END)] + _OFFSET_KEY, created_at)


@dataclass(frozen=True, slots=True)
class Appended:
    """`pushes` still have to be published, in the order of the entries; `begun` names users whose history was empty.

    `begun` also names a user whose entry existed already and may be the first, since a crash may have come before
    `mark_partial`. The database remembers `tick` when it marks the entries as dispatched; without entries it is None.
    """

    pushes: list[bytes]
    begun: list[str]
    moment: int
    tick: epochs.Tick | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """What a client missed: `packets` in order, each as it goes on the wire, with its offset.

    `is_covered` is False where the history can't say what came after the client's offset; then there are no packets.
    """

    is_covered: bool
    packets: list[tuple[str, bytes]]
    newest: str


class _BadEntry(Exception):
    """A stream has an entry, at `offset`, that `append` has not written."""

    def __init__(self, offset: bytes) -> None:
        super().__init__(f"an entry at {offset!r} that is no notification")
        self.offset = offset


class History:
    """Append and read. RedisError where Redis is unavailable; `append` also for unverified data (see core.epochs).

    A key that is not a history is replaced by an empty history, which covers nothing from before. A history of another
    epoch is replaced in the same way, by the first process that finds it: its offsets are unknown from then on.
    """

    def __init__(self, redis: Redis, keys: Keys = Keys(), *, length: int, seconds: int, channel: str = "") -> None:
        """Keep `length` entries of each user for `seconds`. With a channel, `append` also publishes each one there."""
        self._redis = redis
        self._keys = keys
        self._length = length
        self._seconds = seconds
        self._channel = channel
        self._epochs = epochs.Epochs(redis, keys)
        self._append = redis.register_script(history_scripts.APPEND)
        self._mark = redis.register_script(history_scripts.MARK_PARTIAL)
        self._replace = redis.register_script(history_scripts.REPLACE)

    def append(self, entries: Sequence[Entry]) -> "Appended":
        """Append each entry once, also where a crash came after an earlier attempt."""
        if not entries:
            return Appended(pushes=[], begun=[], moment=0)
        since = min(entry.created_at for entry in entries) * 1000 - history_scripts.CLOCK_SKEW_MS
        keys = [self._keys.epoch, self._keys.counters, *(self._keys.history(entry.user_id) for entry in entries)]
        args: list[str | bytes | int] = [self._channel, self._length, max(since, 0), _KEEP_SECONDS, _TAIL]
        for entry in entries:
            args += entry.name, entry.user_id, entry.head
        answer = cast("tuple[bytes, bytes, int, bytes, int, list[_Place]]", self._append(keys=keys, args=args))
        epoch, server, sequence, committed, moment, places = answer
        tick = epochs.Tick(epochs.Verified(int(epoch), server.decode()), sequence, int(committed))
        begun = [e.user_id for e, (_, previous) in zip(entries, places, strict=True) if previous in _STARTS]
        if self._channel:
            return Appended([], begun, moment, tick)
        pushes = [
            wire.encode_push(
                entry.user_id,
                entry.head + offset + _TAIL,
                previous=previous.decode(),
                offset=offset.decode(),
            )
            for entry, (offset, previous) in zip(entries, places, strict=True)
        ]
        return Appended(pushes, begun, moment, tick)

    def mark_partial(self, user_ids: Sequence[str], tick: epochs.Tick) -> epochs.Tick:
        """Mark histories that just began as partial, since an earlier history was lost. Return the new tick.

        The mark is a count of added entries that is one too high. A read compares it with the entries that are there.
        """
        if not user_ids:
            return tick
        sequence = cast(int, self._mark(keys=[self._keys.epoch, *map(self._keys.history, user_ids)]))
        return replace(tick, sequence=sequence)

    def read_after(self, user_id: str, last_offset: str | None) -> Gap | None:
        """Return what followed `last_offset`; without `last_offset`, only the newest offset.

        None where the data is unverified: a comparison with the database has to come first.
        """
        return self.read_many([(user_id, last_offset)])[0]

    def read_many(self, asked: "Sequence[Asked]") -> list[Gap | None]:
        """Do `read_after` for each client. The simple cases need one round trip for all of them."""
        pages, at = self._epochs.read_with(lambda pipeline: self.ask(pipeline, asked))
        return self.answer(asked, pages, at)

    def ask(self, pipeline: Any, asked: "Sequence[Asked]") -> None:
        """Request a first page of each history, which is usually enough for `answer`."""
        for user_id, last_offset in asked:
            if last_offset is None:
                pipeline.xrevrange(self._keys.history(user_id), count=1)
            else:
                start = last_offset if _OFFSET.fullmatch(last_offset) else EMPTY
                pipeline.xrange(self._keys.history(user_id), min=start, count=_PAGE)

    def answer(self, asked: "Sequence[Asked]", pages: Sequence[Any], at: epochs.Verified | None) -> list[Gap | None]:
        """Return each gap from the answers to `ask`; read more pages where a first page is not enough."""
        mark = epochs.mark(at.epoch) if at else None
        return [self._read_on(*one, page, mark) for one, page in zip(asked, pages, strict=True)]

    def _read_on(
        self, user_id: str, last_offset: str | None, page: "_Page | RedisError", mark: bytes | None
    ) -> Gap | None:
        """Return the gap that starts with a first page, or handle the error that came instead of the page."""
        if mark is None and last_offset is not None:
            return None
        try:
            if isinstance(page, RedisError):
                raise page
            if mark is not None and page and not epochs.is_marked(page[-1][0], mark):
                newest = self._begin_anew(user_id, b"")
                return Gap(is_covered=last_offset is None, packets=[], newest=newest)
            if last_offset is None:
                return Gap(is_covered=True, packets=[], newest=_newest_of(page))
            return self._simple(last_offset, page) or self._read_all(self._keys.history(user_id), last_offset)
        except (_BadEntry, RedisError) as error:
            return self._covers_nothing(user_id, error)

    def _simple(self, last_offset: str, page: "_Page") -> Gap | None:
        """Return the gap that a first page shows, None where more reads are needed."""
        if not page:
            return Gap(is_covered=True, packets=[], newest=EMPTY) if last_offset == EMPTY else None
        is_simple = page[0][0].decode() == last_offset and len(page) < _PAGE and not self._is_too_old(last_offset, page)
        return _gap(page[1:], newest=page[-1][0].decode()) if is_simple else None

    def _read_all(self, key: str, last_offset: str) -> Gap:
        if last_offset == EMPTY:
            return self._read_from_the_start(key)
        entries = self._read(key, last_offset) if _OFFSET.fullmatch(last_offset) else []
        if not entries or entries[0][0].decode() != last_offset or self._is_too_old(last_offset, entries):
            return Gap(is_covered=False, packets=[], newest=self._newest(key))
        return _gap(entries[1:], newest=entries[-1][0].decode())

    def _covers_nothing(self, user_id: str, error: "_BadEntry | RedisError") -> Gap:
        """Replace a key that is not a history; raise the error again where the key is not the cause."""
        if isinstance(error, RedisError) and not is_wrong_type(error):
            raise error
        log.warning("the history of user %s is invalid and starts again: %s", user_id, error)
        newest = self._begin_anew(user_id, error.offset if isinstance(error, _BadEntry) else b"")
        return Gap(is_covered=False, packets=[], newest=newest)

    def _begin_anew(self, user_id: str, entry: bytes) -> str:
        """Replace a history by a new one that records the loss, and return its newest offset."""
        keys = [self._keys.epoch, self._keys.counters, self._keys.history(user_id)]
        try:
            return cast(bytes, self._replace(keys=keys, args=[entry, _KEEP_SECONDS])).decode()
        except RedisError as reason:
            log.warning("can't replace the history of user %s: %s", user_id, reason)
        return EMPTY

    def offset_of(self, notification_id: int, user_id: str, created_at: int) -> str | None:
        """Return the offset of a notification; None where the history does not have it, or no longer."""
        since = max(created_at * 1000 - history_scripts.CLOCK_SKEW_MS, 0)
        key = self._keys.history(user_id)
        try:
            page = cast("_Page", self._redis.xrange(key, min=since, count=2 * self._length + _PAGE))
        except RedisError as error:
            if is_wrong_type(error):
                return None
            raise
        named = str(notification_id).encode()
        return next((offset.decode() for offset, fields in page if fields.get(b"n") == named), None)

    def newest(self, user_id: str) -> str:
        """Return the offset of the newest entry, `0-0` in an empty history."""
        gap = self.read_after(user_id, None)
        return gap.newest if gap else EMPTY

    def _newest(self, key: str) -> str:
        return _newest_of(cast("_Page", self._redis.xrevrange(key, count=1)))

    def _read_from_the_start(self, key: str) -> Gap:
        entries = self._read(key, "-")
        if not entries:
            return Gap(is_covered=True, packets=[], newest=EMPTY)
        newest = entries[-1][0].decode()
        if not self._has_the_first(key, entries) or self._is_too_old(entries[0][0].decode(), entries):
            return Gap(is_covered=False, packets=[], newest=newest)
        return _gap(entries, newest=newest)

    def _has_the_first(self, key: str, entries: list["_RawEntry"]) -> bool:
        info = cast("dict[str, int]", self._redis.xinfo_stream(key))
        return entries[0][1] != _LOST and info["entries-added"] == len(entries)

    def _is_too_old(self, offset: str, entries: list["_RawEntry"]) -> bool:
        oldest_ms = (time.time() - self._seconds) * 1000
        return len(entries) > 1 and int(offset.partition("-")[0]) < oldest_ms

    def _read(self, key: str, start: str) -> list["_RawEntry"]:
        """Read all entries from `start` on, page by page; raise _BadEntry where there are more than a history keeps."""
        entries: list[_RawEntry] = []
        while len(entries) <= 2 * self._length + _PAGE:
            page = cast("list[_RawEntry]", self._redis.xrange(key, min=start, count=_PAGE))
            entries += page
            if len(page) < _PAGE:
                return entries
            start = "(" + page[-1][0].decode()
        raise _BadEntry(entries[0][0])


Asked = tuple[str, str | None]  # a user's id, and the offset of a client
_Place = tuple[bytes, bytes]  # the offset of an entry, and the one before
_RawEntry = tuple[bytes, dict[bytes, bytes]]
_Page = list[_RawEntry]


def _newest_of(page: _Page) -> str:
    return page[-1][0].decode() if page else EMPTY


def _gap(entries: list[_RawEntry], *, newest: str) -> Gap:
    packets = [(offset.decode(), _packet(offset, fields)) for offset, fields in entries]
    return Gap(is_covered=True, packets=packets, newest=newest)


def _packet(offset: bytes, fields: dict[bytes, bytes]) -> bytes:
    """Build the packet of an entry; raise _BadEntry for an invalid entry."""
    packet = fields.get(b"h", b"") + offset + fields.get(b"t", b"")
    try:
        event, data = orjson.loads(packet.removeprefix(b"42"))
        if packet.startswith(b"42") and isinstance(event, str) and data["offset"] == offset.decode():
            return packet
    except (ValueError, TypeError, KeyError):
        pass
    raise _BadEntry(offset)
