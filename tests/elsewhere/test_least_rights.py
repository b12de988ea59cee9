"""The system under the least rights that docs/operations.md gives, on Redis and on RabbitMQ. Nothing is refused."""

import re
import shlex
import sys
from collections.abc import Callable

from redis import Redis

from tests.services import RabbitMQ, Service
from tests.system import ROOT, System

PASSWORD = "password"


def commands(tool: str) -> list[list[str]]:
    """Return the arguments of a tool's commands in the chapter."""
    chapter = (ROOT / "docs/operations.md").read_text().partition("## Least rights\n")[2].partition("\n## ")[0]
    found = re.findall(rf"^{tool} (.*)$", chapter, re.MULTILINE)
    assert len(found) == 2, "one for the IM servers, one for all others"
    return [shlex.split(line) for line in found]


def use(system: System) -> None:
    """Do some of all that the system can, as several people and an operator."""
    ann, bob = system.user(), system.user()
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


def test_redis(valkeys: Callable[[], Service]) -> None:
    service = valkeys()
    urls = {}
    with Redis(port=service.port) as redis:
        for arguments in commands("redis-cli"):
            redis.execute_command(*arguments)
            urls[arguments[2]] = f"redis://{arguments[2]}:{PASSWORD}@127.0.0.1:{service.port}/0"
        redis.acl_log_reset()
        names = ("BROKER_URL", "MESSAGE_QUEUE_URL", "REDIS_URL")
        im = {"im0": dict.fromkeys(names, urls["toutiao-im"])}
        with System(service.folder / "least", env_of=im, **dict.fromkeys(names, urls["toutiao"])) as system:
            try:
                use(system)
            finally:
                refused = {(entry["username"], entry["reason"], entry["object"]) for entry in redis.acl_log()}
                print("refused:", refused)
    assert not refused


def test_rabbitmq(rabbitmq: RabbitMQ, valkeys: Callable[[], Service]) -> None:
    vhost = rabbitmq.create_vhost()
    urls = {}
    for _set, _option, _vhost, name, *rights in commands("rabbitmqctl"):
        rabbitmq.ctl("add_user", name, PASSWORD)
        rabbitmq.ctl("set_permissions", "-p", vhost.rpartition("/")[2], name, *rights)
        urls[name] = vhost.replace("guest:guest", f"{name}:{PASSWORD}")
    service = valkeys()
    im = {"im0": {"BROKER_URL": urls["toutiao-im"], "MESSAGE_QUEUE_URL": urls["toutiao-im"]}}
    ours = {"BROKER_URL": urls["toutiao"], "MESSAGE_QUEUE_URL": urls["toutiao"], "REDIS_URL": service.url}
    with System(service.folder / "least", env_of=im, **ours) as system:
        use(system)
    log = b"".join(path.read_bytes() for path in (rabbitmq.folder / "logs").glob("*.log"))
    assert not [line for line in log.splitlines() if b"access_refused" in line.lower() and b"toutiao" in line]
