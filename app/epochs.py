"""To which incarnation of Redis' data something belongs, so that older data is never taken for all there is.

Redis may come back with older data: a replica that lagged behind is promoted, a backup is restored, the last second of
an append-only file is missing. So a key in Redis names the epoch of the data, the server that it was verified on, and
how many batches were dispatched in it; the database remembers the same. A server tells itself by its replication id,
which changes whenever it is started or promoted. Whatever reads or writes what belongs to an epoch compares the two
first, within the same script or pipeline. Where they differ, the data is unverified, until a worker or the API has
compared it with the database (`app.services.dispatch_state`).
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis
from redis.exceptions import NoScriptError, ResponseError

log = logging.getLogger(__name__)

KEY = "push:epoch"  # a hash of epoch, server, sequence, and the least sequence that the database had committed
PLACES = 10**6  # in a millisecond of one history; a stream id is <milliseconds>-<epoch * PLACES + place>
_DIGITS = len(str(PLACES)) - 1
_EPOCHS = (10**8, 10**9 - 1)  # nine digits, so that the second number of an id is one that a double holds exactly

# Answers with the epoch, the server and what the database had committed, or with nothing where the data is unverified.
LUA = """
local function server_id()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or ''
end
local function verified()
  local stored = redis.pcall('HMGET', 'KEY', 'epoch', 'server', 'sequence', 'committed')
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
""".replace("KEY", KEY).replace("PLACES", str(PLACES))

_READ = LUA + "local epoch, server = verified() return epoch and {epoch, server}"

# ARGV: epoch and sequence of the database, the epoch to begin if this data is not what the database remembers.
_ESTABLISH = (
    LUA
    + """
local here = server_id()
local stored = redis.pcall('HMGET', 'KEY', 'epoch', 'sequence', 'committed')
local sequence, committed = tonumber(stored[2] or ''), tonumber(stored[3] or '0')
local known = tonumber(ARGV[2])
if stored[1] == ARGV[1] and sequence and sequence >= known and committed and known >= committed then
  redis.call('HSET', 'KEY', 'server', here)
  return {ARGV[1], here}
end
redis.call('UNLINK', 'KEY')
redis.call('HSET', 'KEY', 'epoch', ARGV[3], 'server', here, 'sequence', 0, 'committed', 0)
return {ARGV[3], here}
""".replace("KEY", KEY)
)

# ARGV: epoch and sequence of the database.
_CHECK = (
    LUA
    + """
if verified() ~= ARGV[1] then return redis.error_reply(unverified) end
local committed = tonumber(redis.call('HGET', 'KEY', 'committed')) or 0
if tonumber(ARGV[2]) < committed then
  return redis.error_reply('UNVERIFIED the database may be older than what was dispatched')
end
if tonumber(ARGV[2]) > committed then redis.call('HSET', 'KEY', 'committed', ARGV[2]) end
""".replace("KEY", KEY)
)


class Unverified(ResponseError):
    """Redis' data, or the database's, may be older than what was dispatched. Scripts raise it as a ResponseError."""

    def __init__(self, text: str) -> None:
        super().__init__(f"UNVERIFIED {text}")


def is_unverified(error: BaseException) -> bool:
    return isinstance(error, ResponseError) and str(error).startswith("UNVERIFIED ")


@dataclass(frozen=True, slots=True)
class Verified:
    """An epoch, and the server on which it was found to be whole."""

    epoch: int
    server: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A write to the histories: its number within the epoch, and one that the database had committed before it."""

    at: Verified
    sequence: int
    committed: int


class Epochs:
    """Establish, check and read; RedisError where Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._read = redis.register_script(_READ)
        self._establish = redis.register_script(_ESTABLISH)
        self._check = redis.register_script(_CHECK)

    def establish(self, *, epoch: int | None = None, sequence: int = 0) -> Verified:
        """Go on with the database's epoch where all that was dispatched in it is here; else begin another."""
        new = random.randint(*_EPOCHS)  # noqa: S311  (not counted up: a database that is restored would count again)
        answer = cast("list[bytes]", self._establish(keys=[], args=[epoch or "", sequence, new]))
        verified = Verified(int(answer[0]), answer[1].decode())
        if verified.epoch != epoch:
            level = logging.INFO if epoch is None else logging.WARNING
            log.log(level, "epoch %d begins: Redis is new, or older than what was dispatched", verified.epoch)
        return verified

    def read_with(self, ask: Callable[[Any], object]) -> tuple[list[Any], Verified | None]:
        """Read in one round trip what `ask` asks a pipeline for, and on what it was verified, None where it was not.

        An error of one command stands in the place of its answer.
        """
        for is_last in (False, True):
            pipeline = self._redis.pipeline(transaction=False)
            ask(pipeline)
            pipeline.evalsha(self._read.sha, 0)
            *answers, at = pipeline.execute(raise_on_error=False)
            if not isinstance(at, Exception):
                break
            if is_last or not isinstance(at, NoScriptError):
                raise at
            self._redis.script_load(_READ)  # a server that was started, or promoted, does not know it yet
        return answers, Verified(int(at[0]), at[1].decode()) if at else None

    def check(self, epoch: int | None, sequence: int) -> None:
        """Raise an error that is_unverified knows where Redis or the database came back with older data."""
        self._check(keys=[], args=[epoch or "", sequence])


def epoch_of(offset: str | bytes) -> int:
    """Return the epoch of an offset, 0 of one from before there were epochs."""
    text = offset if isinstance(offset, str) else offset.decode()
    return int(text.rpartition("-")[2]) // PLACES


def mark(epoch: int) -> bytes:
    """Return what every offset of an epoch has before its last digits: to look for it is quicker than to read it."""
    return b"-%d" % epoch


def is_marked(offset: bytes, mark: bytes) -> bool:
    """Say whether an offset is of the epoch of a mark."""
    return offset[-_DIGITS - len(mark) : -_DIGITS] == mark
