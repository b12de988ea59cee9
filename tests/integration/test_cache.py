"""Which errors of a real Redis mean that it can't serve anybody."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from redis import Redis
from redis.exceptions import DataError, RedisError

from app.cache import connect, is_unavailable
from tests.services import free_port


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


def test_one_that_is_not_there() -> None:
    away = connect(f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=1)

    assert is_unavailable(error_of(away.ping))


def test_one_without_memory_also_for_a_script(redis: Redis) -> None:
    with set_to(redis, "maxmemory", "1"):
        assert is_unavailable(error_of(lambda: redis.set("a", 1)))
        assert is_unavailable(error_of(lambda: redis.eval("return redis.call('SET', KEYS[1], 1)", 1, "a")))


def test_one_that_lacks_its_replicas(redis: Redis) -> None:
    with set_to(redis, "min-replicas-to-write", "1"):
        assert is_unavailable(error_of(lambda: redis.set("a", 1)))


def test_a_key_of_another_type_is_no_such_error_not_in_a_script_either(redis: Redis) -> None:
    redis.set("a", 1)

    assert not is_unavailable(error_of(lambda: redis.xadd("a", {"b": 1})))
    assert not is_unavailable(error_of(lambda: redis.eval("return redis.call('LPOP', KEYS[1])", 1, "a")))


def test_nor_are_commands_that_are_wrong(redis: Redis) -> None:
    assert not is_unavailable(error_of(lambda: redis.eval("return redis.call('XADD', 'a', '0-0', 'b', 1)", 0)))
    assert not is_unavailable(error_of(lambda: redis.eval("error('no')", 0)))
    assert not is_unavailable(DataError("Invalid input of type"))
    assert not is_unavailable(ValueError())
