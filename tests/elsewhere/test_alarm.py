"""RabbitMQ under an alarm accepts and confirms nothing: no process waits forever or accumulates connections."""

from pathlib import Path

from tests.services import RabbitMQ, Service, wait_until
from tests.system import System

_SECONDS = 20  # for a process to end


def test_publishers_keep_their_connections_and_processes_end_under_an_alarm(
    folder: Path, rabbitmq: RabbitMQ, valkey: Service
) -> None:
    url = rabbitmq.create_vhost()

    def blocked() -> int:
        vhost = url.rpartition("/")[2]
        lines = rabbitmq.ctl("list_connections", "-q", "vhost", "state").splitlines()
        return [line.split() for line in lines].count([vhost, "blocked"])

    def is_short() -> bool:
        return "memory" in rabbitmq.ctl("eval", "rabbit_alarm:get_alarms().")

    usual = rabbitmq.ctl("eval", "vm_memory_monitor:get_vm_memory_high_watermark().").strip()
    settings = {"REDIS_URL": valkey.url, "BROKER_URL": url, "MESSAGE_QUEUE_URL": url}
    try:
        with System(folder / "alarm", **settings) as system:
            ann, bob = system.user(), system.user()
            rabbitmq.ctl("set_vm_memory_high_watermark", "0.00001")
            assert system.api.follow(bob, ann) == 201

            for name in ("api", "worker"):
                _wait_until_said(system, name, "short of memory or disk")
            _wait_until_said(system, "im0", "subscribing again")
            before = blocked()
            _wait_until_said(system, "im0", "subscribing again", times=3)
            # RabbitMQ takes a moment to end a connection that it has blocked.
            wait_until(lambda: blocked() <= before + 1, seconds=20, what="earlier connections have ended")

            for name in ("beat", "worker", "im0", "api"):
                assert system.processes[name].terminate(seconds=_SECONDS) == 0, name
    finally:
        rabbitmq.ctl("set_vm_memory_high_watermark", usual)
        wait_until(lambda: not is_short(), seconds=20, what="the alarm is over")


def _wait_until_said(system: System, name: str, text: str, *, times: int = 1) -> None:
    log = system.processes[name].log
    wait_until(lambda: log.read_text().count(text) >= times, seconds=30, what=f"{name} says {text!r}")
