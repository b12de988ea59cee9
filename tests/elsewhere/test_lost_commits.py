"""A standby of PostgreSQL takes over without the last commits, which were dispatched and seen already."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from core.keys import Keys
from tests.clients import User
from tests.failure.simulated_client import SimulatedClient
from tests.services import PostgreSQL, Service, wait_until
from tests.standby import Standby, query
from tests.system import System, on_redis


@pytest.fixture
def system(
    tmp_path: Path, postgresql_pair: tuple[PostgreSQL, Standby], valkeys: Callable[[], Service]
) -> Iterator[System]:
    hosts = "&".join(f"host=127.0.0.1:{server.port}" for server in postgresql_pair)
    url = f"postgresql+psycopg://toutiao@/postgres?{hosts}"
    with System(tmp_path, DATABASE_URL=url, **on_redis(valkeys().url)) as system:
        yield system


def follow(system: System, target: User, fans: list[User]) -> None:
    """Have each follow, as soon as there is a database that takes it."""
    for fan in fans:
        wait_until(lambda fan=fan: system.api.follow(fan, target) == 201, seconds=30, what="it is taken")  # type: ignore[misc]


def inbox(system: System, user: User) -> set[int]:
    return {row["id"] for row in system.api.get("/v1_0/user/notifications?limit=100", user)[1]["results"]}


def wait_until_seen(device: SimulatedClient, ids: set[int]) -> None:
    """Wait until a device has had these, pushed or in its inbox, which it reads only where it is told to."""
    seen = device.memory.seen_at
    wait_until(lambda: ids <= seen.keys(), seconds=30, what=f"{ids} are seen")


def wait_until_remembered(system: System) -> None:
    """Wait for a dispatch that found nothing: it has Redis remember what the database had committed."""

    def is_remembered() -> bool:
        with Redis.from_url(system.env["REDIS_URL"]) as redis:
            committed, sequence = redis.hmget(Keys().epoch, "committed", "sequence")
            return committed == sequence

    wait_until(is_remembered, seconds=20, what="what was dispatched is known to be committed")


def leave(device: SimulatedClient) -> None:
    device.may_connect.clear()
    device.drop()


def unread_count(system: System, user: User) -> int | None:
    with closing(system.client(user)) as client:
        count: int | None = client.wait_for("sync")[0]["unread_count"]
        return count


@pytest.fixture
def bob(system: System) -> User:
    return system.user("bob")


@pytest.fixture
def devices(system: System, bob: User) -> Iterator[list[SimulatedClient]]:
    """Four of Bob's."""
    devices = [SimulatedClient(system.im_urls, bob, system.api) for _ in range(4)]
    yield devices
    for device in devices:
        device.close()


@pytest.mark.parametrize("is_remembered", [True, False], ids=["remembered", "at once"])
def test_promoted_standby_reuses_no_id_and_hides_no_miss(
    system: System,
    postgresql_pair: tuple[PostgreSQL, Standby],
    bob: User,
    devices: list[SimulatedClient],
    is_remembered: bool,
) -> None:
    primary, standby = postgresql_pair
    there, back_early, gone_late, gone_long = devices
    first, *fans = (system.user() for _ in range(5))
    follow(system, bob, [first])
    kept = inbox(system, bob)
    for device in devices:
        wait_until_seen(device, kept)
    standby.wait_for_all()

    leave(back_early)
    leave(gone_long)
    standby.cut_off()
    # A standby counts on 32 numbers ahead: fewer that are lost would not be given again in any case.
    query(primary, "SELECT count(nextval('notifications_id_seq')) FROM generate_series(1, 33)")
    follow(system, bob, fans[:2])
    lost = inbox(system, bob) - kept
    for device in (there, gone_late):
        wait_until_seen(device, lost)
    leave(gone_late)
    if is_remembered:
        wait_until_remembered(system)
    primary.kill()
    back_early.may_connect.set()  # while there is no database
    standby.promote()

    follow(system, bob, fans)
    new = inbox(system, bob) - kept
    assert len(lost) == 2
    assert len(new) == len(fans)
    assert new.isdisjoint(lost)
    gone_late.may_connect.set()
    gone_long.may_connect.set()
    for device in devices:
        wait_until_seen(device, kept | new)
        assert not device.memory.disorders
    if is_remembered:
        wait_until(lambda: all(d.memory.unrecovered for d in devices), seconds=20, what="each is told of the new epoch")
    wait_until(lambda: unread_count(system, bob) == len(kept | new), seconds=20, what="the count is the database's")
