"""Redis whose append-only file can't be written, as on a full disk. The limit of a file's size stands for the disk."""

import resource
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.clients import Client, User
from tests.services import Valkey, wait_until
from tests.system import System, on_redis

_LITTLE = 4096  # bytes that there is room for
_MOST_FANS = 40


class SmallDisk(Valkey):
    """`leave` has its files grow by so many bytes and no more, `make_room` ends that."""

    def command(self) -> tuple[list[str], Mapping[str, str], str | None]:
        command, env, user = super().command()
        # A write beyond the limit should fail, as on a full disk, and not end the process by its signal.
        return ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh", *command], env, user

    def leave(self, room: int) -> None:
        largest = max(file.stat().st_size for file in self.folder.glob("appendonlydir/*"))
        self._limit(largest + room)

    def make_room(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def has_ended(self) -> bool:
        assert self._process
        return self._process.popen.poll() is not None

    def _limit(self, size: int) -> None:
        assert self._process
        resource.prlimit(self._process.popen.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.fixture
def valkey(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SmallDisk]:
    service = SmallDisk(tmp_path / "valkey", "--appendfsync", request.param)
    service.start()
    yield service
    service.kill()


@pytest.fixture
def system(tmp_path: Path, valkey: SmallDisk) -> Iterator[System]:
    with System(tmp_path / "system", **on_redis(valkey.url)) as system:
        yield system


def follow_until(system: System, target: User, says: str) -> list[User]:
    """Have people follow until /readyz of the API says something; return who did. Each is answered 201."""
    fans: list[User] = []

    def is_said() -> bool:
        if len(fans) < _MOST_FANS:
            fans.append(system.user())
            assert system.api.follow(fans[-1], target) == 201
        return says in system.api.get("/readyz")[1]

    wait_until(is_said, seconds=30, what=f"/readyz says {says}")
    return fans


def expect_each_once(system: System, target: User, client: Client, fans: list[User]) -> None:
    client.wait_for("following notify", len(fans), seconds=30)
    last = system.user()
    assert system.api.follow(last, target) == 201
    client.wait_for("following notify", len(fans) + 1, seconds=30)
    shown = {data["id"]: data["user_id"] for data in client.of("following notify")}  # a repeat has the same id
    assert sorted(shown.values()) == sorted(user.id for user in [*fans, last])


@pytest.mark.parametrize("valkey", ["everysec"], indirect=True)
class TestEverySecond:
    """It answers, and takes no changes."""

    def test_pushes_continue_when_the_disk_has_room_again(self, system: System, valkey: SmallDisk) -> None:
        ann = system.user()
        client = system.client(ann).stay()
        client.wait_for("sync")

        valkey.leave(_LITTLE)
        fans = follow_until(system, ann, "redis: can't save: free disk space on the Redis server (MISCONF")
        fans += [system.user()]
        assert system.api.follow(fans[-1], ann) == 201
        wait_until(lambda: "broker: can't save" in system.api.get("/readyz")[1], seconds=10, what="the broker's line")
        valkey.make_room()

        expect_each_once(system, ann, client, fans)
        wait_until(lambda: "redis: ok" in system.api.get("/readyz")[1], seconds=10, what="/readyz says so")
        client.close()

    def test_restart_with_room_hides_no_miss(self, system: System, valkey: SmallDisk) -> None:
        """What Redis had answered and could not write is gone then: the inbox has it."""
        ann = system.user()
        client = system.client(ann).stay()
        client.wait_for("sync")

        valkey.leave(_LITTLE)
        fans = follow_until(system, ann, "redis: can't save")
        valkey.kill()
        valkey.start()
        fans += [system.user()]
        assert system.api.follow(fans[-1], ann) == 201

        def has_all_or_is_told() -> bool:
            told = {data["user_id"] for data in client.of("following notify")}
            return told >= {fan.id for fan in fans} or not all(sync["recovered"] for sync in client.of("sync"))

        wait_until(has_all_or_is_told, seconds=30, what="it has all, or is sent to the inbox")
        listed = system.api.get("/v1_0/user/notifications?limit=100", ann)[1]["results"]
        assert sorted(row["data"]["user_id"] for row in listed) == sorted(fan.id for fan in fans)
        assert set(client.ids()) <= {row["id"] for row in listed}
        client.close()


@pytest.mark.parametrize("valkey", ["always"], indirect=True)
class TestAlways:
    """It ends with the first change that it can't write."""

    def test_pushes_continue_when_redis_starts_with_room(self, system: System, valkey: SmallDisk) -> None:
        ann = system.user()
        client = system.client(ann).stay()
        client.wait_for("sync")

        valkey.leave(_LITTLE)
        fans = follow_until(system, ann, "redis: unavailable")
        wait_until(valkey.has_ended, seconds=10, what="it ends")
        fans += [system.user()]
        assert system.api.follow(fans[-1], ann) == 201
        valkey.start()

        expect_each_once(system, ann, client, fans)
        client.close()
