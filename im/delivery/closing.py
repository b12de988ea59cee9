"""Closes a socket for good, and tells its client why: first as an event, then as the close reason of the transport."""

from core import events
from im.delivery.cursor import Cursor
from im.delivery.socketio_server import Server
from im.hub.admission import AdmissionQueue

TOKEN_EXPIRED = events.Closing(reason="token_expired", message="the token has ended: connect again with a new one")
TOKEN_REVOKED = events.Closing(reason="token_revoked", message="the token is revoked: log in again")
SESSION_CLOSED = events.Closing(reason="session_closed", message="the user has closed this socket from elsewhere")


class Closer:
    """Closes users' sockets, a few in each round of the hub: thousands that are closed together delay nobody's pushes.

    Its queue is its own. In that of the clients that connect, a revoked socket would wait behind all of them.
    """

    def __init__(self, sio: Server) -> None:
        self._sio = sio
        self._admission = AdmissionQueue()

    def close_soon(self, sid: str, cursor: Cursor, closing: events.Closing) -> None:
        """Close a socket, unless that has begun already. Does not switch greenlets."""
        if cursor.socket is not None and not cursor.is_disconnecting:
            cursor.is_disconnecting = True
            self._admission.spawn(_close, self._sio, sid, cursor, closing)


def _close(sio: Server, sid: str, cursor: Cursor, closing: events.Closing) -> None:
    """Close a socket, and count the reason in toutiao_im_disconnects_total. Can switch greenlets.

    The official clients do not reconnect by themselves after the DISCONNECT packet. A client that polls and does not
    wait for an answer now does not get it. It learns from its next request that its session has ended, and reconnects.
    """
    socket = cursor.socket
    if socket is None:
        return  # the client has left the namespace, and perhaps logged in again on the same session
    with socket.batch():
        try:
            sio.emit(events.CLOSING, closing, room=sid, ignore_queue=True)
            sio.disconnect(sid, ignore_queue=True)
        finally:
            socket.disconnect_for(closing["reason"])
