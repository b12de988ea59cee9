"""Creates an IM server from its settings."""

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from wsgiref.types import WSGIEnvironment

import socketio

from core import capabilities
from core.admin_login import AdminLogin
from core.cache import connect
from core.history import History
from core.origins import AllowedOrigins
from core.redis_clock import RedisClock
from core.replays import Replays
from core.revocation_stream import RevocationStream
from core.settings import ImSettings
from core.signatures import create_signer
from core.token_verifier import create_verifier
from core.unread import UnreadCache
from im.admin import AdminUi
from im.delivery.chat import Chat
from im.delivery.closing import Closer
from im.delivery.connect import ConnectHandlers
from im.delivery.delivery import Delivery
from im.delivery.expiry import Expiry
from im.delivery.presence import Presence
from im.delivery.refresh import Answer, Refresh
from im.delivery.replay import Replay
from im.delivery.revocations import WAIT_SECONDS, Revocations
from im.delivery.socket_limits import SocketLimits
from im.delivery.token_check import TokenCheck
from im.health import Health, StartResponse
from im.hub.admission import AdmissionQueue
from im.hub.background import keep_running
from im.limits import Limits
from im.subscription.authenticity import create_authenticate
from im.subscription.managers import KombuManager, OnFault, RedisManager, create_manager
from im.subscription.receiver import PushReceiver
from im.subscription.subscription import Subscription
from im.subscription.watchdog import Watchdog
from im.transport import json_encoding
from im.transport.engineio_socket import EngineIOSocket
from im.transport.fast import FastSocketIOServer
from im.transport.http_server import HttpLimits
from im.transport.socketio_protocol import SocketIOServer

log = logging.getLogger(__name__)

_REDIS_SECONDS = 1
_MOST_WAITING_FOR_KEYS = 200  # clients, each for 2 s at most; the others are told to come back
_LONGEST_NAME = 100  # characters of an unknown event, in the acknowledgement


@dataclass(frozen=True, slots=True)
class ImServer:
    """`app` is the WSGI application to serve. `admission` limits how many connections start at once."""

    app: Health
    http_limits: HttpLimits
    admission: AdmissionQueue
    sockets: Mapping[str, EngineIOSocket]


def create_server(settings: ImSettings, *, name: str, ping_interval: float = 25, ping_timeout: float = 20) -> ImServer:
    """Create an IM server and start its background tasks. Users see its name in the list of their sockets."""
    redis = connect(settings.redis_url, timeout_seconds=_REDIS_SECONDS)
    keys = settings.keys
    watchdog = Watchdog()
    clock = RedisClock(redis)
    manager = _create_manager(settings, clock, on_fault=watchdog.on_fault)
    limits = Limits(settings)
    sio = _create_socketio_server(settings, manager, limits, ping_interval=ping_interval, ping_timeout=ping_timeout)
    history = History(redis, keys, length=settings.history_length, seconds=settings.history_seconds)
    replays = Replays(redis, history, UnreadCache(redis, keys), keys)
    delivery = Delivery(sio, replays)
    presence = Presence(
        redis,
        keys,
        server=f"{name}/{uuid.uuid4().hex[:8]}",  # after a restart it is another one, although the name is the same
        describe=lambda user_id: [(sid, cursor.session) for sid, cursor in delivery.cursors_of(user_id)],
    )
    closer = Closer(sio)
    revocations = _follow_revocations(settings, delivery, closer)
    verifier = create_verifier(settings, most_waiting=_MOST_WAITING_FOR_KEYS)
    check = TokenCheck(verifier, revocations)
    expiry = Expiry(sio, delivery, closer, wheel=sio.eio.wheel, grace_seconds=settings.token_grace_seconds)
    socket_limits = SocketLimits(
        sio, delivery, closer, per_user=settings.limit_sockets_per_user, anonymous=limits.anonymous_sockets
    )
    chat = Chat(sio)
    _add_connect_handlers(
        sio,
        ConnectHandlers(sio, check=check, delivery=delivery, presence=presence, limits=socket_limits, expiry=expiry),
        Replay(sio, chat=chat, delivery=delivery, replays=replays),
    )
    _add_event_handlers(sio, chat, Refresh(check, delivery, presence, expiry), delivery)
    if settings.admin_ui is not None:
        AdminUi(AdminLogin.parse(settings.admin_ui.get_secret_value())).install(sio)
    authenticate = create_authenticate(settings.message_queue_keys, settings.channel, clock)
    receiver = PushReceiver(manager, authenticate=authenticate, deliver=delivery.deliver, on_canary=watchdog.on_canary)
    subscription = Subscription(manager, receiver, watchdog, on_subscribed=delivery.catch_up_all)
    check_redis = capabilities.of_cache(redis, keys)
    sio.start_background_task(capabilities.report, check_redis, log)
    for task in (
        subscription.read_for_ever,
        subscription.watch_for_ever,
        subscription.publish_canaries_for_ever,
        revocations.follow_for_ever,
        expiry.sweep_for_ever,
        presence.refresh_for_ever,
        presence.beat_for_ever,
    ):
        sio.start_background_task(keep_running, task)
    health = Health(
        _App(sio),
        check_redis=check_redis,
        watchdog=watchdog,
        failures={
            "revocations": revocations.failure,
            **({"token_keys": verifier.failure} if settings.jwt_jwks_url else {}),
        },
        proxies=settings.proxies,
    )
    return ImServer(health, limits.for_http(), sio.eio.admission, sio.eio.sockets)


def _create_manager(settings: ImSettings, clock: RedisClock, *, on_fault: OnFault) -> KombuManager | RedisManager:
    queue_keys = settings.message_queue_keys
    return create_manager(
        settings.message_queue_url,
        settings.channel,
        settings.keys,
        sign=create_signer(queue_keys, settings.channel, clock.now),
        may_control=settings.message_queue_control or bool(queue_keys),  # with a key, only those who have it may ask
        on_fault=on_fault,
    )


def _follow_revocations(settings: ImSettings, delivery: Delivery, closer: Closer) -> Revocations:
    # A client of Redis for this alone: its calls wait longer, and the other calls do not fail fast after its errors.
    redis = connect(settings.redis_url, timeout_seconds=WAIT_SECONDS + _REDIS_SECONDS)
    stream = RevocationStream(redis, settings.keys)
    return Revocations(stream, delivery, closer, stale_seconds=settings.revocation_stale_seconds)


def _create_socketio_server(
    settings: ImSettings,
    manager: KombuManager | RedisManager,
    limits: Limits,
    *,
    ping_interval: float,
    ping_timeout: float,
) -> SocketIOServer:
    server_class = FastSocketIOServer if settings.im_transport == "fast" else SocketIOServer
    return server_class(
        async_mode="eventlet",
        client_manager=manager,
        cors_allowed_origins=_origin_check(settings.origins),
        json=json_encoding,
        http_compression=False,  # it would block all clients while it runs; a proxy can compress on another core
        max_http_buffer_size=settings.limit_message_bytes,
        clients=limits.clients,
        handshakes=limits.for_handshakes(),
        client_rate=limits.for_client(),
        connect_seconds=settings.limit_connect_seconds,
        ping_interval=ping_interval,
        ping_timeout=ping_timeout,
    )


def _origin_check(origins: AllowedOrigins) -> Callable[[str | None, WSGIEnvironment], bool]:
    # The library also calls this without an Origin header. It accepts such a request, whatever this returns.
    return lambda origin, environ: origins.allows(origin or "", host=environ.get("HTTP_HOST", ""))


def _add_connect_handlers(sio: SocketIOServer, handlers: ConnectHandlers, replay: Replay) -> None:
    """Register one handler for each event: the library keeps only the last one and logs nothing."""

    def connect(sid: str, environ: WSGIEnvironment, auth: object = None) -> None:
        replay.soon(sid, handlers.connect(sid, environ, auth))

    def disconnect(sid: str, _reason: str) -> None:
        handlers.disconnect(sid)

    sio.on("connect", connect)
    sio.on("disconnect", disconnect)


def _add_event_handlers(sio: SocketIOServer, chat: Chat, refresh: Refresh, delivery: Delivery) -> None:
    def message(sid: str, *args: object) -> dict[str, str]:
        delivery.note_event(sid)
        return chat.message(sid, *args)

    def on_refresh(sid: str, *args: object) -> Answer:
        return refresh.refresh(sid, *args)

    def unknown(event: str, sid: str, *_args: object) -> dict[str, str]:
        delivery.note_event(sid)
        return {"error": f"unknown event {event[:_LONGEST_NAME]!r}"}

    sio.on("message", message)
    sio.on("refresh", on_refresh)
    sio.on("*", unknown)


class _App(socketio.WSGIApp):
    """Accepts /socket.io for /socket.io/: clients have an option to leave the slash out, and some proxies remove it."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/socket.io":
            environ["PATH_INFO"] = self.engineio_path
        answer: Iterable[bytes] = super().__call__(environ, start_response)
        return answer
