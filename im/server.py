"""Wire an IM server."""

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import socketio

from app.cache import connect
from app.config import Settings
from app.history import History
from app.unread import UnreadCache
from im.chat import Chat
from im.health import Health, Wsgi
from im.notify import Notify
from im.presence import Presence
from im.rooms import create_manager

_REDIS_SECONDS = 1
_LARGEST_PACKET = 64 * 1024  # bytes that a client may send at once


def create_server(settings: Settings) -> Wsgi:
    """Return the WSGI application of an IM server, listening to the message queue."""
    redis = connect(settings.redis_url, timeout_seconds=_REDIS_SECONDS)
    sio = socketio.Server(
        async_mode="eventlet",
        client_manager=create_manager(settings.message_queue_url),
        cors_allowed_origins=_origin_check(settings.allowed_origins),
        max_http_buffer_size=_LARGEST_PACKET,
        ping_interval=25,
        ping_timeout=20,
    )
    presence = Presence(redis)
    history = History(redis, length=settings.history_length, seconds=settings.history_seconds)
    secret = settings.jwt_secret.get_secret_value()
    notify = Notify(sio, secret=secret, history=history, unread=UnreadCache(redis), presence=presence)
    _add_handlers(sio, notify, Chat(sio))
    sio.start_background_task(presence.refresh_for_ever)
    # The listener would otherwise start with the first client, and a server would be ready without hearing anything.
    sio.manager_initialized = True
    sio.manager.initialize()
    return Health(socketio.WSGIApp(sio), redis=redis, message_queue=_reach(settings.message_queue_url))


def _add_handlers(sio: Any, notify: Notify, chat: Chat) -> None:
    """One handler for each event: a second one for `connect` would silently take the place of the first."""

    def connect(sid: str, environ: dict[str, Any], auth: object = None) -> None:
        greeting = notify.connect(sid, environ, auth)
        # Runs after this handler, and so after the packet that tells the client it is connected.
        sio.start_background_task(welcome, sid, greeting)

    def welcome(sid: str, greeting: Any) -> None:
        chat.greet(sid)
        notify.replay(sid, greeting)

    def disconnect(sid: str, _reason: str) -> None:
        notify.disconnect(sid)

    def unknown(event: str, _sid: str, *_args: object) -> dict[str, str]:
        return {"error": f"unknown event {event!r}"}

    sio.on("connect", connect)
    sio.on("disconnect", disconnect)
    sio.on("message", chat.message)
    sio.on("*", unknown)


def _origin_check(allowed: list[str]) -> Callable[[str, dict[str, Any]], bool]:
    """Accept the given origins, and this server's own: some clients name the server that they connect to."""

    def is_allowed(origin: str, environ: dict[str, Any]) -> bool:
        own = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"
        return origin in allowed or origin == own or "*" in allowed

    return is_allowed


def _reach(url: str) -> Callable[[], None]:
    parts = urlsplit(url)
    default = {"amqp": 5672, "amqps": 5671}.get(parts.scheme, 6379)

    def reach() -> None:
        socket.create_connection((parts.hostname or "localhost", parts.port or default), timeout=1).close()

    return reach
