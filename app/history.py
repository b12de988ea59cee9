"""The bounded history of each user: a Redis stream, whose entry ids are the offsets that clients keep."""

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import orjson
from redis import Redis

from app import counters, events
from app.cache import RedisError, is_wrong_type

log = logging.getLogger(__name__)

EMPTY = "0-0"  # the offset of a history that nothing was ever written to
_PAGE = 200
_CLOCK_SKEW_MS = 60_000
_KEEP_SECONDS = 30 * 24 * 3600  # a stream that is kept longer than its entries still knows that it once had some
_STARTS = (b"0-0", b"?")  # what stands before an entry that may be the first
_END = b"}]"
_OFFSET_KEY = b',"offset":"'
_TAIL = b'"' + _END
_OFFSET = re.compile(r"(\d{1,19})-(\d{1,19})", re.ASCII)
_LOST = {b"n": b""}  # the entry with which a history begins that stands for one that could not be kept

# A key that holds no history is replaced by one that says so: with its first entry it does not vouch for the beginning.
_BEGIN_ANEW = """
local function begin_anew(key)
  redis.call('UNLINK', key)
  COUNT_REPAIR
  return redis.call('XADD', key, '*', 'n', '')
end
""".replace("COUNT_REPAIR", counters.lua_add("repaired_keys", "history"))

# One round trip for a batch. An entry that is there already (the same notification, after a crash) keeps its offset.
# Where the message queue is this same Redis the push goes out here too, so offsets and pushes come in one order.
# KEYS: one stream for each entry. ARGV: channel or '', length, ms before which none of these can have been added, ttl,
# what follows the offset in each packet, then for each entry: id, room, the packet up to the value of its offset. The
# answer: for each entry its offset and the one before; of an entry that was there already the one before is '?'.
# A key of another type, whose ids are used up, or of more entries than are ever kept here, which would take long to
# read, costs its own user what was in it, and nobody else anything.
_APPEND = (
    _BEGIN_ANEW
    + """
local function is_bad(answer)
  if not answer.err then return false end
  if string.find(answer.err, '^WRONGTYPE') or string.find(answer.err, 'exhausted the last possible ID') then
    return true
  end
  error(answer)
end
local channel, length, since, ttl, tail = unpack(ARGV, 1, 5)
local answers, known = {}, {}
for i, key in ipairs(KEYS) do
  local at = 3 * i + 3
  local id, room, head = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local stream = known[key]
  if not stream then
    local newest = redis.pcall('XREVRANGE', key, '+', '-', 'COUNT', 1)
    local last = newest[1]
    if not last and is_bad(newest) then begin_anew(key) end
    if last and redis.call('XLEN', key) > 2 * length + 200 then
      begin_anew(key)
      last = nil
    end
    stream = {last = last and last[1] or '0-0', offsets = {}}
    if last and tonumber(string.match(last[1], '^%d+')) >= tonumber(since) then
      for _, entry in ipairs(redis.call('XRANGE', key, since, '+')) do
        stream.offsets[entry[2][2]] = {entry[1], '?'}
      end
    end
    known[key] = stream
  end
  local place = stream.offsets[id]
  if not place then
    local offset = redis.pcall('XADD', key, 'MAXLEN', '~', length, '*', 'n', id, 'h', head, 't', tail)
    if type(offset) == 'table' and is_bad(offset) then
      begin_anew(key)
      stream.last, stream.offsets = '0-0', {}
      offset = redis.call('XADD', key, '*', 'n', id, 'h', head, 't', tail)
    end
    place = {offset, stream.last}
    stream.last = offset
    stream.offsets[id] = place
  end
  if channel ~= '' then
    local header = 'P' .. room .. '\\0' .. place[2] .. '\\0' .. place[1] .. '\\0'
    redis.call('PUBLISH', channel, header .. head .. place[1] .. tail)
  end
  answers[i] = place
end
for key in pairs(known) do redis.call('EXPIRE', key, ttl) end
return answers
"""
)

# Somebody else may have replaced it meanwhile. KEYS: a stream. ARGV: the offset of the entry that is no notification,
# or '' where the key is no stream; ttl. The answer: the newest offset.
_REPLACE = (
    _BEGIN_ANEW
    + """
local key, entry, ttl = KEYS[1], ARGV[1], ARGV[2]
local kind = redis.call('TYPE', key).ok
if kind == 'none' then return '0-0' end
if kind ~= 'stream' or (entry ~= '' and redis.call('XRANGE', key, entry, entry)[1]) then
  begin_anew(key)
  redis.call('EXPIRE', key, ttl)
end
local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
return last and last[1] or '0-0'
"""
)

_MARK_PARTIAL = """
local last, length
local info = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then last = info[i + 1] end
  if info[i] == 'length' then length = info[i + 1] end
end
return redis.call('XSETID', KEYS[1], last, 'ENTRIESADDED', length + 1, 'MAXDELETEDID', '0-1')
"""


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

    So may have been that of a user whose entry was there already: a crash came between it and `mark_partial`.
    """

    pushes: list[bytes]
    begun: list[int]


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
    """Append and read; RedisError where Redis is away.

    A key that holds something else than a history is replaced by an empty one that covers nothing of what was before.
    """

    def __init__(self, redis: Redis, *, length: int, seconds: int, channel: str = "") -> None:
        """Keep `length` entries a user for `seconds`; with a channel, publish each there as it is appended."""
        self._redis = redis
        self._length = length
        self._seconds = seconds
        self._channel = channel
        self._append = redis.register_script(_APPEND)
        self._mark = redis.register_script(_MARK_PARTIAL)
        self._replace = redis.register_script(_REPLACE)

    def append(self, entries: Sequence[Entry]) -> "Appended":
        """Append each entry once, whatever was appended before a crash."""
        if not entries:
            return Appended(pushes=[], begun=[])
        since = min(entry.created_at for entry in entries) * 1000 - _CLOCK_SKEW_MS
        keys = [_key(entry.user_id) for entry in entries]
        args: list[str | bytes | int] = [self._channel, self._length, max(since, 0), _KEEP_SECONDS, _TAIL]
        for entry in entries:
            args += entry.notification_id, events.room_of(entry.user_id), entry.head
        places = cast("list[tuple[bytes, bytes]]", self._append(keys=keys, args=args))
        begun = [e.user_id for e, (_, previous) in zip(entries, places, strict=True) if previous in _STARTS]
        if self._channel:
            return Appended(pushes=[], begun=begun)
        pushes = [
            events.encode_push(
                events.room_of(entry.user_id),
                entry.head + offset + _TAIL,
                previous=previous.decode(),
                offset=offset.decode(),
            )
            for entry, (offset, previous) in zip(entries, places, strict=True)
        ]
        return Appended(pushes, begun)

    def mark_partial(self, user_ids: Sequence[int]) -> None:
        """Say of histories that just began that they are not the first: an earlier one was lost.

        They are counted as having had one entry more than is there, which `read_after` looks at.
        """
        pipeline = self._redis.pipeline(transaction=False)
        for user_id in user_ids:
            self._mark(keys=[_key(user_id)], client=pipeline)
        pipeline.execute()

    def read_after(self, user_id: int, last_offset: str | None) -> Gap:
        """Return what followed `last_offset`; without one, nothing but the newest offset."""
        try:
            return self._read_after(_key(user_id), last_offset)
        except (_BadEntry, RedisError) as error:
            return self._covers_nothing(user_id, error)

    def _read_after(self, key: str, last_offset: str | None) -> Gap:
        if last_offset is None:
            return Gap(is_covered=True, packets=[], newest=self._newest(key))
        if last_offset == EMPTY:
            return self._read_from_the_start(key)
        entries = self._read(key, last_offset) if _OFFSET.fullmatch(last_offset) else []
        if not entries or entries[0][0].decode() != last_offset or self._is_too_old(last_offset, entries):
            return Gap(is_covered=False, packets=[], newest=self._newest(key))
        return _gap(entries[1:], newest=entries[-1][0].decode())

    def read_many(self, asked: Sequence[tuple[int, str | None]]) -> list[Gap]:
        """Do `read_after` for each (user_id, last_offset); as far as they are simple, in one round trip for all."""
        pipeline = self._redis.pipeline(transaction=False)
        for user_id, last_offset in asked:
            if last_offset is None:
                pipeline.xrevrange(_key(user_id), count=1)
            else:
                start = last_offset if _OFFSET.fullmatch(last_offset) else EMPTY
                pipeline.xrange(_key(user_id), min=start, count=_PAGE)
        pages = cast("list[list[_RawEntry] | RedisError]", pipeline.execute(raise_on_error=False))
        return [self._read_on(*one, page) for one, page in zip(asked, pages, strict=True)]

    def _read_on(self, user_id: int, last_offset: str | None, page: "list[_RawEntry] | RedisError") -> Gap:
        """Return the gap that begins with a first page, or with the error that came in its place."""
        try:
            if isinstance(page, RedisError):
                raise page
            gap = self._simple(last_offset, page)
        except (_BadEntry, RedisError) as error:
            return self._covers_nothing(user_id, error)
        return gap or self.read_after(user_id, last_offset)

    def _covers_nothing(self, user_id: int, error: "_BadEntry | RedisError") -> Gap:
        """Replace what is no history; raise the error again where it is not the key's own."""
        if isinstance(error, RedisError) and not is_wrong_type(error):
            raise error
        log.warning("the history of user %d begins anew: %s", user_id, error)
        entry, newest = error.offset if isinstance(error, _BadEntry) else b"", EMPTY
        try:
            newest = cast(bytes, self._replace(keys=[_key(user_id)], args=[entry, _KEEP_SECONDS])).decode()
        except RedisError as reason:
            log.warning("the history of user %d is not replaced: %s", user_id, reason)
        return Gap(is_covered=False, packets=[], newest=newest)

    def _simple(self, last_offset: str | None, page: list["_RawEntry"]) -> Gap | None:
        """Return the gap that a first page shows, None where it takes more to know."""
        if last_offset is None:
            return Gap(is_covered=True, packets=[], newest=page[0][0].decode() if page else EMPTY)
        if not page:
            return Gap(is_covered=True, packets=[], newest=EMPTY) if last_offset == EMPTY else None
        is_simple = page[0][0].decode() == last_offset and len(page) < _PAGE and not self._is_too_old(last_offset, page)
        return _gap(page[1:], newest=page[-1][0].decode()) if is_simple else None

    def newest(self, user_id: int) -> str:
        """Return the offset of the newest entry, `0-0` where there is none."""
        return self._newest(_key(user_id))

    def _newest(self, key: str) -> str:
        last = cast("list[_RawEntry]", self._redis.xrevrange(key, count=1))
        return last[0][0].decode() if last else EMPTY

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


_RawEntry = tuple[bytes, dict[bytes, bytes]]


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
