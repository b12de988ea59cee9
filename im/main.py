"""Serve Socket.IO: `python im/main.py PORT`. The only file that patches, or knows the command line."""

import sys

import eventlet

eventlet.monkey_patch()

import logging
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import eventlet.wsgi

# Started as a script, Python looks for modules in im/; the packages stand one folder up.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from app.config import SettingsError, load_settings
from im.server import create_server

_SOCKETS = 100_000


def main() -> None:
    port = _port(sys.argv[1:])
    if port is None:
        print("Usage: python main.py [port]")
        sys.exit(1)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = load_settings({"im_port": port})
    except SettingsError as error:
        sys.exit(str(error))
    try:
        listener = eventlet.listen((settings.im_host, port), backlog=4096)
    except OSError as error:
        sys.exit(f"can't listen on {settings.im_host}:{port}: {error.strerror}")
    server = eventlet.spawn(
        eventlet.wsgi.server, listener, create_server(settings), max_size=_SOCKETS, log_output=False
    )
    eventlet.spawn(_end_on_signal, server)
    logging.getLogger("im").info("serving on http://%s:%d", settings.im_host, port)
    with suppress(eventlet.greenlet.GreenletExit):
        server.wait()


def _end_on_signal(server: Any) -> None:
    """Wait for SIGTERM or SIGINT. A handler alone would not wake the hub, which may sleep for a minute."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    eventlet.hubs.trampoline(read, read=True)
    server.kill()


def _port(arguments: list[str]) -> int | None:
    match arguments:
        case [text] if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
            return int(text)
    return None


if __name__ == "__main__":
    main()
