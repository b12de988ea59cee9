"""The bounded history of each user: a Redis stream, whose entry ids are the offsets that clients keep."""

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import orjson
from redis import Redis

from app import epochs, events, history_scripts
from app.cache import RedisError, is_wrong_type

log = logging.getLogger(__name__)

EMPTY = "0-0"  # the offset of a history that nothing was ever written to
_PAGE = 200
_KEEP_SECONDS = 30 * 24 * 3600  # a stream that is kept longer than its entries still knows that it once had some
_STARTS = (b"0-0", b"?")  # what stands before an entry that may be the first
_END = b"}]"
_OFFSET_KEY = b',"offset":"'
_TAIL = b'"' + _END
_OFFSET = re.compile(r"(\d{1,19})-(\d{1,19})", re.ASCII)
_LOST = {b"n": b""}  # the entry with which a history begins that stands for one that could not be kept


@dataclass(frozen=True, slots=True)
class Entry:
    """One notification on its way into a history. `created_at` in Unix seconds.

    `head` is its packet up to the value of its offset, which is the last.
    """

    notification_id: int
    user_id: int
    head: bytes
    created_at: int

    @classmethod
    def encode(
        cls, notification_id: int, user_id: int, event: str, data: dict[str, object], created_at: int
    ) -> "Entry":
        """Encode data that lacks nothing but its offset; raise TypeError where it can't be JSON."""
        packet = events.encode_packet(event, data)
        return cls(notification_id, user_id, packet[: -len(_END)] + _OFFSET_KEY, created_at)


@dataclass(frozen=True, slots=True)
class Appended:
    """`pushes` are still to be published, in the order of the entries; `begun` names the users whose history was empty.

    So may have been that of a user whose entry was there already: a crash came between it and `mark_partial`. `tick` is
    for the database to remember when it marks the entries as dispatched; without entries there is none.
    """

    pushes: list[bytes]
    begun: list[int]
    moment: int
    tick: epochs.Tick | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """What a client missed: `packets` in order, each as it goes on the wire, with its offset.

    `is_covered` is False where the history can't tell what came after the client's offset; then there are no packets.
    """

    is_covered: bool
    packets: list[tuple[str, bytes]]
    newest: str


class _BadEntry(Exception):
    """A stream has an entry, at `offset`, that no append wrote."""

    def __init__(self, offset: bytes) -> None:
        super().__init__(f"an entry at {offset!r} that is no notification")
        self.offset = offset


class History:
    """Append and read; RedisError where Redis is away, and to append where its data is unverified (see app.epochs).

    A key that holds something else than a history is replaced by an empty one that covers nothing of what was before.
    So is one of another epoch, whoever meets it: its offsets are unknown from then on.
    """

    def __init__(self, redis: Redis, *, length: int, seconds: int, channel: str = "") -> None:
        """Keep `length` entries a user for `seconds`; with a channel, publish each there as it is appended."""
        self._redis = redis
        self._length = length
        self._seconds = seconds
        self._channel = channel
        self._epochs = epochs.Epochs(redis)
        self._append = redis.register_script(history_scripts.APPEND)
        self._mark = redis.register_script(history_scripts.MARK_PARTIAL)
        self._replace = redis.register_script(history_scripts.REPLACE)

    def append(self, entries: Sequence[Entry]) -> "Appended":
        """Append each entry once, whatever was appended before a crash."""
        if not entries:
            return Appended(pushes=[], begun=[], moment=0)
        since = min(entry.created_at for entry in entries) * 1000 - history_scripts.CLOCK_SKEW_MS
        keys = [_key(entry.user_id) for entry in entries]
        args: list[str | bytes | int] = [self._channel, self._length, max(since, 0), _KEEP_SECONDS, _TAIL]
        for entry in entries:
            args += entry.notification_id, events.room_of(entry.user_id), entry.head
        answer = cast("tuple[bytes, bytes, int, bytes, int, list[_Place]]", self._append(keys=keys, args=args))
        epoch, server, sequence, committed, moment, places = answer
        tick = epochs.Tick(epochs.Verified(int(epoch), server.decode()), sequence, int(committed))
        begun = [e.user_id for e, (_, previous) in zip(entries, places, strict=True) if previous in _STARTS]
        if self._channel:
            return Appended([], begun, moment, tick)
        pushes = [
            events.encode_push(
                events.room_of(entry.user_id),
                entry.head + offset + _TAIL,
                previous=previous.decode(),
                offset=offset.decode(),
            )
            for entry, (offset, previous) in zip(entries, places, strict=True)
        ]
        return Appended(pushes, begun, moment, tick)

    def mark_partial(self, user_ids: Sequence[int], tick: epochs.Tick) -> epochs.Tick:
        """Say of histories that just began that they are not the first: an earlier one was lost. Return the new tick.

        They are counted as having had one entry more than is there, which reading looks at.
        """
        if not user_ids:
            return tick
        sequence = cast(int, self._mark(keys=[_key(user_id) for user_id in user_ids]))
        return replace(tick, sequence=sequence)

    def read_after(self, user_id: int, last_offset: str | None) -> Gap | None:
        """Return what followed `last_offset`; without one, nothing but the newest offset.

        None where the data is unverified: nobody can tell before somebody has compared it with the database.
        """
        return self.read_many([(user_id, last_offset)])[0]

    def read_many(self, asked: "Sequence[Asked]") -> list[Gap | None]:
        """Do `read_after` for each; as far as they are simple, in one round trip for all."""
        pages, at = self._epochs.read_with(lambda pipeline: self.ask(pipeline, asked))
        return self.answer(asked, pages, at)

    def ask(self, pipeline: Any, asked: "Sequence[Asked]") -> None:
        """Ask for as much of each history as is mostly enough for `answer`."""
        for user_id, last_offset in asked:
            if last_offset is None:
                pipeline.xrevrange(_key(user_id), count=1)
            else:
                start = last_offset if _OFFSET.fullmatch(last_offset) else EMPTY
                pipeline.xrange(_key(user_id), min=start, count=_PAGE)

    def answer(self, asked: "Sequence[Asked]", pages: Sequence[Any], at: epochs.Verified | None) -> list[Gap | None]:
        """Return the gap of each from what `ask` got, reading on where that is not enough."""
        mark = epochs.mark(at.epoch) if at else None
        return [self._read_on(*one, page, mark) for one, page in zip(asked, pages, strict=True)]

    def _read_on(
        self, user_id: int, last_offset: str | None, page: "_Page | RedisError", mark: bytes | None
    ) -> Gap | None:
        """Return the gap that begins with a first page, or with the error that came in its place."""
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
            return self._simple(last_offset, page) or self._read_all(_key(user_id), last_offset)
        except (_BadEntry, RedisError) as error:
            return self._covers_nothing(user_id, error)

    def _simple(self, last_offset: str, page: "_Page") -> Gap | None:
        """Return the gap that a first page shows, None where it takes more to know."""
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

    def _covers_nothing(self, user_id: int, error: "_BadEntry | RedisError") -> Gap:
        """Replace what is no history; raise the error again where it is not the key's own."""
        if isinstance(error, RedisError) and not is_wrong_type(error):
            raise error
        log.warning("the history of user %d begins anew: %s", user_id, error)
        newest = self._begin_anew(user_id, error.offset if isinstance(error, _BadEntry) else b"")
        return Gap(is_covered=False, packets=[], newest=newest)

    def _begin_anew(self, user_id: int, entry: bytes) -> str:
        """Replace a history by one that stands for what is lost, and return its newest offset."""
        try:
            return cast(bytes, self._replace(keys=[_key(user_id)], args=[entry, _KEEP_SECONDS])).decode()
        except RedisError as reason:
            log.warning("the history of user %d is not replaced: %s", user_id, reason)
        return EMPTY

    def newest(self, user_id: int) -> str:
        """Return the offset of the newest entry, `0-0` where there is none."""
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
        """Read all entries from `start` on, by the page; raise _BadEntry where there are more than are ever kept."""
        entries: list[_RawEntry] = []
        while len(entries) <= 2 * self._length + _PAGE:
            page = cast("list[_RawEntry]", self._redis.xrange(key, min=start, count=_PAGE))
            entries += page
            if len(page) < _PAGE:
                return entries
            start = "(" + page[-1][0].decode()
        raise _BadEntry(entries[0][0])


Asked = tuple[int, str | None]  # a user's id, and the offset of a client
_Place = tuple[bytes, bytes]  # the offset of an entry, and the one before
_RawEntry = tuple[bytes, dict[bytes, bytes]]
_Page = list[_RawEntry]


def _newest_of(page: _Page) -> str:
    return page[-1][0].decode() if page else EMPTY


def _gap(entries: list[_RawEntry], *, newest: str) -> Gap:
    packets = [(offset.decode(), _packet(offset, fields)) for offset, fields in entries]
    return Gap(is_covered=True, packets=packets, newest=newest)


def _packet(offset: bytes, fields: dict[bytes, bytes]) -> bytes:
    """Build the packet of an entry; raise _BadEntry where the entry has none."""
    packet = fields.get(b"h", b"") + offset + fields.get(b"t", b"")
    try:
        event, data = orjson.loads(packet.removeprefix(b"42"))
        if packet.startswith(b"42") and isinstance(event, str) and data["offset"] == offset.decode():
            return packet
    except (ValueError, TypeError, KeyError):
        pass
    raise _BadEntry(offset)


def _key(user_id: int) -> str:
    return f"user:{user_id}:history"
