"""The counts of each user, as they are sent to the user's sockets. The unread count is kept, for who connects later."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis

from core import counters, epochs, events, wire
from core.cache import RedisError
from core.keys import Keys

log = logging.getLogger(__name__)

_TTL_SECONDS = 30 * 24 * 3600
# "<moment>@<epoch>@<server>:<count>". During an upgrade the last release reads this value too: the digits at the
# beginning as the moment, and the text after the colon as the count.
_VALUE = re.compile(rb"\d{1,20}(?:@(\d+)@(\w+))?:(\d{1,15})")

# A count that was read from the database earlier never replaces one that was read later. An invalid count is deleted.
# So is a count whose moment is more than a minute ahead, since no other count would ever replace it. A count of an
# earlier epoch counts as missing. Each count is stored with the epoch and the server on which it was verified (see
# core.epochs), and is valid only there: a server that came back may have lost the last changes.
# KEYS: that of the epoch, that of the counters, one for each user; then, unless missing counts are to be created, the
# history of each user. ARGV: channel or '', the moment at which the counts were read, ttl; then for each user: count,
# and the pushes that are published with it.
_SET = (
    epochs.LUA
    + """
local epoch, server = verified()
if not epoch then return redis.error_reply(unverified) end
local tag = '@' .. epoch .. '@' .. string.sub(server, 1, 12)
local users = (#ARGV - 3) / 2
local function may_begin(i)
  local history = KEYS[2 + users + i]
  if not history then return true end
  local newest = redis.pcall('XREVRANGE', history, '+', '-', 'COUNT', 1)[1]
  return newest and is_of_epoch(newest[1], epoch)
end
local accepted, read_at = {}, tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for i = 1, users do
  local key, count, pushes = KEYS[2 + i], ARGV[2 * i + 2], ARGV[2 * i + 3]
  local stored = redis.pcall('GET', key)
  local moment, of_epoch
  if stored then
    if type(stored) == 'string' then
      moment, of_epoch = string.match(stored, '^(%d+)@(%d+)@%w+:%d+$')
      moment = tonumber(moment or string.match(stored, '^(%d+):%d+$'))  -- as the last release writes it
    end
    if not moment or moment > now + 60000000 then
      redis.call('DEL', key)
      COUNT_REPAIR
      moment = nil
    elseif of_epoch ~= epoch then
      moment = nil
    end
  end
  accepted[i] = 0
  if not moment or moment <= read_at then
    if moment or may_begin(i) then
      redis.call('SET', key, ARGV[2] .. tag .. ':' .. count, 'EX', ARGV[3])
    end
    if ARGV[1] ~= '' then
      redis.call('PUBLISH', ARGV[1], pushes)
    end
    accepted[i] = 1
  end
end
return accepted
""".replace("COUNT_REPAIR", counters.lua_add("repaired_keys", "unread", key="KEYS[2]"))
)


MOST = 1000  # a count is exact up to 999, and 1000 means "1,000 or more"


@dataclass(frozen=True, slots=True)
class Counts:
    """What the sockets of a user are told. What is unseen is unread as well."""

    unread: int = 0
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Remembered:
    """What Redis knows about a user's unread notifications.

    `count` is None where it may be out of date. `is_any` says whether Redis has a count of this epoch. Without one, an
    empty history may be a lost one.
    """

    count: int | None
    is_any: bool


UNKNOWN = Remembered(None, is_any=False)


class UnreadCache:
    """Set and get. RedisError where Redis is unavailable; `set` also for unverified data (see core.epochs)."""

    def __init__(self, redis: Redis, keys: Keys = Keys(), *, channel: str = "") -> None:
        """With a channel, `set` also publishes each count there."""
        self._redis = redis
        self._keys = keys
        self._counters = counters.Counters(redis, keys)
        self._channel = channel
        self._redis_set = redis.register_script(_SET)
        self._epochs = epochs.Epochs(redis, keys)

    def moment(self) -> int:
        """Return the moment, in microseconds, of a count that the caller is about to read from the database.

        It is a time of Redis' clock, since the clocks of processes differ: a new count of a process whose clock is
        behind would lose against an older count.
        """
        seconds, microseconds = self._redis.time()
        return seconds * 1_000_000 + microseconds

    def set(self, counts: Mapping[str, Counts], *, read_at: int, create_missing: bool = True) -> list[bytes]:
        """Store the counts that are newer than the stored ones; return the pushes that still have to be published.

        A count that is stored already is told again: it may have been stored right before a crash, and a client may
        have read another one from the inbox before its user's preferences held a notification back.

        Without `create_missing`, a count that Redis has lost stays missing, unless the user has a history. The missing
        count shows an IM server that an empty history may be lost as well.
        """
        told = {user_id: [_push(user_id, count)] for user_id, count in counts.items()}
        accepted = self._store(counts, told, read_at, create_missing=create_missing)
        return [] if self._channel else [push for user_id in accepted for push in told[user_id]]

    def tell(self, user_id: str, counts: Counts, packets: Sequence[bytes], *, read_at: int) -> list[bytes] | None:
        """Tell a user's sockets the counts, and with them packets that were made of what was read at the same moment.

        Return the pushes that still have to be published. None says that newer counts were told in the meantime: then
        nothing is told, and the caller reads again.
        """
        told = [*(wire.encode_push(user_id, packet) for packet in packets), _push(user_id, counts)]
        if not self._store({user_id: counts}, {user_id: told}, read_at, create_missing=False):
            return None
        return [] if self._channel else told

    def _store(
        self,
        counts: Mapping[str, Counts],
        told: Mapping[str, Sequence[bytes]],
        read_at: int,
        *,
        create_missing: bool,
    ) -> list[str]:
        """Store counts, and publish what is told with them where there is a channel; return whose counts are newest."""
        if not counts:
            return []
        histories = () if create_missing else map(self._keys.history, counts)
        keys = [self._keys.epoch, self._keys.counters, *map(self._keys.unread, counts), *histories]
        args: list[str | bytes | int] = [self._channel, read_at, _TTL_SECONDS]
        for user_id, count in counts.items():
            args += count.unread, wire.SEPARATOR.join(told[user_id]) if self._channel else b""
        accepted = cast("list[int]", self._redis_set(keys=keys, args=args))
        return [user_id for user_id, is_newest in zip(counts, accepted, strict=True) if is_newest]

    def get(self, user_id: str) -> int | None:
        """Return the count, None where it is unknown."""
        return self.get_many([user_id])[0]

    def get_many(self, user_ids: Sequence[str]) -> list[int | None]:
        """Return the count of each user, None where it is unknown."""
        return [remembered.count for remembered in self.read_many(user_ids)]

    def read_many(self, user_ids: Sequence[str]) -> list[Remembered]:
        """Return what is known about each user. An invalid count is deleted, and is unknown."""
        [values], at = self._epochs.read_with(lambda pipeline: self.ask(pipeline, user_ids))
        return self.answer(user_ids, values, at)

    def ask(self, pipeline: Any, user_ids: Sequence[str]) -> None:
        """Request what `answer` needs, in a single command."""
        pipeline.mget([self._keys.unread(user_id) for user_id in user_ids])

    def answer(
        self, user_ids: Sequence[str], values: list[bytes | None] | Exception, at: epochs.Verified | None
    ) -> list[Remembered]:
        """Return what is known about each user, from the answer to `ask`."""
        if isinstance(values, Exception):
            raise values
        # A key of another type is None here. The next `set` deletes it.
        found = [None if value is None else _VALUE.fullmatch(value) for value in values]
        for user_id, value, match in zip(user_ids, values, found, strict=True):
            if value is not None and not match:
                self._delete(user_id, value)
        return [_remembered(match, at) for match in found]

    def _delete(self, user_id: str, value: bytes) -> None:
        log.warning("deleting the invalid unread count of user %s: %r", user_id, value[:40])
        try:
            self._redis.delete(self._keys.unread(user_id))
        except RedisError as error:
            log.warning("can't delete the invalid unread count of user %s: %s", user_id, error)
        else:
            self._counters.add("repaired_keys", "unread")


def _remembered(match: re.Match[bytes] | None, at: epochs.Verified | None) -> Remembered:
    if not match or not at:
        return UNKNOWN
    epoch, server, count = match.groups()
    if epoch is None or int(epoch) != at.epoch:
        return UNKNOWN
    return Remembered(min(int(count), MOST) if at.server.startswith(server.decode()) else None, is_any=True)


def _push(user_id: str, counts: Counts) -> bytes:
    told = {"count": counts.unread, "unseen_count": counts.unseen}
    return wire.encode_push(user_id, wire.encode_packet(events.UNREAD, told))
