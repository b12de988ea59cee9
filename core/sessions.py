"""The open sockets of each user, as the user sees them: the IM servers write them, and the API reads them.

Each IM server has a hash of its own for each user. A server that is killed leaves its hashes behind. So each server
says every few seconds that it runs, and the hashes of a server that has not said so for a while do not count.
"""

import logging
from dataclasses import dataclass
from typing import cast

import orjson
from redis import Redis
from redis.exceptions import ResponseError

from core.keys import Keys

log = logging.getLogger(__name__)

BEAT_SECONDS = 2  # from one message of a server, that it runs, to the next
ALIVE_SECONDS = 10  # after its last message a server counts as gone
LONGEST_DEVICE = 200  # characters
_MOST_SERVERS = 1000


@dataclass(frozen=True, slots=True)
class Session:
    """One open socket. `id` is its id in Socket.IO, and `family` names the login that its token comes from."""

    id: str
    device: str  # the User-Agent that the client sent, cut and printable; '' without one
    address: str
    since: int  # Unix seconds
    server: str
    family: str


def encode(*, device: str, address: str, since: int, family: str) -> bytes:
    """Return what is stored of a socket: what its server and its id do not tell."""
    return orjson.dumps([device, address, since, family])


class Sessions:
    def __init__(self, redis: Redis, keys: Keys = Keys(), *, alive_seconds: float = ALIVE_SECONDS) -> None:
        self._redis = redis
        self._keys = keys
        self._alive_seconds = alive_seconds

    def of(self, user_id: str) -> list[Session]:
        """Return the open sockets of a user, the newest first; raise RedisError where Redis is unavailable."""
        servers = self._servers()
        pipeline = self._redis.pipeline(transaction=False)
        for server in servers:
            pipeline.hgetall(self._keys.sessions(user_id, server))
        found = []
        for server, stored in zip(servers, pipeline.execute(raise_on_error=False), strict=True):
            if isinstance(stored, ResponseError):
                log.warning("sessions of user %s can't be read: %s", user_id, stored)
            elif isinstance(stored, Exception):
                raise stored
            else:
                decoded = (_decode(sid, value, server) for sid, value in stored.items())
                found += [session for session in decoded if session is not None]
        return sorted(found, key=lambda session: (session.since, session.id), reverse=True)

    def _servers(self) -> list[str]:
        """Return the servers that run, by Redis' clock."""
        seconds, microseconds = self._redis.time()
        since = seconds + microseconds / 1e6 - self._alive_seconds
        found = self._redis.zrevrangebyscore(self._keys.im_servers, "+inf", since, start=0, num=_MOST_SERVERS)
        return [server.decode(errors="replace") for server in cast("list[bytes]", found)]


def _decode(sid: bytes, stored: bytes, server: str) -> Session | None:
    """Return a session; None for one that is invalid, which must not hide the others."""
    try:
        match orjson.loads(stored):
            case [str(device), str(address), int(since), str(family)]:
                name, _, _process = server.rpartition("/")
                return Session(sid.decode(), device, address, since, name, family)
    except ValueError:
        pass
    return None
