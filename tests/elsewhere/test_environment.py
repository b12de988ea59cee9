"""An environment that others write into as well: orchestrators, proxies, and databases made by somebody else."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients import status
from tests.services import Service, free_port, wait_until
from tests.system import Process, System

LINKS = {f"{name}_PORT": f"tcp://10.0.0.{n}:80" for n, name in enumerate(("API", "IM", "FLOWER", "REDIS"), start=1)}


@pytest.fixture(scope="module")
def linked(folder: Path, valkeys: Callable[[], Service]) -> Iterator[System]:
    urls = dict.fromkeys(("BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL"), valkeys().url)
    with System(folder / "linked", **urls, **LINKS) as system:
        yield system


class TestServiceLinks:
    """What Kubernetes tells each container beside services named api, im, flower and redis."""

    def test_the_system_starts_and_pushes(self, linked: System) -> None:
        ann, bob = linked.user(), linked.user()
        client = linked.client(bob)
        client.wait_for("sync")

        assert linked.api.follow(ann, bob) == 201

        assert client.wait_for("following notify")[0]["user_id"] == ann.id
        client.close()

    def test_flower_starts(self, linked: System) -> None:
        port = free_port()
        command = [sys.executable, "-m", "celery", "-A", "tasks", "flower", f"--port={port}"]

        flower = Process(command, {**linked.env, "FLOWER_BASIC_AUTH": "admin:secret"}, linked.folder / "flower.log")

        try:
            url = f"http://127.0.0.1:{port}/healthcheck"
            wait_until(lambda: status(url) == 200, seconds=40, what="Flower answers")
        finally:
            flower.kill()
