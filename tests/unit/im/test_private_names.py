"""The private names of its libraries that the IM server overrides, calls or reads.

When a new version of a library renames one of them, a test here fails first. `IM_TRANSPORT=stock` needs few of them.
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

from im.subscription.rooms import IndexedRooms
from im.transport.byte_stream import Stream

METHODS = ["callback", "emit", "disconnect", "enter_room", "leave_room", "close_room"]


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        # im/subscription/rooms.py, im/subscription/managers.py
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
        *((PubSubManager, f"_handle_{method}") for method in METHODS),
        (PubSubManager, "_publish"),
        (PubSubManager, "initialize"),
        (socketio.RedisManager, "_publish"),
        (socketio.KombuManager, "_connection"),
        (socketio.KombuManager, "_exchange"),
        (socketio.KombuManager, "_queue"),
        (socketio.KombuManager, "_producer_publish"),
        # im/transport/socketio_protocol.py, im/transport/fast.py
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
        # im/transport/session.py
        (socket.Socket, "_upgrade_websocket"),
        (socket.Socket, "schedule_ping"),
        (socket.Socket, "check_ping_timeout"),
        (socket.Socket, "receive"),
        (socket.Socket, "send"),
        (socket.Socket, "close"),
        (socket.Socket, "poll"),
        # im/subscription/readers.py
        (kombu.Connection, "heartbeat_check"),
        (kombu.Connection, "collect"),
        # core/primary.py
        (redis.SSLConnection, "_wrap_socket_with_ssl"),
        # im/transport/hub_listener.py, im/transport/write_buffer.py
        (poll.Hub, "register"),
        (hubs.hub.BaseHub, "add"),
        (hubs.hub.BaseHub, "remove"),
        (hubs.hub.FdListener, "defang"),
        # im/transport/stock.py
        (websocket.RFC6455WebSocket, "_get_bytes"),
        # im/transport/http_exchange.py
        (wsgi.HttpProtocol, "setup"),
        (wsgi.HttpProtocol, "finish"),
        (wsgi.HttpProtocol, "handle_one_request"),
        (wsgi.HttpProtocol, "handle_one_response"),
        (wsgi.HttpProtocol, "get_environ"),
        (wsgi.Input, "get_socket"),
    ],
)
def test_each_private_method_that_is_overridden_or_called_exists(owner: type, name: str) -> None:
    assert callable(getattr(owner, name, None))


def test_managers_publish_only_the_known_methods() -> None:
    methods = set(re.findall(r"data\['method'\] == '(\w+)'", inspect.getsource(PubSubManager._thread)))
    assert methods == set(METHODS)


def test_manager_has_the_attributes_that_indexed_rooms_uses() -> None:
    manager = PubSubManager(channel="test")
    assert {"rooms", "callbacks", "pending_connect", "pending_disconnect", "host_id", "channel"} <= set(vars(manager))


def test_redis_connection_keeps_its_socket_in_sock() -> None:
    assert "self._sock" in inspect.getsource(redis.connection.AbstractConnection)


def test_amqp_connection_has_a_socket_and_a_count_of_received_bytes() -> None:
    connection = amqp.Connection()
    assert connection.bytes_recv == 0
    assert "on_inbound_frame" in dir(amqp.Connection)
    assert "self.sock" in inspect.getsource(amqp.transport.TCPTransport)


def test_indexed_rooms_overrides_each_method_that_reads_rooms() -> None:
    readers = {
        name
        for name, method in inspect.getmembers(BaseManager, inspect.isfunction)
        if "self.rooms" in inspect.getsource(method) or "self.pending_" in inspect.getsource(method)
    }
    assert readers - set(vars(IndexedRooms)) == {"get_namespaces", "is_sid_room"}


def test_server_has_the_attributes_that_the_transport_uses() -> None:
    server = socketio.Server(async_mode="threading")
    assert {"_binary_packet"} <= set(vars(server))
    assert {"sockets", "start_service_task", "ping_interval", "ping_timeout", "ping_interval_grace_period"} <= set(
        vars(server.eio)
    )


def test_library_socket_has_only_the_attributes_that_session_sets() -> None:
    """im/transport/session.py does not call the constructor, which makes a queue and a dictionary for each client."""
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


def test_packet_has_only_the_members_that_prepared_message_imitates() -> None:
    assert {"packet_type", "data", "binary"} <= set(vars(packet.Packet(packet.MESSAGE, data="x")))
    assert list(inspect.signature(packet.Packet.encode).parameters) == ["self", "b64"]


def test_library_websocket_reads_with_recv_and_closes_with_close_data() -> None:
    assert "self.socket.recv(" in inspect.getsource(websocket.RFC6455WebSocket._get_bytes)
    assert "close_data" in inspect.signature(websocket.RFC6455WebSocket.close).parameters


def test_socket_close_takes_wait_abort_and_reason() -> None:
    assert {"wait", "abort", "reason"} <= set(inspect.signature(socket.Socket.close).parameters)


def test_hub_uses_only_the_listener_attributes_that_a_connection_has() -> None:
    """Connections stand in the hub's table themselves."""
    listener = hubs.hub.FdListener(hubs.hub.READ, 0, None, None, None)
    used = {"evtype", "fileno", "cb", "tb", "mark_as_closed", "spent", "greenlet"}
    assert set(vars(listener)) == used
    hub = hubs.get_hub()
    assert set(hub.listeners) == {hubs.hub.READ, hubs.hub.WRITE}


def test_http_server_keeps_the_socket_of_a_connection_at_index_1() -> None:
    source = inspect.getsource(wsgi.server)
    assert "[client_addr, client_socket, STATE_IDLE]" in source
    assert "conn[1].close()" in source
    assert hasattr(wsgi, "WSGI_LOCAL")


def test_green_socket_has_a_non_blocking_socket_in_fd() -> None:
    """im/subscription/socket_reader.py and im/transport/byte_stream.py read from it."""
    with closing(greenio.GreenSocket()) as green:
        assert green.fd.getblocking() is False


def test_http_body_sends_100_continue_only_once() -> None:
    body = wsgi.Input(None, 0, None, wfile=object())
    assert body.should_send_hundred_continue
    body.is_hundred_continue_response_sent = True
    assert not body.should_send_hundred_continue


def test_http_server_calls_only_the_wfile_methods_that_byte_stream_has() -> None:
    source = inspect.getsource(wsgi.HttpProtocol.handle_one_response) + inspect.getsource(StreamRequestHandler.finish)
    used = set(re.findall(r"wfile\.(\w+)", source))
    assert used == {"writelines", "flush", "closed", "close"}
    assert used <= set(dir(Stream)) | {"closed"}


def test_http_server_calls_only_the_header_methods_that_head_has() -> None:
    source = inspect.getsource(wsgi.HttpProtocol)
    used = set(re.findall(r"self\.headers\.(\w+)", source))
    assert used == {"get", "get_content_type", "type", "headers", "_headers"}  # of the last four, what is there
