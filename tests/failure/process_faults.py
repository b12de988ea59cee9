"""Faults of the system's processes."""

from tests.failure.faults import Fault
from tests.failure.load import Load
from tests.failure.symptoms import log_says


def kill(process: str) -> Fault:
    """Kill a process and its children with SIGKILL; start it again at once."""
    return Fault(
        f"kill {process}",
        inject=lambda load: load.cluster.system.processes[process].kill(),
        repair=lambda load: load.cluster.system.processes[process].start(),
        lasts_seconds=1,
        answers_stay=process != "api",
    )


def terminate(process: str) -> Fault:
    """Ask a process to end with SIGTERM; start it again when it has ended."""

    def inject(load: Load) -> None:
        code = load.cluster.system.processes[process].terminate(seconds=20)
        assert code == 0, f"{process} ended with {code}"

    return Fault(
        f"terminate {process}",
        inject=inject,
        repair=lambda load: load.cluster.system.processes[process].start(),
        lasts_seconds=0,
        answers_stay=process != "api",
    )


def crash_at(failpoint: str) -> Fault:
    """Kill a process whenever it reaches a failpoint, until it is repaired."""
    process = "api" if failpoint == "after commit" else "worker"

    def inject(load: Load) -> None:
        load.cluster.system.processes[process].kill()
        load.cluster.system.processes[process].start(FAILPOINT=failpoint)

    def repair(load: Load) -> None:
        load.cluster.system.processes[process].kill()
        load.cluster.system.processes[process].start()

    return Fault(
        f"crash {failpoint}",
        inject=inject,
        repair=repair,
        lasts_seconds=1,
        answers_stay=process != "api",
        symptoms={f"{process} dies at {failpoint!r}": log_says(process, f"dying at {failpoint!r}")},
    )


def extra_processes() -> Fault:
    """Run two more workers and a second beat for a while."""

    def inject(load: Load) -> None:
        for name in ("worker2", "worker3"):
            load.cluster.system.add_worker(name)
        load.cluster.system.add_beat("beat2")

    def repair(load: Load) -> None:
        for name in ("worker2", "worker3", "beat2"):
            load.cluster.system.processes.pop(name).terminate(seconds=30)

    ready = {f"{name} is ready": log_says(name, "ready.") for name in ("worker2", "worker3")}
    return Fault("three workers, two beats", inject=inject, repair=repair, lasts_seconds=3, symptoms=ready)
