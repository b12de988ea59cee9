"""Run the whole system on this machine until Ctrl-C: `make run`, or `python -m dev`."""

import signal

# Until the runner handles signals, Ctrl-C ends this process at once, and without a traceback from an import.
signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from dev import environment, lock, ports, services
from dev.errors import RunError, StopRequested
from dev.runner import Runner
from dev.system import System
from dev.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
_STOP_SECONDS = 10


def main() -> int:
    """Return the exit code: 0 after a requested stop, 1 after a failure."""
    parser = argparse.ArgumentParser(prog="python -m dev", description=__doc__)
    parser.add_argument("--env-file", type=Path, default=ROOT / ".env", help="variables for what the environment lacks")
    arguments = parser.parse_args()
    os.umask(0o077)  # no other user may read the database, the queues and the histories
    if environment.take_from_others(arguments.env_file):
        print(f"make run: {arguments.env_file} could be read by others; from now on it is yours alone", file=sys.stderr)
    try:
        return _run(environment.read(arguments.env_file, os.environ))
    except RunError as error:
        print(f"make run: {error}", file=sys.stderr)
        return 1


def _run(given: Mapping[str, str]) -> int:
    env = environment.complete(given, ROOT)
    data_dir = Path(env["DATA_DIR"])
    valkey = Valkey(data_dir / "valkey", ports.find_free())
    is_valkey_needed = environment.use_for_what_is_missing(valkey.url, env)
    settings = environment.check(env)
    stop_seconds = _STOP_SECONDS + settings.im_drain_seconds
    with ExitStack() as stack:
        descriptor = stack.enter_context(
            lock.held(data_dir)
        )  # before the ports: another `make run` would hold these too
        ports.check_free(env)
        services.check_given(env, [name for name in environment.SERVICES if name in given])
        runner = stack.enter_context(Runner(root=ROOT, env=env, stop_seconds=stop_seconds, lock=descriptor))
        try:
            if is_valkey_needed:
                valkey.start(runner)
            system = System(settings, node=f"dev-{os.getpid()}@localhost")
            system.start(runner)
            runner.say(system.describe())
            environment.write_for_other_terminals(env)
            runner.watch()
        except StopRequested as reason:
            runner.say(f"{reason}: stopping")
            return 0
        except RunError as error:
            runner.say(f"{error}; stopping the rest")
            return 1


if __name__ == "__main__":
    sys.exit(main())
