"""Bad data that another program, another version or a bug may have written into a Redis key."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from hypothesis import strategies as st
from redis import Redis
from redis.exceptions import ResponseError

from tests.epochs import offset_in

Write = Callable[[Redis, str], object]

_LAST_ID = "18446744073709551615-18446744073709551615"
_PLACED = '42["following notify",{"id":1,"offset":"'


def _entry(*, milliseconds: int = 1, **fields: str | bytes) -> Write:
    return lambda redis, key: redis.xadd(key, cast("dict[Any, Any]", fields), id=offset_in(redis, milliseconds))


# By name, what writes it. That a stream holds other entries is noticed when it is read; that its ids are used up, when
# something is appended; another type, by both.
STREAMS: dict[str, Write] = {
    "an entry of other fields": _entry(a="b"),
    "a head that is no packet": _entry(n="1", h="hello", t="x"),
    "a head that is no text": _entry(n="1", h=b'42["following notify",{"name":"\xff","offset":"', t='"}]'),
    "an entry without a tail": _entry(n="1", h=_PLACED),
    "an offset of another entry": _entry(n="1", h='42["following notify",{"offset":"1-1","x":"', t='"}]'),
}
OTHER_TYPES: dict[str, Write] = {
    "a text": lambda redis, key: redis.set(key, "junk"),
    "bytes": lambda redis, key: redis.set(key, b"\xff\0\n"),
    "a hash": lambda redis, key: redis.hset(key, "a", "b"),
    "a list": lambda redis, key: redis.rpush(key, "a", "b"),
    "a set": lambda redis, key: redis.sadd(key, "a"),
    "a sorted set": lambda redis, key: redis.zadd(key, {"a": 1}),
}
EXHAUSTED: dict[str, Write] = {
    "an id of the farthest future": _entry(milliseconds=2**64 - 1, a="b"),
}
FOREIGN: dict[str, Write] = {
    "an id after which there is none": lambda redis, key: redis.xadd(key, {"a": "b"}, id=_LAST_ID),
    "an id without an epoch": lambda redis, key: redis.xadd(key, {"a": "b"}),
}
HISTORIES = {**OTHER_TYPES, **STREAMS, **EXHAUSTED, **FOREIGN}

_bytes = st.binary(max_size=20) | st.sampled_from(
    [b"", b"null", b"5", b"[]", b"{}", b"1:2", b"9" * 30, b"9" * 30 + b":1"]
)
_ids = st.tuples(st.integers(0, 2**64 - 1), st.integers(1, 2**64 - 1)).map("{0[0]}-{0[1]}".format) | st.just("*")
_fields = st.dictionaries(st.sampled_from([b"n", b"h", b"t", b"x"]), _bytes, min_size=1)


@st.composite
def junk(draw: st.DrawFn) -> Write:
    """Junk of any Redis type."""
    value, more = draw(_bytes), draw(st.lists(_bytes, min_size=1, max_size=3))
    entries = draw(st.lists(st.tuples(_ids, _fields), min_size=1, max_size=3))

    def stream(redis: Redis, key: str) -> None:
        for offset, fields in entries:
            with suppress(ResponseError):  # the stream refuses an id that does not grow
                redis.xadd(key, cast("dict[Any, Any]", fields), id=offset)

    return draw(
        st.sampled_from(
            [
                lambda redis, key: redis.set(key, value),
                lambda redis, key: redis.hset(key, value, value),
                lambda redis, key: redis.rpush(key, *more),
                lambda redis, key: redis.sadd(key, *more),
                lambda redis, key: redis.zadd(key, dict.fromkeys(more, 1.0)),
                stream,
            ]
        )
    )
