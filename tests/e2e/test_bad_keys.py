"""What stands in one user's keys in Redis is nobody else's trouble, whoever meets it first."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from tests.clients import User
from tests.failure.device import Device
from tests.junk import HISTORIES, OTHER_TYPES, Write
from tests.services import wait_until
from tests.system import System

KEYS = ("history", "unread", "profile", "profile:loading", "online")
_A_TEXT = OTHER_TYPES["a text"]


def spoil(system: System, user: User, history: Write, rest: Write) -> None:
    """Have all keys of a user hold something else."""
    with Redis.from_url(system.env["REDIS_URL"]) as redis:
        for name in KEYS:
            redis.delete(f"user:{user.id}:{name}")
            (history if name == "history" else rest)(redis, f"user:{user.id}:{name}")


def follow_all(system: System, follower: User, users: list[User]) -> None:
    for user in users:
        assert system.api.follow(follower, user) == 201


def wait_for_all(system: System, device: Device, *followers: User) -> None:
    """Wait until a device knows of all that is in its inbox: one notification of each follower."""
    _, inbox = system.api.get("/v1_0/user/notifications", device.user)
    assert {n["data"]["user_id"] for n in inbox["results"]} == {follower.id for follower in followers}
    ids = {n["id"] for n in inbox["results"]}
    wait_until(lambda: set(device.memory.seen_at) == ids, seconds=20, what=f"{ids} in {device.memory.seen_at}")


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
class TestBadKeys:
    def test_met_by_those_who_connect(self, small: System, history: Write) -> None:
        ann, eve, victim = small.user("ann"), small.user("eve"), small.user("victim")
        users = [small.user(), small.user(), victim, small.user()]
        follow_all(small, ann, users)
        wait_until(lambda: "toutiao_outbox_waiting 0.0" in small.api.get("/metrics")[1], seconds=20, what="a dispatch")
        spoil(small, victim, history, _A_TEXT)

        with ThreadPoolExecutor(len(users)) as pool:
            clients = list(pool.map(lambda user: small.client(user, last_offset="0-0"), users))
        syncs = [client.wait_for("sync")[0] for client in clients]

        assert [sync["recovered"] for sync in syncs] == [user is not victim for user in users]
        assert [client.of("following notify") == [] for client in clients] == [user is victim for user in users]
        follow_all(small, eve, users)
        for client in clients:
            wait_until(
                lambda client=client: eve.id in [told["user_id"] for told in client.of("following notify")],
                seconds=20,
                what="what follows",
            )
            client.close()

    def test_met_by_the_dispatch(self, small: System, history: Write) -> None:
        ann, eve, victim = small.user("ann"), small.user("eve"), small.user("victim")
        users = [small.user(), victim, small.user()]
        devices = [Device(small.im_urls, user, small.api) for user in users]
        for device in devices:
            wait_until(lambda device=device: device.memory.is_live, seconds=20, what="a device is here")
        spoil(small, victim, history, _A_TEXT)

        follow_all(small, ann, users)
        for device in devices:
            wait_for_all(small, device, ann)
        follow_all(small, eve, users)
        for device in devices:
            wait_for_all(small, device, ann, eve)

        for device in devices:
            if device.user is not victim:
                assert (len(device.connected_at), device.memory.from_inbox) == (1, set())
            device.close()

    def test_those_whom_its_user_follows_are_told(self, small: System, history: Write) -> None:
        victim, bob = small.user("victim"), small.user("bob")
        client = small.client(bob)
        client.wait_for("sync")
        spoil(small, victim, history, history)

        follow_all(small, victim, [bob])

        assert client.wait_for("following notify")[0]["user_name"] == victim.name
        assert small.api.get(f"/v1_0/users/{victim.id}", bob)[0] == 200
        assert small.api.get("/v1_0/user/notifications", victim) == (200, {"unread_count": 0, "results": []})
        client.close()


def test_the_counters_are_shown_whatever_stands_in_their_key(small: System) -> None:
    with Redis.from_url(small.env["REDIS_URL"]) as redis:
        redis.delete("counters")
        redis.set("counters", "junk")
        assert small.api.get("/metrics")[0] == 200
        redis.hset("counters", "repaired_keys:history", "junk")

        status, text = small.api.get("/metrics")

    assert status == 200
    assert 'toutiao_repaired_keys_total{kind="history"} 0.0' in text
