"""A service restarts with older data: every client learns that it may have missed pushes, and no id is reused."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from core.keys import Keys
from dev.ports import find_free
from tests.clients import Client, User
from tests.services import PostgreSQL, Service, Valkey, running, wait_until
from tests.system import System, on_redis


class RestoredValkey(Valkey):
    """A Valkey that can restart with earlier data at the same address."""

    is_appending = True
    _snapshot: Path

    def command(self) -> Any:
        command, env, user = super().command()
        return [*command, "--appendonly", "yes" if self.is_appending else "no"], env, user

    @cached_property
    def client(self) -> Redis:
        return Redis.from_url(self.url)

    def stop(self) -> None:
        self.client.close()
        super().stop()

    def come_back_from_append_only_file(self) -> Callable[[], None]:
        return self._come_back(is_appending=True)

    def come_back_from_snapshot(self) -> Callable[[], None]:
        self.client.save()
        return self._come_back(is_appending=False)

    def come_back_promoted(self) -> Callable[[], None]:
        """Promote a replica that lags behind its primary."""
        replica = RestoredValkey(self.folder / f"replica-{find_free()}")
        replica.start()
        client = replica.client
        client.replicaof("127.0.0.1", str(self.port))
        wait_until(
            lambda: client.info("replication").get("master_link_status") == "up", seconds=20, what="the replica follows"
        )
        self.client.wait(1, 5000)
        client.replicaof("127.0.0.1", str(find_free()))  # disconnected, so that it gets no newer data

        def come_back() -> None:
            self.kill()
            client.replicaof("NO", "ONE")
            client.config_set("port", self.port)
            client.close()
            self._process, self.folder = replica._process, replica.folder

        return come_back

    def forget(self) -> Callable[[], None]:
        return self.client.flushall

    def _come_back(self, *, is_appending: bool) -> Callable[[], None]:
        copy = self.folder.with_name(f"{self.folder.name}-{find_free()}")
        shutil.copytree(self.folder, copy)

        def come_back() -> None:
            self.kill()
            self.folder, self.is_appending = copy, is_appending
            self.start()
            self.is_appending = True
            self.client.config_set("appendonly", "yes")
            wait_until(
                lambda: not self.client.info("persistence")["aof_rewrite_in_progress"],
                seconds=20,
                what="Valkey appends to its file",
            )

        return come_back


@pytest.fixture(scope="module")
def valkey(module_folder: Path) -> Iterator[RestoredValkey]:
    yield from running(RestoredValkey(module_folder / "restored"))


@pytest.fixture(scope="module")
def system(module_folder: Path, valkey: RestoredValkey) -> Iterator[System]:
    urls = on_redis(valkey.url)
    with System(module_folder / "older-data", **urls) as system:
        yield system


def follow(system: System, target: User) -> User:
    follower = system.user("fan")
    assert system.api.follow(follower, target) == 201
    return follower


def wait_for_database(system: System, user: User) -> None:
    """Wait until the API has noticed that its connections have ended."""
    wait_until(
        lambda: system.api.get("/v1_0/user/notifications", user)[0] == 200, seconds=20, what="the database is available"
    )


def has_all(client: Client, count: int) -> bool:
    """Say whether a client has got all notifications, or was disconnected so that it reconnects."""
    return len(set(client.ids())) == count or not client.sio.connected


def sync_of(system: System, user: User, **auth: object) -> dict[str, Any]:
    """Connect, and return what `sync` says."""
    client = system.client(user, **auth)
    try:
        return dict(client.wait_for("sync")[0])
    finally:
        client.close()


def connected(system: System, user: User, **auth: object) -> Client:
    """Connect as soon as a server accepts connections."""
    found: list[Client] = []

    def connect() -> bool:
        try:
            found.append(system.client(user, **auth))
        except Exception:  # a server that is not yet connected to Redis
            return False
        return True

    wait_until(connect, seconds=20, what="a server accepts a client")
    return found[0]


WAYS = {
    "append-only file": RestoredValkey.come_back_from_append_only_file,
    "snapshot": RestoredValkey.come_back_from_snapshot,
    "promotion": RestoredValkey.come_back_promoted,
    "flushall": RestoredValkey.forget,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
class TestRedis:
    def test_client_that_missed_a_push_is_sent_to_the_inbox(
        self, system: System, valkey: RestoredValkey, way: Callable[[RestoredValkey], Callable[[], None]]
    ) -> None:
        bob = system.user("bob")
        watcher = system.client(bob)
        follow(system, bob)
        known = watcher.wait_for("following notify")[0]["offset"]
        wait_until(lambda: watcher.of("unread"), seconds=10, what="the unread count is pushed")
        come_back = way(valkey)

        follow(system, bob)
        watcher.wait_for("following notify", 2)
        come_back()

        # At once, before anything is dispatched.
        early = connected(system, bob, last_offset=known)
        assert early.wait_for("sync")[0]["recovered"] is False
        assert early.wait_for("sync")[0]["unread_count"] in (None, 2)
        early.close()

        follow(system, bob)
        wait_until(
            lambda: has_all(watcher, 3), seconds=20, what=f"all three notifications, or a disconnect: {watcher.events}"
        )
        wait_until(
            lambda: sync_of(system, bob, last_offset=known)["unread_count"] == 3,
            seconds=20,
            what="the follow is dispatched",
        )
        late = sync_of(system, bob, last_offset=known)
        assert late["recovered"] is False
        assert sync_of(system, bob, last_offset="0-0")["recovered"] is False

        newest = sync_of(system, bob, last_offset=late["offset"])
        assert newest == {"recovered": True, "offset": late["offset"], "unread_count": 3}
        watcher.close()

    def test_new_user_is_not_sent_to_the_inbox(
        self, system: System, valkey: RestoredValkey, way: Callable[[RestoredValkey], Callable[[], None]]
    ) -> None:
        way(valkey)()
        bob = system.user("bob")

        connected(system, bob).close()
        wait_until(
            lambda: (
                sync_of(system, system.user("new"), last_offset="0-0")
                == {"recovered": True, "offset": "0-0", "unread_count": 0}
            ),
            seconds=20,
            what="Redis' data is compared with the database, and a new user has missed nothing",
        )


class TestRestart:
    def test_restart_without_loss_keeps_recovering_clients(self, system: System, valkey: RestoredValkey) -> None:
        bob = system.user("bob")
        watcher = system.client(bob)
        follow(system, bob)
        known = watcher.wait_for("following notify")[0]["offset"]
        valkey.kill()
        valkey.start()

        def sync() -> dict[str, Any]:
            client = connected(system, bob, last_offset=known)
            told = client.wait_for("sync")[0]
            client.close()
            return dict(told)

        wait_until(lambda: sync()["recovered"], seconds=20, what="the data is verified")
        follow(system, bob)
        watcher.wait_for("following notify", 2, seconds=20)
        assert [told["recovered"] for told in watcher.of("sync")] == [True], watcher.events
        watcher.close()


class TestDatabase:
    """A database that restarts without its last commits, as a lagging replica or a restored backup does."""

    @pytest.fixture
    def postgresql(self, module_folder: Path) -> Iterator[PostgreSQL]:
        yield from running(PostgreSQL(module_folder / "restored-postgresql"))

    @pytest.fixture
    def system(self, module_folder: Path, postgresql: PostgreSQL, valkeys: Callable[[], Service]) -> Iterator[System]:
        urls = on_redis(valkeys().url)
        with System(module_folder / "older-database", DATABASE_URL=postgresql.url, **urls) as system:
            yield system

    def test_no_id_is_reused_and_counts_match_the_database(self, system: System, postgresql: PostgreSQL) -> None:
        bob = system.user("bob")
        watcher = system.client(bob)
        follow(system, bob)
        watcher.wait_for("following notify")
        restore = self.copy(postgresql)
        wait_for_database(system, bob)
        follow(system, bob)
        newest = watcher.wait_for("following notify", 2, seconds=20)[1]["offset"]
        with Redis.from_url(system.env["REDIS_URL"]) as redis:
            wait_until(
                lambda: redis.hget(Keys().epoch, "committed") == redis.hget(Keys().epoch, "sequence"),
                seconds=20,
                what="the dispatched sequence is known to be committed",
            )

        restore()
        wait_for_database(system, bob)

        wait_until(
            lambda: not sync_of(system, bob, last_offset=newest)["recovered"],
            seconds=20,
            what="the older data is noticed",
        )
        assert sync_of(system, bob)["unread_count"] in (None, 1)
        follow(system, bob)
        wait_until(lambda: sync_of(system, bob)["unread_count"] == 2, seconds=20, what="both are counted")
        listed = system.api.get("/v1_0/user/notifications", bob)[1]["results"]
        new, known = (notification["id"] for notification in listed)
        assert watcher.ids()[0] == known
        assert new > watcher.ids()[1]
        watcher.close()

    def copy(self, postgresql: PostgreSQL) -> Callable[[], None]:
        """Copy the committed data; return a function that restores it."""
        now, then = postgresql.folder / "data", postgresql.folder / "copy"
        postgresql.stop()
        subprocess.run(["cp", "-a", now, then], check=True, timeout=60)
        postgresql.start()

        def restore() -> None:
            postgresql.kill()
            shutil.rmtree(now)
            then.rename(now)
            (now / "postmaster.pid").unlink(missing_ok=True)
            postgresql.start()

        return restore
