"""The unread count of each user, as last told to the user's sockets."""

import logging
import re
import time
from collections.abc import Mapping, Sequence
from typing import cast

from redis import Redis

from app import counters, events
from app.cache import RedisError

log = logging.getLogger(__name__)

_TTL_SECONDS = 30 * 24 * 3600
_VALUE = re.compile(rb"\d{1,20}:(\d{1,15})")

# A count that was read from the database earlier never takes the place of one that was read later. What is no count is
# deleted, and so is one that seems to have been read more than a minute later: it would be kept for ever.
# KEYS: one for each user. ARGV: channel or '', moment of the reading, ttl, 1 to keep what is not kept already,
# else 0, then for each user: room, count.
_SET = """
local accepted, read_at = {}, tonumber(ARGV[2])
for i, key in ipairs(KEYS) do
  local room, count = ARGV[2 * i + 3], ARGV[2 * i + 4]
  local stored = redis.pcall('GET', key)
  local moment = type(stored) == 'string' and tonumber(string.match(stored, '^(%d+):%d+$'))
  if stored and (not moment or moment > read_at + 60000000) then
    redis.call('DEL', key)
    COUNT_REPAIR
    moment = nil
  end
  accepted[i] = 0
  if not moment or moment <= read_at then
    if moment or ARGV[4] == '1' then redis.call('SET', key, ARGV[2] .. ':' .. count, 'EX', ARGV[3]) end
    if ARGV[1] ~= '' then
      redis.call('PUBLISH', ARGV[1], 'P' .. room .. '\\0\\0\\00042["unread",{"count":' .. count .. '}]')
    end
    accepted[i] = 1
  end
end
return accepted
""".replace("COUNT_REPAIR", counters.lua_add("repaired_keys", "unread"))


def moment() -> int:
    """Return the moment (microseconds) that a count about to be read from the database belongs to."""
    return time.time_ns() // 1000


class UnreadCache:
    """Set and get; RedisError where Redis is away."""

    def __init__(self, redis: Redis, *, channel: str = "") -> None:
        """With a channel, publish each count there as it is set."""
        self._redis = redis
        self._counters = counters.Counters(redis)
        self._channel = channel
        self._set = redis.register_script(_SET)

    def set(self, counts: Mapping[int, int], *, read_at: int, is_first: bool = True) -> list[bytes]:
        """Keep the counts that are newer than those kept; return the pushes that are still to be published.

        Those that are not the first don't take the place of counts that Redis has forgotten: by a missing count an IM
        server tells an empty history from one that was forgotten as well.
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
        """Return the count of each, None where it is not known. What is no count is deleted, and not known."""
        # A key of another type is None here, and is found by the next `set`.
        values = cast("list[bytes | None]", self._redis.mget([_key(user_id) for user_id in user_ids]))
        found = [value and _VALUE.fullmatch(value) for value in values]
        for user_id, value, match in zip(user_ids, values, found, strict=True):
            if value is not None and not match:
                self._delete(user_id, value)
        return [int(match[1]) if match else None for match in found]

    def _delete(self, user_id: int, value: bytes) -> None:
        log.warning("the unread count of user %d is no count, and is deleted: %r", user_id, value[:40])
        try:
            self._redis.delete(_key(user_id))
        except RedisError as error:
            log.warning("the unread count of user %d is not deleted: %s", user_id, error)
        else:
            self._counters.add("repaired_keys", "unread")


def _key(user_id: int) -> str:
    return f"user:{user_id}:unread"
