"""Epochs: recognize older data in Redis, so that it never counts as complete.

Redis may come back with older data: a replica that lagged behind is promoted, a backup is restored, the last second of
an append-only file is missing. So a key in Redis names the epoch of the data, the server on which it was verified, and
how many writes to the histories the epoch had; the database remembers the same. A server's identity is its replication
id, which changes whenever the server is started or promoted. Each read or write of an epoch's data first compares the
named server with the actual one, within the same script or pipeline. Where they differ, the data is unverified, until a
worker or the API has compared it with the database (`core.dispatch_state`).
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis
from redis.exceptions import NoScriptError, ResponseError

from core.keys import Keys

log = logging.getLogger(__name__)

PLACES = 10**6  # in a millisecond of one history; a stream id is <milliseconds>-<epoch * PLACES + place>
_DIGITS = len(str(PLACES)) - 1
_EPOCHS = (10**8, 10**9 - 1)  # nine digits, so that the second number of an id is one that a double holds exactly

# verified() returns the epoch, the server and what the database had committed; nothing where the data is unverified.
# In every script that contains this, KEYS begin with the key of the epoch.
LUA = """
local function server_id()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or ''
end
local function verified()
  local stored = redis.pcall('HMGET', KEYS[1], 'epoch', 'server', 'sequence', 'committed')
  if stored.err or stored[2] ~= server_id() then return nil end
  for _, number in ipairs({1, 3, 4}) do
    if not string.match(stored[number] or '', '^%d+$') then return nil end
  end
  return stored[1], stored[2], stored[4]
end
local function is_of_epoch(id, epoch)
  return math.floor(tonumber(string.match(id, '%d+$')) / PLACES) == tonumber(epoch)
end
local unverified = 'UNVERIFIED the data may be older than what was dispatched'
""".replace("PLACES", str(PLACES))

_READ = LUA + "local epoch, server = verified() return epoch and {epoch, server}"

# ARGV: epoch and sequence of the database, the epoch to start if this data is not what the database remembers.
_ESTABLISH = (
    LUA
    + """
local here = server_id()
local stored = redis.pcall('HMGET', KEYS[1], 'epoch', 'sequence', 'committed')
local sequence, committed = tonumber(stored[2] or ''), tonumber(stored[3] or '0')
local known = tonumber(ARGV[2])
if stored[1] == ARGV[1] and sequence and sequence >= known and committed and known >= committed then
  redis.call('HSET', KEYS[1], 'server', here)
  return {ARGV[1], here}
end
redis.call('UNLINK', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', ARGV[3], 'server', here, 'sequence', 0, 'committed', 0)
return {ARGV[3], here}
"""
)

# ARGV: epoch and sequence of the database.
_CHECK = (
    LUA
    + """
if verified() ~= ARGV[1] then return redis.error_reply(unverified) end
local committed = tonumber(redis.call('HGET', KEYS[1], 'committed')) or 0
if tonumber(ARGV[2]) < committed then
  return redis.error_reply('UNVERIFIED the database may be older than what was dispatched')
end
if tonumber(ARGV[2]) > committed then redis.call('HSET', KEYS[1], 'committed', ARGV[2]) end
"""
)


class Unverified(ResponseError):
    """Data of Redis or of the database may be older than what was dispatched. Scripts raise it as a ResponseError."""

    def __init__(self, text: str) -> None:
        super().__init__(f"UNVERIFIED {text}")


def is_unverified(error: BaseException) -> bool:
    return isinstance(error, ResponseError) and str(error).startswith("UNVERIFIED ")


@dataclass(frozen=True, slots=True)
class Verified:
    """An epoch, and the server on which its data was found to be complete."""

    epoch: int
    server: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A write to the histories: its number within the epoch, and a number that the database had committed before."""

    at: Verified
    sequence: int
    committed: int


class Epochs:
    """Establish, check and read; RedisError where Redis is unavailable."""

    def __init__(self, redis: Redis, keys: Keys = Keys()) -> None:
        self._redis = redis
        self._key = keys.epoch
        self._read = redis.register_script(_READ)
        self._establish = redis.register_script(_ESTABLISH)
        self._check = redis.register_script(_CHECK)

    def establish(self, *, epoch: int | None = None, sequence: int = 0) -> Verified:
        """Continue the database's epoch where Redis has all that was dispatched in it; else start a new epoch."""
        new = random.randint(*_EPOCHS)  # noqa: S311  (not counted up: a database that is restored would count again)
        answer = cast("list[bytes]", self._establish(keys=[self._key], args=[epoch or "", sequence, new]))
        verified = Verified(int(answer[0]), answer[1].decode())
        if verified.epoch != epoch:
            level = logging.INFO if epoch is None else logging.WARNING
            log.log(level, "epoch %d starts: Redis is new, or older than what was dispatched", verified.epoch)
        return verified

    def read_with(self, ask: Callable[[Any], object]) -> tuple[list[Any], Verified | None]:
        """Read in one round trip what `ask` requests of a pipeline. Return the answers, and on what they are verified.

        Without verification the second value is None. The error of a command is returned instead of its answer.
        """
        for is_last in (False, True):
            pipeline = self._redis.pipeline(transaction=False)
            ask(pipeline)
            pipeline.evalsha(self._read.sha, 1, self._key)
            *answers, at = pipeline.execute(raise_on_error=False)
            if not isinstance(at, Exception):
                break
            if is_last or not isinstance(at, NoScriptError):
                raise at
            self._redis.script_load(_READ)  # a server that was started, or promoted, does not know it yet
        return answers, Verified(int(at[0]), at[1].decode()) if at else None

    def check(self, epoch: int | None, sequence: int) -> None:
        """Raise an error of is_unverified where Redis or the database came back with older data."""
        self._check(keys=[self._key], args=[epoch or "", sequence])


def epoch_of(offset: str | bytes) -> int:
    """Return the epoch of an offset, 0 for an offset from before epochs existed."""
    text = offset if isinstance(offset, str) else offset.decode()
    return int(text.rpartition("-")[2]) // PLACES


def mark(epoch: int) -> bytes:
    """Return the text that each offset of an epoch has before its last digits: a comparison is faster than parsing."""
    return b"-%d" % epoch


def is_marked(offset: bytes, mark: bytes) -> bool:
    """Say whether an offset has the mark of an epoch."""
    return offset[-_DIGITS - len(mark) : -_DIGITS] == mark
