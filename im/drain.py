"""A graceful stop: the server closes its clients one by one, spread over a time window."""

import logging
import random
import time
from collections.abc import Mapping

import eventlet

from im import metrics
from im.transport.engineio_socket import EngineIOSocket

log = logging.getLogger(__name__)

_FLUSH_SECONDS = 2


def drain(sockets: Mapping[str, EngineIOSocket], *, seconds: float) -> None:
    """Close every client, in random order over the given time, so that other servers get them little by little.

    It closes the transport and sends no DISCONNECT packet: the official clients reconnect by themselves only then.
    Switches greenlets.
    """
    eio_sids = list(sockets)
    random.shuffle(eio_sids)
    log.info("draining %d sockets over %.1f s", len(eio_sids), seconds)
    started_at = time.monotonic()
    for closed, eio_sid in enumerate(eio_sids, start=1):
        socket = sockets.get(eio_sid)
        if socket is not None:
            eventlet.spawn_n(socket.close, wait=False, abort=True)
        eventlet.sleep(max(0.0, started_at + seconds * closed / len(eio_sids) - time.monotonic()))
    deadline = time.monotonic() + _FLUSH_SECONDS
    while _has_unsent(sockets) and time.monotonic() < deadline:
        eventlet.sleep(0.05)


def _has_unsent(sockets: Mapping[str, EngineIOSocket]) -> bool:
    is_waiting_for_poll = any(not socket.queue.empty() for socket in list(sockets.values()))
    return is_waiting_for_poll or metrics.HOT.waiting_frames > 0
