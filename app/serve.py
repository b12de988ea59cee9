"""Serve the API on granian: `python -m app.serve --port 5000`. Every option of granian's own command may be added.

granian alone loses a SIGTERM while its worker imports the API, and then never ends: the forked worker still has the
main process's handler, which notes the signal where nobody looks. Here SIGTERM ends the worker, until granian's own
handler for workers takes over.
"""

import os
import signal
import sys

from granian.cli import cli

# A request takes 6 s where the database is silent. A worker that holds one for longer is killed: the end has a bound.
_STOP_SECONDS = 10

_DEFAULTS = {
    "interface": "wsgi",
    "websockets": False,
    "workers": 1,  # whose metrics are then whole
    "blocking_threads": 6,  # two may hash a password and two wait for them: the others go on
    "workers_kill_timeout": _STOP_SECONDS,
    "respawn_failed_workers": True,
}
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    os.register_at_fork(before=_hold_signals, after_in_parent=_release_signals, after_in_child=_begin_anew)
    cli(["app.wsgi:app", *sys.argv[1:]], prog_name="app.serve", auto_envvar_prefix="GRANIAN", default_map=_DEFAULTS)


def _hold_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _begin_anew() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    _release_signals()


if __name__ == "__main__":
    main()
