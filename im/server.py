"""Wire an IM server."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import socketio

from app.cache import connect
from app.config import ImSettings
from app.history import History
from app.origins import AllowedOrigins
from app.replays import Replays
from app.unread import UnreadCache
from im import encoding, protocol
from im.chat import Chat
from im.delivery import Delivery
from im.exchange import LARGEST_BODY
from im.health import Health
from im.hearing import Hearing
from im.listeners import create_manager
from im.notify import Notify
from im.presence import Presence
from im.transport import FastServer
from im.turns import Turns
from im.welcome import Welcome

_REDIS_SECONDS = 1
_LONGEST_NAME = 100  # of an event that is unknown, in the answer


class _App(socketio.WSGIApp):
    """Takes /socket.io for /socket.io/: clients can be told to leave the slash out, and some proxies cut it off."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/socket.io":
            environ["PATH_INFO"] = self.engineio_path
        return super().__call__(environ, start_response)


@dataclass(frozen=True, slots=True)
class ImServer:
    """`app` is to be served, with `turns` for those who come."""

    sio: Any
    app: Health
    turns: Turns


def create_server(settings: ImSettings, *, ping_interval: float = 25, ping_timeout: float = 20) -> ImServer:
    """Make an IM server that listens to the message queue."""
    redis = connect(settings.redis_url, timeout_seconds=_REDIS_SECONDS)
    manager = create_manager(settings.message_queue_url)
    make = FastServer if settings.im_transport == "fast" else protocol.Server
    sio = make(
        async_mode="eventlet",
        client_manager=manager,
        cors_allowed_origins=_origin_check(settings.origins),
        json=encoding,
        http_compression=False,  # it would freeze everybody for as long as it takes; a proxy has other cores for it
        max_http_buffer_size=LARGEST_BODY,
        ping_interval=ping_interval,
        ping_timeout=ping_timeout,
    )
    presence = Presence(redis)
    history = History(redis, length=settings.history_length, seconds=settings.history_seconds)
    replays = Replays(redis, history, UnreadCache(redis))
    manager.delivery = delivery = Delivery(sio, replays)
    manager.hearing = hearing = Hearing(say=manager.say_nonce, subscribe_anew=manager.subscribe_anew)
    secret = settings.jwt_secret.get_secret_value()
    leeway = settings.jwt_leeway_seconds
    notify = Notify(sio, secret=secret, delivery=delivery, presence=presence, leeway_seconds=leeway)
    chat = Chat(sio)
    welcome = Welcome(sio, chat=chat, delivery=delivery, replays=replays)
    _add_handlers(sio, notify, chat, welcome)
    # The listener would otherwise start with the first client, and a server would be ready without hearing anything.
    sio.manager_initialized = True
    manager.initialize()
    for task in (hearing.say_for_ever, hearing.watch_for_ever, presence.refresh_for_ever):
        sio.start_background_task(task)
    return ImServer(sio, Health(_App(sio), redis=redis, hearing=hearing), sio.eio.turns)


def _add_handlers(sio: Any, notify: Notify, chat: Chat, welcome: Welcome) -> None:
    """One handler for each event: a second one for `connect` would silently take the place of the first."""

    def connect(sid: str, environ: dict[str, Any], auth: object = None) -> None:
        welcome.soon(sid, notify.connect(sid, environ, auth))

    def disconnect(sid: str, _reason: str) -> None:
        notify.disconnect(sid)

    def unknown(event: str, _sid: str, *_args: object) -> dict[str, str]:
        return {"error": f"unknown event {event[:_LONGEST_NAME]!r}"}

    sio.on("connect", connect)
    sio.on("disconnect", disconnect)
    sio.on("message", chat.message)
    sio.on("*", unknown)


def _origin_check(origins: AllowedOrigins) -> Callable[[str | None, dict[str, Any]], bool]:
    # The library asks also where there is no origin, and lets those in.
    return lambda origin, environ: origins.allows(origin or "", host=environ.get("HTTP_HOST", ""))
