"""The least rights that docs/operations.md gives on Redis and RabbitMQ are sufficient."""

import re
import shlex
import sys
from collections.abc import Callable

import pytest
from redis import Redis

from tests.services import RabbitMQ, Service
from tests.system import ROOT, System, on_redis

PASSWORD = "password"
CHAPTER = (ROOT / "docs/operations.md").read_text().partition("## Least rights\n")[2].partition("\n## ")[0]
WITH_PREFIX, WITHOUT = re.findall(r"^```sh\n(.*?)^```", CHAPTER, re.MULTILINE | re.DOTALL)
OF_PREFIX = dict(re.findall(r"`(KEY_PREFIX|CHANNEL)=(\S+?)`", CHAPTER))
assert OF_PREFIX.keys() == {"KEY_PREFIX", "CHANNEL"}

shapes = pytest.mark.parametrize(("block", "names"), [(WITH_PREFIX, OF_PREFIX), (WITHOUT, {})], ids=["prefix", "none"])


def commands(block: str, tool: str) -> list[list[str]]:
    """Return the arguments of a tool's commands."""
    found = re.findall(rf"^{tool} (.*)$", block, re.MULTILINE)
    assert len(found) == 2, "one for the IM servers, one for all others"
    return [shlex.split(line) for line in found]


def use(system: System) -> None:
    """Use each feature of the system, as several users and an operator."""
    ann, bob = (system.api.sign_up(name) for name in ("ann", "bob"))
    client = system.client(bob).stay()
    client.wait_for("sync")
    assert system.api.follow(ann, bob) == 201
    client.wait_for("following notify")
    assert system.api.get("/v1_0/user/notifications", bob)[0] == 200
    assert system.api.post("/v1_0/user/notifications/read", {"up_to": 2**52}, bob)[0] == 200
    client.wait_for("unread")
    assert system.api.get(f"/v1_0/users/{bob.id}", ann)[1]["online"]
    client.close()
    system.add_flower("flower")
    ping = system.run(sys.executable, "-m", "celery", "-A", "tasks", "inspect", "ping")
    assert "pong" in ping.stdout
    for process in system.processes.values():
        assert process.popen.poll() is None
        assert not process.says("Remedy")
    system.processes["worker"].terminate()


@shapes
def test_documented_rights_on_redis_are_sufficient(
    valkeys: Callable[[], Service], block: str, names: dict[str, str]
) -> None:
    service = valkeys()
    urls = {}
    with Redis(port=service.port) as redis:
        for arguments in commands(block, "redis-cli"):
            redis.execute_command(*arguments)
            urls[arguments[2]] = f"redis://{arguments[2]}:{PASSWORD}@127.0.0.1:{service.port}/0"
        redis.acl_log_reset()
        im = {"im0": on_redis(urls["toutiao-im"])}
        with System(service.folder / "least", env_of=im, **on_redis(urls["toutiao"]), **names) as system:
            try:
                use(system)
            finally:
                refused = {(entry["username"], entry["reason"], entry["object"]) for entry in redis.acl_log()}
                print("refused:", refused)
    assert not refused


@shapes
def test_documented_rights_on_rabbitmq_are_sufficient(
    rabbitmq: RabbitMQ, valkeys: Callable[[], Service], block: str, names: dict[str, str]
) -> None:
    vhost = rabbitmq.create_vhost()
    vhost_name = vhost.rpartition("/")[2]
    urls = {}
    for _set, _option, _vhost, name, *rights in commands(block, "rabbitmqctl"):
        user = f"{name}-{vhost_name}"
        rabbitmq.ctl("add_user", user, PASSWORD)
        rabbitmq.ctl("set_permissions", "-p", vhost_name, user, *rights)
        urls[name] = vhost.replace("guest:guest", f"{user}:{PASSWORD}")
    service = valkeys()
    im = {"im0": {"BROKER_URL": urls["toutiao-im"], "MESSAGE_QUEUE_URL": urls["toutiao-im"]}}
    ours = {"BROKER_URL": urls["toutiao"], "MESSAGE_QUEUE_URL": urls["toutiao"], "REDIS_URL": service.url, **names}
    with System(service.folder / "least", env_of=im, **ours) as system:
        use(system)
    log = b"".join(path.read_bytes() for path in (rabbitmq.folder / "logs").glob("*.log"))
    assert not [line for line in log.splitlines() if b"access_refused" in line.lower() and vhost_name.encode() in line]
