"""The unread count of each user, as last told to the user's sockets."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis

from app import counters, epochs, events
from app.cache import RedisError

log = logging.getLogger(__name__)

_TTL_SECONDS = 30 * 24 * 3600
# "<moment>@<epoch>@<server>:<count>". The last release, beside which this one runs for a while, takes the digits at the
# beginning for the moment and what follows the colon for the count.
_VALUE = re.compile(rb"\d{1,20}(?:@(\d+)@(\w+))?:(\d{1,15})")

# A count that was read from the database earlier never takes the place of one that was read later. What is no count is
# deleted, and so is one that seems to be read a minute from now or later: it would be kept for ever. One of an
# earlier epoch is none. Each is stored with what it was verified on (see app.epochs), and not handed out elsewhere: a
# server that came back may have lost the last changes.
# KEYS: one for each user. ARGV: channel or '', moment of the reading, ttl, 1 to keep what is not kept already,
# else 0, then for each user: room, count.
_SET = (
    epochs.LUA
    + """
local epoch, server = verified()
if not epoch then return redis.error_reply(unverified) end
local tag = '@' .. epoch .. '@' .. string.sub(server, 1, 12)
local function has_history(room)
  local newest = redis.pcall('XREVRANGE', 'user:' .. room .. ':history', '+', '-', 'COUNT', 1)[1]
  return newest and is_of_epoch(newest[1], epoch)
end
local accepted, read_at = {}, tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for i, key in ipairs(KEYS) do
  local room, count = ARGV[2 * i + 3], ARGV[2 * i + 4]
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
    if moment or ARGV[4] == '1' or has_history(room) then
      redis.call('SET', key, ARGV[2] .. tag .. ':' .. count, 'EX', ARGV[3])
    end
    if ARGV[1] ~= '' then
      redis.call('PUBLISH', ARGV[1], 'P' .. room .. '\\0\\0\\00042["unread",{"count":' .. count .. '}]')
    end
    accepted[i] = 1
  end
end
return accepted
""".replace("COUNT_REPAIR", counters.lua_add("repaired_keys", "unread"))
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of a user's unread notifications.

    The count is None where it may be out of date. `is_any` is whether one was ever kept in this epoch: where not, an
    empty history may be one that was lost.
    """

    count: int | None
    is_any: bool


UNKNOWN = Remembered(None, is_any=False)


class UnreadCache:
    """Set and get; RedisError where Redis is away, and to set where its data is unverified (see app.epochs)."""

    def __init__(self, redis: Redis, *, channel: str = "") -> None:
        """With a channel, publish each count there as it is set."""
        self._redis = redis
        self._counters = counters.Counters(redis)
        self._channel = channel
        self._set = redis.register_script(_SET)
        self._epochs = epochs.Epochs(redis)

    def moment(self) -> int:
        """Return the moment (microseconds) that a count about to be read from the database belongs to.

        It is told by Redis' clock, since those of processes differ: a change that was counted by one whose clock is
        behind would lose against an older count.
        """
        seconds, microseconds = self._redis.time()
        return seconds * 1_000_000 + microseconds

    def set(self, counts: Mapping[int, int], *, read_at: int, is_first: bool = True) -> list[bytes]:
        """Keep the counts that are newer than those kept; return the pushes that are still to be published.

        Those that are not the first don't take the place of counts that Redis has forgotten, unless there is a history:
        by a missing count an IM server tells an empty history from one that was forgotten as well.
        """
        if not counts:
            return []
        args: list[str | int] = [self._channel, read_at, _TTL_SECONDS, int(is_first)]
        for user_id, count in counts.items():
            args += [events.room_of(user_id), count]
        accepted = cast("list[int]", self._set(keys=[_key(user_id) for user_id in counts], args=args))
        if self._channel:
            return []
        return [
            events.encode_push(events.room_of(user_id), events.encode_packet(events.UNREAD, {"count": count}))
            for (user_id, count), is_newer in zip(counts.items(), accepted, strict=True)
            if is_newer
        ]

    def get(self, user_id: int) -> int | None:
        """Return the count, or None where it is not known."""
        return self.get_many([user_id])[0]

    def get_many(self, user_ids: Sequence[int]) -> list[int | None]:
        """Return the count of each, None where it is not known."""
        return [remembered.count for remembered in self.read_many(user_ids)]

    def read_many(self, user_ids: Sequence[int]) -> list[Remembered]:
        """Return what is known of each. What is no count is deleted, and not known."""
        [values], at = self._epochs.read_with(lambda pipeline: self.ask(pipeline, user_ids))
        return self.answer(user_ids, values, at)

    def ask(self, pipeline: Any, user_ids: Sequence[int]) -> None:
        """Ask for what `answer` needs, in a single command."""
        pipeline.mget([_key(user_id) for user_id in user_ids])

    def answer(
        self, user_ids: Sequence[int], values: list[bytes | None] | Exception, at: epochs.Verified | None
    ) -> list[Remembered]:
        """Return what is known of each from what `ask` got."""
        if isinstance(values, Exception):
            raise values
        # A key of another type is None here, and is found by the next `set`.
        found = [None if value is None else _VALUE.fullmatch(value) for value in values]
        for user_id, value, match in zip(user_ids, values, found, strict=True):
            if value is not None and not match:
                self._delete(user_id, value)
        return [_remembered(match, at) for match in found]

    def _delete(self, user_id: int, value: bytes) -> None:
        log.warning("the unread count of user %d is no count, and is deleted: %r", user_id, value[:40])
        try:
            self._redis.delete(_key(user_id))
        except RedisError as error:
            log.warning("the unread count of user %d is not deleted: %s", user_id, error)
        else:
            self._counters.add("repaired_keys", "unread")


def _remembered(match: re.Match[bytes] | None, at: epochs.Verified | None) -> Remembered:
    if not match or not at:
        return UNKNOWN
    epoch, server, count = match.groups()
    if epoch is None or int(epoch) != at.epoch:
        return UNKNOWN
    return Remembered(int(count) if at.server.startswith(server.decode()) else None, is_any=True)


def _key(user_id: int) -> str:
    return f"user:{user_id}:unread"
