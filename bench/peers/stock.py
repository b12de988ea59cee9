"""The original design on unchanged python-socketio: `python bench/peers/stock.py PORT`.

It also sends `sync`, so that every server here sends the same when a client has connected.
"""

import sys
import warnings

warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")

import eventlet

eventlet.monkey_patch()

import os
from typing import Any

import eventlet.wsgi
import jwt
import socketio

_SECRET = os.environ["JWT_SECRET"]
_QUEUE_URL = os.environ["MESSAGE_QUEUE_URL"]

_manager = socketio.KombuManager if _QUEUE_URL.startswith("amqp") else socketio.RedisManager
sio = socketio.Server(async_mode="eventlet", client_manager=_manager(_QUEUE_URL), cors_allowed_origins="*")


@sio.on("connect")
def connect(sid: str, _environ: dict[str, Any], auth: dict[str, str]) -> None:
    user_id = jwt.decode(auth["token"], _SECRET, algorithms=["HS256"])["user_id"]
    sio.enter_room(sid, str(user_id))
    sync = {"recovered": True, "offset": "0-0", "unread_count": 0}
    # Without the message queue, where each connect would be a message to every server.
    sio.start_background_task(sio.emit, "sync", sync, room=sid, ignore_queue=True)


@sio.on("disconnect")
def disconnect(sid: str, _reason: str) -> None:
    for room in sio.rooms(sid):
        sio.leave_room(sid, room)


if __name__ == "__main__":
    listener = eventlet.listen(("127.0.0.1", int(sys.argv[1])), backlog=4096)
    eventlet.wsgi.server(listener, socketio.WSGIApp(sio), max_size=100_000, log_output=False)
