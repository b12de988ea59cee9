"""A graceful stop: not ready, no new clients, and those who are here leave spread over a window."""

import logging
import random
import time
from typing import Any

import eventlet

from im import metrics

log = logging.getLogger(__name__)

_FLUSH_SECONDS = 2


def drain(sio: Any, *, seconds: float) -> None:
    """Close every client, in random order over the given time, so that they come back elsewhere as a trickle.

    Each is closed as a transport, not disconnected as a client: the official clients come back by themselves only then.
    """
    eio_sids = list(sio.eio.sockets)
    random.shuffle(eio_sids)
    log.info("draining %d sockets over %.1f s", len(eio_sids), seconds)
    started_at = time.monotonic()
    for done, eio_sid in enumerate(eio_sids, start=1):
        socket = sio.eio.sockets.get(eio_sid)
        if socket is not None:
            eventlet.spawn_n(socket.close, wait=False, abort=True)
        eventlet.sleep(max(0.0, started_at + seconds * done / len(eio_sids) - time.monotonic()))
    deadline = time.monotonic() + _FLUSH_SECONDS
    while _is_unsent(sio) and time.monotonic() < deadline:
        eventlet.sleep(0.05)


def _is_unsent(sio: Any) -> bool:
    waits_for_a_poll = any(not socket.queue.empty() for socket in list(sio.eio.sockets.values()))
    return waits_for_a_poll or metrics.HOT.waiting_frames > 0
