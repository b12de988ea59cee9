"""Serve Socket.IO: `python im/main.py PORT`. The only file that patches, or knows the command line."""

import sys

import warnings

# eventlet says of itself that it is deprecated; leaving it is prepared for by keeping it in this one room.
warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")

import eventlet

eventlet.monkey_patch()

import gc
import logging
import os
import resource
import signal
from pathlib import Path

# Started as a script, Python looks for modules in im/; the packages stand one folder up.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from app import log
from app.config import ImSettings, SettingsError, load_settings
from im.drain import drain
from im.listener import authority, listen
from im.server import create_server
from im.serving import serve


def main(**heartbeat: float) -> None:
    port = _port(sys.argv[1:])
    if port is None:
        print("Usage: python main.py [port]")
        sys.exit(1)
    log.set_up()
    for name in ("engineio.server", "socketio.server"):
        # Without a level of its own, each would add a handler and write everything twice.
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        settings = load_settings(ImSettings)
    except SettingsError as error:
        sys.exit(str(error))
    try:
        listener = listen(settings.im_host, port)
    except OSError as error:
        sys.exit(f"can't listen on {authority(settings.im_host, port)}: {error.strerror}")
    _allow_descriptors()
    server = create_server(settings, **heartbeat)
    gc.freeze()  # what is there now stays, and need not be looked through with the clients
    serving = eventlet.spawn(serve, listener, server.app, server.turns)
    logging.getLogger("im").info("serving on http://%s", authority(settings.im_host, port))
    _wait_for_signal()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever says it twice does not want to wait
    server.app.is_stopping = True
    eventlet.sleep(min(1.0, settings.im_drain_seconds / 10))  # a load balancer looks, and sends nobody any more
    serving.kill()
    listener.close()
    drain(server.sio, seconds=settings.im_drain_seconds)


def _allow_descriptors() -> None:
    """Take as many descriptors as the machine lets this user have: each client needs one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _wait_for_signal() -> None:
    """Wait for SIGTERM or SIGINT. A handler alone would not wake the hub, which may sleep for a minute."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    eventlet.hubs.trampoline(read, read=True)


def _port(arguments: list[str]) -> int | None:
    match arguments:
        case [text] if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
            return int(text)
    return None


if __name__ == "__main__":
    main()
