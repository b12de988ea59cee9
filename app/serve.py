"""Serve the API on granian: `python -m app.serve --port 5000`. All options of granian's own command are allowed.

granian alone ignores a SIGTERM while its worker imports the API, and then never stops: the forked worker still has the
handler of the main process, whose note of the signal nothing reads. Here SIGTERM ends the worker until granian installs
its own handler for workers.
"""

import os
import signal
import sys

from granian.cli import cli

# A request takes 6 s when the database does not answer. A worker that needs longer is killed, so a stop always ends.
_STOP_SECONDS = 10

_DEFAULTS = {
    "interface": "wsgi",
    "websockets": False,
    "workers": 1,  # so that one process has all the metrics
    # Two may hash passwords, two may wait for them, 16 may read bodies, and four may wait for those: four are left for
    # other requests. Bodies of ordinary clients arrive together too, since many send a body after the header.
    "blocking_threads": 28,
    "workers_kill_timeout": _STOP_SECONDS,
    "respawn_failed_workers": True,
}
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    os.register_at_fork(before=_block_signals, after_in_parent=_unblock_signals, after_in_child=_reset_signals)
    cli(["app.wsgi:app", *sys.argv[1:]], prog_name="app.serve", auto_envvar_prefix="GRANIAN", default_map=_DEFAULTS)


def _block_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def _unblock_signals() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _reset_signals() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    _unblock_signals()


if __name__ == "__main__":
    main()
