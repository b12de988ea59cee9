"""Machines whose clocks differ."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clocks import JumpingClock
from tests.services import Service, wait_until
from tests.system import System, on_redis

Clocks = dict[str, JumpingClock]


@pytest.fixture(scope="module")
def all_clocks(module_folder: Path) -> Clocks:
    """The clock of each process."""
    return {name: JumpingClock(module_folder / f"{name}-clock") for name in ("api", "worker", "beat", "im0")}


@pytest.fixture(scope="module")
def system(module_folder: Path, valkeys: Callable[[], Service], all_clocks: Clocks) -> Iterator[System]:
    env_of = {name: clock.environment for name, clock in all_clocks.items()}
    with System(module_folder / "clocks", env_of=env_of, **on_redis(valkeys().url)) as system:
        yield system


@pytest.fixture
def clocks(system: System, all_clocks: Clocks) -> Iterator[Clocks]:
    """The clock of each process. After the test it is right, and who had another one has been started again."""
    yield all_clocks
    for name, clock in all_clocks.items():
        if clock.seconds != 0:
            restart(system, name, clock, 0)


def restart(system: System, name: str, clock: JumpingClock, seconds: int) -> None:
    system.processes[name].terminate()
    clock.jump(seconds)
    system.processes[name].start()
    system.wait_ready()


@pytest.mark.parametrize("seconds", [3600, -3600], ids=["ahead", "behind"])
@pytest.mark.parametrize("name", ["api", "worker", "im0"])
def test_system_works_with_a_process_whose_clock_is_an_hour_off(
    system: System, clocks: Clocks, name: str, seconds: int
) -> None:
    restart(system, name, clocks[name], seconds)

    assert_pushes_and_counts_come(system)


def test_system_works_while_clocks_jump(system: System, clocks: Clocks) -> None:
    for seconds in (3600, -3600):
        for name in ("worker", "beat"):
            clocks[name].jump(seconds)
        assert_pushes_and_counts_come(system)


def assert_pushes_and_counts_come(system: System) -> None:
    ann, bob, eve = (system.user() for _ in range(3))
    client = system.client(bob)
    client.wait_for("sync")
    assert system.api.follow(ann, bob) == 201
    [told] = client.wait_for("following notify", seconds=20)
    wait_until(
        lambda: {"count": 1, "unseen_count": 1} in client.of("unread"),
        seconds=20,
        what="the unread count of a push arrives",
    )

    system.api.post("/v1_0/user/notifications/read", {"ids": [told["id"]]}, bob)
    wait_until(
        lambda: client.of("unread")[-1] == {"count": 0, "unseen_count": 0},
        seconds=20,
        what="the unread count of a mark-read arrives",
    )
    client.close()
    assert system.api.follow(eve, bob) == 201

    back = system.client(bob, last_offset=told["offset"])
    wait_until(lambda: back.ids() and back.of("sync"), seconds=20, what="the client gets what it missed")
    assert back.of("sync")[0]["recovered"] is True
    back.close()
