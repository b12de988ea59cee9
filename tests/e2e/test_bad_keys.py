"""Bad data in one user's Redis keys affects no other user, whichever process reads it first."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from tests.clients import User
from tests.failure.simulated_client import SimulatedClient
from tests.junk import HISTORIES, OTHER_TYPES, Write
from tests.services import wait_until
from tests.system import System

KEYS = ("history", "unread", "profile", "profile:loading", "online")
_A_TEXT = OTHER_TYPES["a text"]


def spoil(system: System, user: User, history: Write, rest: Write) -> None:
    """Replace all keys of a user with bad data."""
    with Redis.from_url(system.env["REDIS_URL"]) as redis:
        for name in KEYS:
            redis.delete(f"user:{user.id}:{name}")
            (history if name == "history" else rest)(redis, f"user:{user.id}:{name}")


def follow_all(system: System, follower: User, users: list[User]) -> None:
    for user in users:
        assert system.api.follow(follower, user) == 201


def wait_for_all(system: System, client: SimulatedClient, *followers: User) -> None:
    """Wait until a client has seen all that is in its inbox: one notification of each follower."""
    _, inbox = system.api.get("/v1_0/user/notifications", client.user)
    assert {n["data"]["user_id"] for n in inbox["results"]} == {follower.id for follower in followers}
    ids = {n["id"] for n in inbox["results"]}
    wait_until(lambda: set(client.memory.seen_at) == ids, seconds=20, what=f"{ids} in {client.memory.seen_at}")


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
class TestBadKeys:
    def test_clients_that_connect_are_not_affected_by_bad_keys_of_another_user(
        self, small: System, history: Write
    ) -> None:
        ann, eve, victim = small.user("ann"), small.user("eve"), small.user("victim")
        users = [small.user(), small.user(), victim, small.user()]
        follow_all(small, ann, users)
        wait_until(
            lambda: "toutiao_outbox_waiting 0.0" in small.api.get("/metrics")[1], seconds=20, what="the outbox is empty"
        )
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
                what="eve's notification arrives",
            )
            client.close()

    def test_dispatch_is_not_affected_by_bad_keys_of_one_user(self, small: System, history: Write) -> None:
        ann, eve, victim = small.user("ann"), small.user("eve"), small.user("victim")
        users = [small.user(), victim, small.user()]
        clients = [SimulatedClient(small.im_urls, user, small.api) for user in users]
        for client in clients:
            wait_until(lambda client=client: client.memory.is_live, seconds=20, what="the client is live")
        spoil(small, victim, history, _A_TEXT)

        follow_all(small, ann, users)
        for client in clients:
            wait_for_all(small, client, ann)
        follow_all(small, eve, users)
        for client in clients:
            wait_for_all(small, client, ann, eve)

        for client in clients:
            if client.user is not victim:
                assert (len(client.connected_at), client.memory.from_inbox) == (1, set())
            client.close()

    def test_follow_by_a_user_with_bad_keys_is_pushed(self, small: System, history: Write) -> None:
        victim, bob = small.user("victim"), small.user("bob")
        client = small.client(bob)
        client.wait_for("sync")
        spoil(small, victim, history, history)

        follow_all(small, victim, [bob])

        assert client.wait_for("following notify")[0]["user_name"] == victim.name
        assert small.api.get(f"/v1_0/users/{victim.id}", bob)[0] == 200
        assert small.api.get("/v1_0/user/notifications", victim) == (
            200,
            {"unread_count": 0, "unseen_count": 0, "results": []},
        )
        client.close()


def test_metrics_survive_junk_in_the_counters_key(small: System) -> None:
    with Redis.from_url(small.env["REDIS_URL"]) as redis:
        redis.delete("counters")
        redis.set("counters", "junk")
        assert small.api.get("/metrics")[0] == 200
        redis.hset("counters", "repaired_keys:history", "junk")

        status, text = small.api.get("/metrics")

    assert status == 200
    assert 'toutiao_repaired_keys_total{kind="history"} 0.0' in text
