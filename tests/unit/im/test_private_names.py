"""What the IM server overrides, calls or reads of its libraries and is private to them, all in one place.

A version that renames one of these fails here first, and `IM_TRANSPORT=stock` does without most.
"""

import inspect
import re
from contextlib import closing
from socketserver import StreamRequestHandler

import amqp
import engineio
import kombu
import pytest
import redis
import socketio
from engineio import packet, socket
from eventlet import greenio, hubs, websocket, wsgi
from eventlet.hubs import poll
from socketio.base_manager import BaseManager
from socketio.pubsub_manager import PubSubManager

from im.rooms import IndexedRooms
from im.stream import Stream

ASKED_FOR = ["callback", "emit", "disconnect", "enter_room", "leave_room", "close_room"]


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        # im/rooms.py, im/listeners.py
        (BaseManager, "pre_connect"),
        (BaseManager, "connect"),
        (BaseManager, "is_pre_connected"),
        (BaseManager, "is_connected"),
        (BaseManager, "sid_from_eio_sid"),
        (BaseManager, "eio_sid_from_sid"),
        (BaseManager, "pre_disconnect"),
        (BaseManager, "get_participants"),
        (BaseManager, "is_sid_room"),
        (BaseManager, "basic_enter_room"),
        (BaseManager, "basic_leave_room"),
        (BaseManager, "basic_disconnect"),
        (BaseManager, "get_rooms"),
        (PubSubManager, "_thread"),
        *((PubSubManager, f"_handle_{method}") for method in ASKED_FOR),
        (PubSubManager, "_publish"),
        (socketio.RedisManager, "_publish"),
        (socketio.KombuManager, "_connection"),
        (socketio.KombuManager, "_exchange"),
        (socketio.KombuManager, "_queue"),
        (socketio.KombuManager, "_producer_publish"),
        # im/protocol.py, im/transport.py
        (socketio.Server, "_engineio_server_class"),
        (socketio.Server, "_handle_eio_message"),
        (socketio.Server, "_handle_connect"),
        (socketio.Server, "_send_packet"),
        (socketio.Server, "_send_eio_packet"),
        (socketio.Server, "_handle_disconnect"),
        (socketio.Server, "_handle_eio_connect"),
        (socketio.Server, "_handle_eio_disconnect"),
        (socketio.Server, "_handle_event_internal"),
        (engineio.Server, "_handle_connect"),
        (engineio.Server, "_service_task"),
        (engineio.Server, "_trigger_event"),
        (engineio.Server, "_upgrades"),
        (engineio.Server, "_ok"),
        (engineio.Server, "_bad_request"),
        (engineio.Server, "_method_not_found"),
        (engineio.Server, "_unauthorized"),
        (socket.Socket, "_websocket_handler"),
        # im/session.py
        (socket.Socket, "_upgrade_websocket"),
        (socket.Socket, "schedule_ping"),
        (socket.Socket, "check_ping_timeout"),
        (socket.Socket, "receive"),
        (socket.Socket, "send"),
        (socket.Socket, "close"),
        (socket.Socket, "poll"),
        # im/feeds.py
        (kombu.Connection, "heartbeat_check"),
        (kombu.Connection, "collect"),
        # im/watched.py, im/writes.py
        (poll.Hub, "register"),
        (hubs.hub.BaseHub, "add"),
        (hubs.hub.BaseHub, "remove"),
        (hubs.hub.FdListener, "defang"),
        # im/stock.py
        (websocket.RFC6455WebSocket, "_get_bytes"),
        # im/exchange.py
        (wsgi.HttpProtocol, "setup"),
        (wsgi.HttpProtocol, "finish"),
        (wsgi.HttpProtocol, "handle_one_request"),
        (wsgi.HttpProtocol, "handle_one_response"),
        (wsgi.HttpProtocol, "get_environ"),
        (wsgi.Input, "get_socket"),
    ],
)
def test_what_is_overridden_or_called_is_there(owner: type, name: str) -> None:
    assert callable(getattr(owner, name, None))


def test_managers_ask_each_other_for_nothing_else() -> None:
    asked_for = set(re.findall(r"data\['method'\] == '(\w+)'", inspect.getsource(PubSubManager._thread)))
    assert asked_for == set(ASKED_FOR)


def test_what_a_manager_holds() -> None:
    manager = PubSubManager(channel="test")
    assert {"rooms", "callbacks", "pending_connect", "pending_disconnect", "host_id", "channel"} <= set(vars(manager))


def test_a_connection_to_redis_has_its_socket_here() -> None:
    assert "self._sock" in inspect.getsource(redis.connection.AbstractConnection)


def test_a_connection_to_rabbitmq_has_its_socket_and_its_count_here() -> None:
    connection = amqp.Connection()
    assert connection.bytes_recv == 0
    assert "on_inbound_frame" in dir(amqp.Connection)
    assert "self.sock" in inspect.getsource(amqp.transport.TCPTransport)


def test_the_room_of_everybody_is_none_and_each_method_that_looks_into_rooms_is_our_own() -> None:
    looking = {
        name
        for name, method in inspect.getmembers(BaseManager, inspect.isfunction)
        if "self.rooms" in inspect.getsource(method) or "self.pending_" in inspect.getsource(method)
    }
    assert looking - set(vars(IndexedRooms)) == {"get_namespaces", "is_sid_room"}


def test_what_a_server_holds() -> None:
    server = socketio.Server(async_mode="threading")
    assert {"manager_initialized", "_binary_packet"} <= set(vars(server))
    assert {"sockets", "start_service_task", "ping_interval", "ping_timeout", "ping_interval_grace_period"} <= set(
        vars(server.eio)
    )


def test_a_session_has_every_attribute_of_the_librarys_own() -> None:
    """im/session.py does not call the constructor, which makes a queue and a dictionary for each client."""
    stock = set(vars(socket.Socket(engineio.Server(async_mode="threading"), "sid")))
    assert stock == {
        "server",
        "sid",
        "queue",
        "last_ping",  # of schedule_ping and check_ping_timeout, which are overridden
        "connected",
        "upgrading",
        "upgraded",
        "closing",
        "closed",
        "session",
    }


def test_a_packet_holds_what_passes_for_one() -> None:
    assert {"packet_type", "data", "binary"} <= set(vars(packet.Packet(packet.MESSAGE, data="x")))
    assert list(inspect.signature(packet.Packet.encode).parameters) == ["self", "b64"]


def test_the_librarys_websocket_reads_from_its_socket_and_says_why_it_closes() -> None:
    assert "self.socket.recv(" in inspect.getsource(websocket.RFC6455WebSocket._get_bytes)
    assert "close_data" in inspect.signature(websocket.RFC6455WebSocket.close).parameters


def test_a_close_is_asked_for_with_these() -> None:
    assert {"wait", "abort", "reason"} <= set(inspect.signature(socket.Socket.close).parameters)


def test_the_hub_asks_nothing_else_of_those_who_wait() -> None:
    """Connections stand in the hub's table themselves."""
    listener = hubs.hub.FdListener(hubs.hub.READ, 0, None, None, None)
    used = {"evtype", "fileno", "cb", "tb", "mark_as_closed", "spent", "greenlet"}
    assert set(vars(listener)) == used
    hub = hubs.get_hub()
    assert set(hub.listeners) == {hubs.hub.READ, hubs.hub.WRITE}


def test_the_http_server_keeps_a_connection_in_a_list_with_its_socket_second() -> None:
    source = inspect.getsource(wsgi.server)
    assert "[client_addr, client_socket, STATE_IDLE]" in source
    assert "conn[1].close()" in source
    assert hasattr(wsgi, "WSGI_LOCAL")


def test_a_green_socket_holds_a_bare_one() -> None:
    """im/inflow.py and im/stream.py read from it."""
    with closing(greenio.GreenSocket()) as green:
        assert green.fd.getblocking() is False


def test_a_body_that_was_asked_for_is_not_asked_for_again() -> None:
    body = wsgi.Input(None, 0, None, wfile=object())
    assert body.should_send_hundred_continue
    body.is_hundred_continue_response_sent = True
    assert not body.should_send_hundred_continue


def test_the_http_server_asks_of_its_files_what_ours_can_do() -> None:
    source = inspect.getsource(wsgi.HttpProtocol.handle_one_response) + inspect.getsource(StreamRequestHandler.finish)
    asked = set(re.findall(r"wfile\.(\w+)", source))
    assert asked == {"writelines", "flush", "closed", "close"}
    assert asked <= set(dir(Stream)) | {"closed"}


def test_the_http_server_asks_of_headers_what_ours_can_do() -> None:
    source = inspect.getsource(wsgi.HttpProtocol)
    asked = set(re.findall(r"self\.headers\.(\w+)", source))
    assert asked == {"get", "get_content_type", "type", "headers", "_headers"}  # of the last four, what is there
