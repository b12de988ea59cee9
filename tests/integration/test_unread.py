"""The unread count that was last pushed to the user's sockets."""

import pytest
from redis import Redis

from core.unread import Counts, UnreadCache
from tests.epochs import moment


@pytest.fixture
def unread(redis: Redis) -> UnreadCache:
    return UnreadCache(redis)


class TestUnreadCache:
    def test_count_that_was_never_set_is_unknown(self, unread: UnreadCache) -> None:
        assert unread.get("7") is None

    def test_earlier_count_does_not_replace_a_later_one(self, unread: UnreadCache) -> None:
        earlier, later = moment(), moment() + 1
        unread.set({"7": Counts(2, 2)}, read_at=later)

        pushes = unread.set({"7": Counts(1, 1), "8": Counts(5, 5)}, read_at=earlier)

        assert (unread.get("7"), unread.get("8")) == (2, 5)
        assert [push.split(b"\0")[0] for push in pushes] == [b"P8"]

    def test_later_count_replaces_an_earlier_one(self, unread: UnreadCache) -> None:
        read_at = moment()
        unread.set({"7": Counts(2, 2)}, read_at=read_at)

        pushes = unread.set({"7": Counts()}, read_at=read_at)

        assert unread.get("7") == 0
        assert pushes == [b'P7\0\0\00042["unread",{"count":0,"unseen_count":0}]']

    def test_same_count_is_told_again(self, unread: UnreadCache) -> None:
        pushes = [unread.set({"7": Counts(2, 2)}, read_at=moment()) for _ in range(2)]

        assert pushes == [[b'P7\0\0\00042["unread",{"count":2,"unseen_count":2}]']] * 2

    def test_count_is_pushed_and_not_cached_after_redis_lost_it(self, unread: UnreadCache) -> None:
        pushes = unread.set({"7": Counts(3, 3)}, read_at=moment(), create_missing=False)

        assert unread.get("7") is None
        assert pushes == [b'P7\0\0\00042["unread",{"count":3,"unseen_count":3}]']

    def test_get_many_returns_counts_in_order(self, unread: UnreadCache) -> None:
        unread.set({"1": Counts(5, 5), "3": Counts()}, read_at=moment())
        assert unread.get_many(["1", "2", "3"]) == [5, None, 0]

    def test_setting_no_counts_pushes_nothing(self, unread: UnreadCache) -> None:
        assert unread.set({}, read_at=moment()) == []

    def test_count_is_published_at_once_when_redis_is_the_message_queue(self, redis: Redis) -> None:
        with redis.pubsub(ignore_subscribe_messages=True) as listener:
            listener.subscribe("socketio")
            listener.get_message(timeout=5)

            assert UnreadCache(redis, channel="socketio").set({"7": Counts(3, 3)}, read_at=moment()) == []

            assert listener.get_message(timeout=5)["data"] == b'P7\0\0\00042["unread",{"count":3,"unseen_count":3}]'
