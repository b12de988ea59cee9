"""The cached profile that payloads are built from."""

import logging
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from typing import TypedDict, cast

import orjson
from redis import Redis

from app import counters
from app.cache import RedisError

log = logging.getLogger(__name__)

TTL_SECONDS = 600
NEGATIVE_TTL_SECONDS = 30  # somebody who does not exist now may sign up soon
_JITTER = 0.2  # entries made together do not end together
_LOADING_SECONDS = 2
_WAIT_SECONDS = 0.1  # for somebody else's load, before loading oneself
_PAUSE_SECONDS = 0.01
_LATE_PAUSE_SECONDS = 1
_NOBODY = b"null"
_TEXT_OR_NONE = (str, type(None))

# Store what was read only while the right to load is still ours: a change of the profile takes it away. What is stored
# takes the place of a key of another type.
_STORE = """
if redis.pcall('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'string' then COUNT_REPAIR end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
""".replace("COUNT_REPAIR", counters.lua_add("repaired_keys", "profile"))


class Profile(TypedDict):
    """What others see of a user."""

    id: int
    name: str
    photo: str | None
    introduction: str | None


Load = Callable[[list[int]], dict[int, Profile]]


class UserProfileCache:
    """Profiles by user id, from Redis or, on a miss, from the database.

    A cache that is down costs nothing but the database's time: no method raises RedisError.
    """

    def __init__(self, redis: Redis, load: Load) -> None:
        self._redis = redis
        self._load = load
        self._counters = counters.Counters(redis)
        self._store = redis.register_script(_STORE)
        self._lock = threading.Lock()
        self._late: set[int] = set()  # changed while the cache was down
        self._is_dropping = False

    def get(self, user_id: int) -> Profile | None:
        """Return a profile, or None where there is no such user."""
        return self.get_many([user_id]).get(user_id)

    def get_many(self, user_ids: Iterable[int]) -> dict[int, Profile]:
        """Return the profiles of those who exist, in one round trip where all are cached."""
        wanted = sorted(set(user_ids))
        try:
            found = self._cached(wanted)
            missing = [user_id for user_id in wanted if user_id not in found]
            if missing:
                found |= self._fill(missing)
        except RedisError as error:
            log.warning("profile cache is away, reading the database: %s", error)
            return self._load(wanted)
        return {user_id: profile for user_id, profile in found.items() if profile is not None}

    def forget(self, user_id: int) -> None:
        """Drop a profile that has changed, once the cache is there; call it after the commit."""
        try:
            self._drop({user_id})
        except RedisError as error:
            log.warning("profile of user %d stays cached for now: %s", user_id, error)
            with self._lock:
                self._late.add(user_id)
                is_first, self._is_dropping = not self._is_dropping, True
            if is_first:
                threading.Thread(target=self._drop_late, name="late profiles", daemon=True).start()

    def _drop(self, user_ids: set[int]) -> None:
        self._redis.delete(*(key(user_id) for user_id in user_ids for key in (_key, _loading_key)))

    def _drop_late(self) -> None:
        while True:
            time.sleep(_LATE_PAUSE_SECONDS)
            with self._lock:
                late, self._late = self._late, set()
                if not late:
                    self._is_dropping = False
                    return
            try:
                self._drop(late)
            except RedisError:
                with self._lock:
                    self._late |= late

    def _cached(self, user_ids: list[int]) -> dict[int, Profile | None]:
        if not user_ids:
            return {}
        values = cast("list[bytes | None]", self._redis.mget([_key(user_id) for user_id in user_ids]))
        found: dict[int, Profile | None] = {}
        for user_id, value in zip(user_ids, values, strict=True):
            if value is None:
                continue
            try:
                found[user_id] = _profile(user_id, value)
            except ValueError:
                log.warning("the cached profile of user %d is none, and is deleted: %r", user_id, value[:100])
                self._redis.delete(_key(user_id))
                self._counters.add("repaired_keys", "profile")
        return found

    def _fill(self, missing: list[int]) -> dict[int, Profile | None]:
        """Load what is nobody else's to load; wait shortly for the rest, and load that too if it does not come."""
        token = uuid.uuid4().hex
        ours = self._claim(missing, token)
        found = self._load_and_store(ours, token)
        others = [user_id for user_id in missing if user_id not in found]
        deadline = time.monotonic() + _WAIT_SECONDS
        while others and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
            found |= self._cached(others)
            others = [user_id for user_id in others if user_id not in found]
        if others:
            self._bound_claims(others)
        return found | dict(self._load(others)) if others else found

    def _claim(self, user_ids: list[int], token: str) -> list[int]:
        pipeline = self._redis.pipeline(transaction=False)
        for user_id in user_ids:
            pipeline.set(_loading_key(user_id), token, nx=True, ex=_LOADING_SECONDS)
        return [user_id for user_id, is_ours in zip(user_ids, pipeline.execute(), strict=True) if is_ours]

    def _bound_claims(self, user_ids: list[int]) -> None:
        """Let no right to load outlive the time it is given for, whoever has it: its user would never be cached."""
        pipeline = self._redis.pipeline(transaction=False)
        for user_id in user_ids:
            pipeline.expire(_loading_key(user_id), _LOADING_SECONDS, lt=True)
        pipeline.execute()

    def _load_and_store(self, user_ids: list[int], token: str) -> dict[int, Profile | None]:
        if not user_ids:
            return {}
        loaded = self._load(user_ids)
        pipeline = self._redis.pipeline(transaction=False)
        for user_id in user_ids:
            profile = loaded.get(user_id)
            value = orjson.dumps(profile) if profile else _NOBODY
            ttl = _with_jitter(TTL_SECONDS if profile else NEGATIVE_TTL_SECONDS)
            self._store(keys=[_key(user_id), _loading_key(user_id)], args=[token, value, ttl], client=pipeline)
        pipeline.execute()
        return {user_id: loaded.get(user_id) for user_id in user_ids}


def _profile(user_id: int, value: bytes) -> Profile | None:
    """Decode a cached profile, None for nobody; raise ValueError where it is neither."""
    profile = orjson.loads(value)
    if profile is None:
        return None
    try:
        is_sound = profile["id"] == user_id and isinstance(profile["name"], str)
        if (
            is_sound
            and isinstance(profile["photo"], _TEXT_OR_NONE)
            and isinstance(profile["introduction"], _TEXT_OR_NONE)
        ):
            return cast(Profile, profile)
    except (TypeError, KeyError):
        pass
    raise ValueError("not the profile of this user")


def _key(user_id: int) -> str:
    return f"user:{user_id}:profile"


def _loading_key(user_id: int) -> str:
    return f"user:{user_id}:profile:loading"


def _with_jitter(seconds: int) -> int:
    return round(seconds * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311  (not a secret)
