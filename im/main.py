"""Serve Socket.IO: `python im/main.py PORT`. Only this file applies eventlet's patches and reads the command line."""

import os
import sys

if __name__ == "__main__":
    # Python searches the folder of a script first. A package in im/ may have the name of a module that eventlet
    # imports, so search the project's folder instead.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import gc

gc.disable()  # the imports make many objects that live as long as the process, and hardly any garbage

import warnings

# eventlet warns that it is deprecated. Only this package uses it, so that it can be replaced.
warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")

import eventlet

eventlet.monkey_patch()

import logging
import signal
import socket

from core import log
from core.settings import ImSettings, SettingsError, load_settings
from im import descriptors
from im.drain import drain
from im.transport.listening_socket import authority, listen
from im.server import create_server
from im.transport.http_server import serve


def main(**heartbeat: float) -> None:
    port = _port(sys.argv[1:])
    if port is None:
        print("Usage: python main.py [port]")
        sys.exit(1)
    log.set_up()
    for name in ("engineio.server", "socketio.server"):
        # A logger without a level gets a handler from the library, and would then write each record twice.
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        settings = load_settings(ImSettings)
    except SettingsError as error:
        sys.exit(str(error))
    try:
        listener = listen(settings.im_host, port)
    except OSError as error:
        sys.exit(f"can't listen on {authority(settings.im_host, port)}: {error.strerror}")
    descriptors.raise_limit()
    server = create_server(settings, name=f"{socket.gethostname()}:{port}", **heartbeat)
    gc.freeze()  # the collector can skip these objects
    gc.enable()
    http_server = eventlet.spawn(serve, listener, server.app, server.admission, server.http_limits)
    logging.getLogger("im").info("serving on http://%s", authority(settings.im_host, port))
    _wait_for_signal()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second Ctrl-C ends the process at once
    server.app.stop()
    # Time for a load balancer to read /readyz and to send no more clients here.
    eventlet.sleep(min(1.0, settings.im_drain_seconds / 10))
    http_server.kill()
    listener.close()
    drain(server.sockets, seconds=settings.im_drain_seconds)


def _wait_for_signal() -> None:
    """Wait for SIGTERM or SIGINT. Switches greenlets.

    A signal handler alone does not wake eventlet's hub, which may sleep for a minute.
    """
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
