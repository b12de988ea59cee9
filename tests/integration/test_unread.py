"""The unread count, as last told to the user's sockets."""

import pytest
from redis import Redis

from app.unread import UnreadCache
from tests.epochs import moment


@pytest.fixture
def unread(redis: Redis) -> UnreadCache:
    return UnreadCache(redis)


class TestUnreadCache:
    def test_what_nobody_set_is_not_known(self, unread: UnreadCache) -> None:
        assert unread.get(7) is None

    def test_a_count_that_was_read_earlier_never_replaces_a_later_one(self, unread: UnreadCache) -> None:
        earlier, later = moment(), moment() + 1
        unread.set({7: 2}, read_at=later)

        pushes = unread.set({7: 1, 8: 5}, read_at=earlier)

        assert (unread.get(7), unread.get(8)) == (2, 5)
        assert [push.split(b"\0")[0] for push in pushes] == [b"P8"]

    def test_a_later_one_does(self, unread: UnreadCache) -> None:
        read_at = moment()
        unread.set({7: 2}, read_at=read_at)

        pushes = unread.set({7: 0}, read_at=read_at)

        assert unread.get(7) == 0
        assert pushes == [b'P7\0\0\00042["unread",{"count":0}]']

    def test_one_that_is_not_the_first_is_told_and_not_kept_where_redis_forgot(self, unread: UnreadCache) -> None:
        pushes = unread.set({7: 3}, read_at=moment(), is_first=False)

        assert unread.get(7) is None
        assert pushes == [b'P7\0\0\00042["unread",{"count":3}]']

    def test_many_are_read_at_once(self, unread: UnreadCache) -> None:
        unread.set({1: 5, 3: 0}, read_at=moment())
        assert unread.get_many([1, 2, 3]) == [5, None, 0]

    def test_nothing_costs_nothing(self, unread: UnreadCache) -> None:
        assert unread.set({}, read_at=moment()) == []

    def test_where_the_message_queue_is_the_same_redis_the_count_goes_out_at_once(self, redis: Redis) -> None:
        with redis.pubsub(ignore_subscribe_messages=True) as listener:
            listener.subscribe("socketio")
            listener.get_message(timeout=5)

            assert UnreadCache(redis, channel="socketio").set({7: 3}, read_at=moment()) == []

            assert listener.get_message(timeout=5)["data"] == b'P7\0\0\00042["unread",{"count":3}]'
