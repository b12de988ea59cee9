"""What Flower shows of a system that is mostly idle."""

import base64
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from core import events
from core.db import Database
from tests.rows import write_notification
from tests.services import wait_until
from tests.system import BIN, System

SECONDS = 30


class Flower:
    def __init__(self, url: str) -> None:
        self._url = url
        self._forgotten: set[str] = set()

    def get(self, path: str) -> Any:
        password = base64.b64encode(b"admin:secret").decode()
        request = urllib.request.Request(self._url + path, headers={"Authorization": f"Basic {password}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def forget(self) -> None:
        """List only what comes from now on."""
        self._forgotten = set(self.get("/api/tasks"))

    def dispatches(self) -> list[dict[str, Any]]:
        tasks: dict[str, dict[str, Any]] = self.get("/api/tasks")
        new = [tasks[key] for key in tasks.keys() - self._forgotten]
        return [task for task in new if task["name"] == events.DISPATCH_TASK]


@pytest.fixture(scope="module", params=["small", "big"])
def system(request: pytest.FixtureRequest) -> System:
    """Redis, then RabbitMQ for a broker."""
    system: System = request.getfixturevalue(request.param)
    return system


@pytest.fixture(scope="module")
def shared_flower(system: System) -> Iterator[Flower]:
    """A Flower that sees the worker."""
    flower = Flower(system.add_flower("flower"))
    wait_until(lambda: flower.get("/api/workers?refresh=1&status=1"), seconds=SECONDS, what="Flower lists a worker")
    yield flower
    system.processes.pop("flower").kill()


@pytest.fixture
def flower(shared_flower: Flower) -> Flower:
    shared_flower.forget()
    return shared_flower


def runs(system: System) -> int:
    """Count the dispatches that the worker has run."""
    log = system.processes["worker"].log.read_text(errors="replace")
    return log.count(f"Task {events.DISPATCH_TASK}[") // 2  # received, then succeeded


def succeeded(flower: Flower) -> list[str]:
    return [task["result"] for task in flower.dispatches() if task["state"] == "SUCCESS"]


def test_empty_dispatches_do_not_hide_those_that_pushed(system: System, flower: Flower) -> None:
    ann, bob = system.user(), system.user()
    before = runs(system)
    wait_until(lambda: runs(system) >= before + 3, seconds=SECONDS, what="beat has requested several dispatches")

    system.api.follow(ann, bob)
    wait_until(lambda: succeeded(flower), seconds=SECONDS, what="Flower lists the dispatch that pushed")
    before = runs(system)
    wait_until(lambda: runs(system) >= before + 3, seconds=SECONDS, what="beat has requested several dispatches")

    [notification] = system.api.get("/v1_0/user/notifications", bob)[1]["results"]
    [task] = flower.dispatches()
    assert task["result"] == f"{{'pushed': 1, 'ids': [{notification['id']}]}}"
    assert task["started"]
    assert task["worker"]
    assert list(flower.get("/api/workers?status=1").values()) == [True]


def test_dispatch_shows_what_it_could_not_push(system: System, flower: Flower) -> None:
    ann, bob = system.user(), system.user()
    database = Database(system.env["DATABASE_URL"])

    with database.transaction() as connection:
        bad = write_notification(connection, bob.id, ann.id, data="[1]")

    wait_until(lambda: succeeded(flower), seconds=SECONDS, what="Flower lists the dispatch")
    assert succeeded(flower) == [f"{{'pushed': 0, 'ids': [], 'failed': [{bad}]}}"]
    listed = system.run(str(BIN / "flask"), "--app", "app.wsgi", "outbox", "list")
    assert "InvalidData: data should be a dict, and is a list" in listed.stdout
    discarded = system.run(str(BIN / "flask"), "--app", "app.wsgi", "outbox", "discard", str(bad))
    assert discarded.returncode == 0, discarded.stderr
    database.close()
