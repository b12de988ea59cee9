"""The three writers of pushes, Python and two Redis scripts, use the format that the IM servers read."""

import time
from collections.abc import Iterator

import pytest
from redis import Redis
from redis.client import PubSub

from core import wire
from core.history import Entry, History
from core.unread import Counts, UnreadCache

CHANNEL = "wire"
USER = "7"


@pytest.fixture
def channel(redis: Redis) -> Iterator[PubSub]:
    with redis.pubsub(ignore_subscribe_messages=True) as subscribed:
        subscribed.subscribe(CHANNEL)
        subscribed.get_message(timeout=5)  # the confirmation of the subscription
        yield subscribed


def published(channel: PubSub) -> wire.Push:
    message = channel.get_message(timeout=5)
    assert message is not None
    return wire.decode_push(message["data"])


def test_receiver_reads_a_push_of_a_worker(redis: Redis, channel: PubSub) -> None:
    redis.publish(CHANNEL, wire.encode_push("7", b'42["n",1]', previous="1-0", offset="2-0"))

    assert published(channel) == ("7", b"1-0", b"2-0", b'42["n",1]')


def test_receiver_reads_a_push_of_the_append_script(redis: Redis, channel: PubSub) -> None:
    history = History(redis, length=10, seconds=60, channel=CHANNEL)
    history.append([Entry.encode(number, USER, "n", {"id": number}, int(time.time())) for number in (1, 2)])

    first, second = published(channel), published(channel)

    assert [first[0], first[1]] == ["7", b"0-0"]
    assert second[1] == first[2]
    assert second[3] == b'42["n",{"id":2,"offset":"%b"}]' % second[2]


def test_receiver_reads_a_push_of_the_unread_count(redis: Redis, channel: PubSub) -> None:
    unread = UnreadCache(redis, channel=CHANNEL)

    unread.set({USER: Counts(3, 3)}, read_at=unread.moment())

    assert published(channel) == ("7", b"", b"", b'42["unread",{"count":3,"unseen_count":3}]')
