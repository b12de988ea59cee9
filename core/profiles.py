"""The cache of user profiles, from which payloads are built."""

import logging
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TypedDict, cast

import orjson
from redis import Redis

from core import counters
from core.cache import RedisError
from core.keys import Keys
from core.user_ids import as_json

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

# Store a loaded profile only while this process has the right to load: a change of the profile deletes that right.
# The stored value replaces a key of another type.
# KEYS: the profile, the right, the counters. ARGV: the holder of the right, the profile, ttl.
_STORE = """
if redis.pcall('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'string' then COUNT_REPAIR end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
""".replace("COUNT_REPAIR", counters.lua_add("repaired_keys", "profile", key="KEYS[3]"))


class Profile(TypedDict):
    """What other users see of a user."""

    id: str
    name: str
    photo: str | None
    introduction: str | None


Load = Callable[[list[str]], Mapping[str, Profile]]


class UserProfileCache:
    """Profiles by user id, from Redis or, on a miss, from the database.

    An unavailable cache costs only time of the database: no method raises RedisError.
    """

    def __init__(self, redis: Redis, load: Load, keys: Keys = Keys()) -> None:
        self._redis = redis
        self._load = load
        self._keys = keys
        self._counters = counters.Counters(redis, keys)
        self._store = redis.register_script(_STORE)
        self._lock = threading.Lock()
        self._late: set[str] = set()  # changed while the cache was down
        self._is_dropping = False

    def get(self, user_id: str) -> Profile | None:
        """Return a profile, None where the user does not exist."""
        return self.get_many([user_id]).get(user_id)

    def get_many(self, user_ids: Iterable[str]) -> dict[str, Profile]:
        """Return the profiles of the users who exist, in one round trip where all are cached."""
        wanted = sorted(set(user_ids))
        try:
            found = self._cached(wanted)
            missing = [user_id for user_id in wanted if user_id not in found]
            if missing:
                found |= self._fill(missing)
        except RedisError as error:
            log.warning("profile cache is unavailable, reading the database instead: %s", error)
            return dict(self._load(wanted))
        return {user_id: profile for user_id, profile in found.items() if profile is not None}

    def unknown(self, user_ids: Iterable[str]) -> set[str]:
        """Return those of these users who do not exist."""
        wanted = set(user_ids)
        return wanted - self.get_many(wanted).keys()

    def forget(self, user_id: str) -> None:
        """Delete a changed profile from the cache, later if the cache is unavailable now. Call it after the commit."""
        try:
            self._drop({user_id})
        except RedisError as error:
            log.warning("can't delete the changed profile of user %s from the cache yet: %s", user_id, error)
            with self._lock:
                self._late.add(user_id)
                is_first, self._is_dropping = not self._is_dropping, True
            if is_first:
                threading.Thread(target=self._drop_late, name="late profiles", daemon=True).start()

    def _drop(self, user_ids: set[str]) -> None:
        self._redis.delete(*map(self._keys.profile, user_ids), *map(self._keys.profile_loading, user_ids))

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

    def _cached(self, user_ids: list[str]) -> dict[str, Profile | None]:
        if not user_ids:
            return {}
        values = cast("list[bytes | None]", self._redis.mget([self._keys.profile(user_id) for user_id in user_ids]))
        found: dict[str, Profile | None] = {}
        for user_id, value in zip(user_ids, values, strict=True):
            if value is None:
                continue
            try:
                found[user_id] = _profile(user_id, value)
            except ValueError:
                log.warning("deleting the invalid cached profile of user %s: %r", user_id, value[:100])
                self._redis.delete(self._keys.profile(user_id))
                self._counters.add("repaired_keys", "profile")
        return found

    def _fill(self, missing: list[str]) -> dict[str, Profile | None]:
        """Load what no other process is loading. Wait shortly for the rest, and load it too if it does not come."""
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

    def _claim(self, user_ids: list[str], token: str) -> list[str]:
        pipeline = self._redis.pipeline(transaction=False)
        for user_id in user_ids:
            pipeline.set(self._keys.profile_loading(user_id), token, nx=True, ex=_LOADING_SECONDS)
        return [user_id for user_id, is_ours in zip(user_ids, pipeline.execute(), strict=True) if is_ours]

    def _bound_claims(self, user_ids: list[str]) -> None:
        """End each right to load in time, also one without an end: its user would never be cached."""
        pipeline = self._redis.pipeline(transaction=False)
        for user_id in user_ids:
            pipeline.expire(self._keys.profile_loading(user_id), _LOADING_SECONDS, lt=True)
        pipeline.execute()

    def _load_and_store(self, user_ids: list[str], token: str) -> dict[str, Profile | None]:
        if not user_ids:
            return {}
        loaded = self._load(user_ids)
        pipeline = self._redis.pipeline(transaction=False)
        for user_id in user_ids:
            profile = loaded.get(user_id)
            value = orjson.dumps({**profile, "id": as_json(user_id)}) if profile else _NOBODY
            ttl = _with_jitter(TTL_SECONDS if profile else NEGATIVE_TTL_SECONDS)
            keys = [self._keys.profile(user_id), self._keys.profile_loading(user_id), self._keys.counters]
            self._store(keys=keys, args=[token, value, ttl], client=pipeline)
        pipeline.execute()
        return {user_id: loaded.get(user_id) for user_id in user_ids}


class NoProfiles:
    """Takes the place of the cache for an app without profiles: payloads then have the ids of actors alone."""

    def get(self, user_id: str) -> None:
        pass

    def get_many(self, user_ids: Iterable[str]) -> dict[str, Profile]:
        return {}

    def unknown(self, user_ids: Iterable[str]) -> set[str]:
        """Return nobody: each of them may exist."""
        return set()

    def forget(self, user_id: str) -> None:
        pass


def _profile(user_id: str, value: bytes) -> Profile | None:
    """Decode a cached profile, None for a user who does not exist; raise ValueError for anything else."""
    profile = orjson.loads(value)
    if profile is None:
        return None
    try:
        is_sound = profile["id"] == as_json(user_id) and isinstance(profile["name"], str)
        if (
            is_sound
            and isinstance(profile["photo"], _TEXT_OR_NONE)
            and isinstance(profile["introduction"], _TEXT_OR_NONE)
        ):
            return cast(Profile, {**profile, "id": user_id})
    except (TypeError, KeyError):
        pass
    raise ValueError("not the profile of this user")


def _with_jitter(seconds: int) -> int:
    return round(seconds * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311  (not a secret)
