"""Which errors of a real Redis mean that it is unavailable."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from redis import Redis
from redis.exceptions import DataError, RedisError

from core.cache import connect, is_unavailable
from dev.ports import find_free


def error_of(act: Callable[[], object]) -> RedisError:
    with pytest.raises(RedisError) as caught:
        act()
    return caught.value


@contextmanager
def set_to(redis: Redis, name: str, value: str) -> Iterator[None]:
    before = redis.config_get(name)[name]
    redis.config_set(name, value)
    yield
    redis.config_set(name, before)


def test_unreachable_redis_is_unavailable() -> None:
    away = connect(f"redis://127.0.0.1:{find_free()}/0", timeout_seconds=1)

    assert is_unavailable(error_of(away.ping))


def test_redis_out_of_memory_is_unavailable(redis: Redis) -> None:
    with set_to(redis, "maxmemory", "1"):
        assert is_unavailable(error_of(lambda: redis.set("a", 1)))
        assert is_unavailable(error_of(lambda: redis.eval("return redis.call('SET', KEYS[1], 1)", 1, "a")))


def test_redis_without_replicas_is_unavailable(redis: Redis) -> None:
    with set_to(redis, "min-replicas-to-write", "1"):
        assert is_unavailable(error_of(lambda: redis.set("a", 1)))


def test_wrong_type_error_does_not_mean_unavailable(redis: Redis) -> None:
    redis.set("a", 1)

    assert not is_unavailable(error_of(lambda: redis.xadd("a", {"b": 1})))
    assert not is_unavailable(error_of(lambda: redis.eval("return redis.call('LPOP', KEYS[1])", 1, "a")))


def test_invalid_command_does_not_mean_unavailable(redis: Redis) -> None:
    assert not is_unavailable(error_of(lambda: redis.eval("return redis.call('XADD', 'a', '0-0', 'b', 1)", 0)))
    assert not is_unavailable(error_of(lambda: redis.eval("error('no')", 0)))
    assert not is_unavailable(DataError("Invalid input of type"))
    assert not is_unavailable(ValueError())
