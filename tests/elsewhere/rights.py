"""The least rights that docs/operations.md gives on Redis and RabbitMQ, and what needs each of them."""

import re
import shlex
import sys
from typing import Any

from redis import Redis

from tests.services import RabbitMQ, Service, wait_until
from tests.system import ROOT, System

PASSWORD = "password"
CHAPTER = (ROOT / "docs/operations.md").read_text().partition("## Least rights\n")[2].partition("\n## ")[0]
WITH_PREFIX, WITHOUT = re.findall(r"^```sh\n(.*?)^```", CHAPTER, re.MULTILINE | re.DOTALL)
OF_PREFIX = dict(re.findall(r"`(KEY_PREFIX|CHANNEL)=(\S+?)`", CHAPTER))
assert OF_PREFIX["CHANNEL"] == OF_PREFIX["KEY_PREFIX"] + "socketio"


def with_prefix(prefix: str) -> str:
    """Return the commands for a system whose CHANNEL is the prefix and `socketio`."""
    return WITH_PREFIX.replace(OF_PREFIX["KEY_PREFIX"], prefix)


def commands(block: str, tool: str) -> list[list[str]]:
    """Return the arguments of a tool's commands."""
    found = re.findall(rf"^{tool} (.*)$", block, re.MULTILINE)
    assert len(found) == 2, "one for the IM servers, one for all others"
    return [shlex.split(line) for line in found]


def limit_on_redis(service: Service, block: str) -> tuple[str, str]:
    """Make the users; return the URL for the IM servers last."""
    with Redis(port=service.port) as redis:
        names = []
        for arguments in commands(block, "redis-cli"):
            redis.execute_command(*arguments)
            names.append(arguments[2])
        redis.acl_log_reset()
    ours, im = (f"redis://{name}:{PASSWORD}@127.0.0.1:{service.port}/0" for name in names)
    return ours, im


def limit_on_rabbitmq(rabbitmq: RabbitMQ, url: str, block: str) -> tuple[str, str]:
    """Make the users for the virtual host of a URL; return the URL for the IM servers last."""
    vhost = url.rpartition("/")[2]
    users = []
    for _set, _option, _vhost, name, *rights in commands(block, "rabbitmqctl"):
        users.append(f"{name}-{vhost}")
        rabbitmq.ctl("add_user", users[-1], PASSWORD)
        rabbitmq.ctl("set_permissions", "-p", vhost, users[-1], *rights)
    ours, im = (url.replace("guest:guest", f"{user}:{PASSWORD}") for user in users)
    return ours, im


def refused_by_redis(redis: Redis) -> set[tuple[Any, ...]]:
    return {(entry["username"], entry["reason"], entry["object"]) for entry in redis.acl_log()}  # type: ignore[union-attr]


def ping(system: System) -> str:
    done = system.run(sys.executable, "-m", "celery", "-A", "tasks", "inspect", "ping")
    return done.stdout + done.stderr


def use(system: System) -> None:
    """Use each feature of the system, as several users and an operator. Leave Flower running."""
    ann, bob = system.api.sign_up("ann"), system.user("bob")
    client = system.client(bob).stay()
    client.wait_for("sync")
    assert system.api.follow(ann, bob) == 201
    client.wait_for("following notify")
    assert system.api.get("/v1_0/user/notifications", bob)[0] == 200
    assert system.api.post("/v1_0/user/notifications/read", {"up_to": 2**52}, bob)[0] == 200
    wait_until(
        lambda: {"count": 0, "unseen_count": 0} in client.of("unread"), seconds=30, what="the other task is done"
    )
    assert system.api.get(f"/v1_0/users/{bob.id}", ann)[1]["online"]
    client.close()
    if "flower" not in system.processes:
        system.add_flower("flower")
    assert "pong" in ping(system)
    for process in system.processes.values():
        assert process.popen.poll() is None
        assert not process.says("Remedy")
