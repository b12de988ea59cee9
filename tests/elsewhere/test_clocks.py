"""Machines whose clocks differ."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clocks import off_by
from tests.services import Service
from tests.system import System


@pytest.mark.parametrize("seconds", [90, -90])
def test_a_worker_whose_clock_is_wrong_takes_no_task_for_expired(
    folder: Path, valkeys: Callable[[], Service], seconds: int
) -> None:
    urls = dict.fromkeys(("BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL"), valkeys().url)
    with System(folder / f"worker{seconds}", env_of={"worker": off_by(seconds)}, **urls) as system:
        ann, bob = system.user(), system.user()
        client = system.client(bob)
        client.wait_for("sync")

        assert system.api.follow(ann, bob) == 201

        assert client.wait_for("following notify")[0]["user_id"] == ann.id
        client.close()
