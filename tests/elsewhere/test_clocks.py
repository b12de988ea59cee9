"""Machines whose clocks differ."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clocks import JumpingClock, off_by
from tests.services import Service, wait_until
from tests.system import System, on_redis


@pytest.mark.parametrize("seconds", [90, -90])
def test_worker_with_a_wrong_clock_expires_no_task(folder: Path, valkeys: Callable[[], Service], seconds: int) -> None:
    urls = on_redis(valkeys().url)
    with System(folder / f"worker{seconds}", env_of={"worker": off_by(seconds)}, **urls) as system:
        ann, bob = system.user(), system.user()
        client = system.client(bob)
        client.wait_for("sync")

        assert system.api.follow(ann, bob) == 201

        assert client.wait_for("following notify")[0]["user_id"] == ann.id
        client.close()


@pytest.mark.parametrize("seconds", [3600, -3600], ids=["ahead", "behind"])
@pytest.mark.parametrize("process", ["api", "worker", "im0"])
def test_system_works_with_a_process_whose_clock_is_an_hour_off(
    tmp_path: Path, valkeys: Callable[[], Service], process: str, seconds: int
) -> None:
    urls = on_redis(valkeys().url)
    with System(tmp_path, env_of={process: off_by(seconds)}, **urls) as system:
        assert_pushes_and_counts_come(system)


def test_system_works_while_clocks_jump(tmp_path: Path, valkeys: Callable[[], Service]) -> None:
    urls = on_redis(valkeys().url)
    clock = JumpingClock(tmp_path / "clock")
    with System(tmp_path, env_of=dict.fromkeys(("worker", "beat"), clock.environment), **urls) as system:
        for seconds in (3600, -3600):
            clock.jump(seconds)
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
