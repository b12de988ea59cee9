"""The namespace of Socket.IO's admin UI. It shows an operator what the servers do, and changes nothing.

python-socketio's `instrument` does it, in its mode "production" and read-only: it registers no event that joins,
leaves, emits or disconnects. It replaces `_ok` of this Engine.IO server, `_websocket_handler` of the library's
sessions, and the handlers of Engine.IO's connect and disconnect. It calls what it has replaced, so our own versions run
as before. Without ADMIN_UI nothing is replaced.
"""

import logging

from eventlet import tpool

from core.admin_login import AdminLogin
from im import metrics
from im.hub.rate_limit import TokenBucket
from im.transport.socketio_protocol import SocketIOServer

log = logging.getLogger(__name__)

NAMESPACE = "/admin"
ATTEMPTS_PER_MINUTE = 5  # of all clients together: a right password has to wait as well


class AdminUi:
    """Lets those in who know the password."""

    def __init__(self, login: AdminLogin) -> None:
        self._login = login
        self._attempts = TokenBucket()

    def install(self, sio: SocketIOServer) -> None:
        """Open the namespace on a server."""
        tpool.set_num_threads(1)  # so one hash at a time; nothing else uses this pool
        sio.instrument(auth=self.admits, mode="production", read_only=True, namespace=NAMESPACE)

    def admits(self, auth: object) -> bool:
        """Return whether a client gave the right name and password. Switches greenlets while a thread checks them."""
        match auth:
            case {"username": str(name), "password": str(password)}:
                is_admitted = self._is_in_time() and tpool.execute(self._login.admits, name, password)
            case _:
                is_admitted = False
        if is_admitted:
            log.info("somebody logged in to the admin UI")
        else:
            metrics.REFUSED.labels("admin").inc()
        return bool(is_admitted)

    def _is_in_time(self) -> bool:
        if self._attempts.take_if_left(per_second=ATTEMPTS_PER_MINUTE / 60, burst=ATTEMPTS_PER_MINUTE):
            return True
        log.warning("too many attempts to log in to the admin UI: at most %d in a minute", ATTEMPTS_PER_MINUTE)
        return False
