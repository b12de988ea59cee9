"""Engine.IO and Socket.IO over the fast transport, tested by a client on a socket."""

import base64
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
import socketio
from eventlet.greenio import GreenSocket

from core.addresses import TrustedProxies
from im.hub.address_limits import AddressCounts, Clients
from im.transport import connection as connections
from im.transport import frames
from im.transport.connection import Connection
from im.transport.fast import FastSocketIOServer
from im.transport.http_exchange import RequestLimits
from im.transport.http_server import HttpLimits, serve
from tests.unit.im.fakes import generous_limits
from tests.unit.im.transport.test_frames import masked

# The example of RFC 6455.
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # pragma: allowlist secret


HTTP_LIMITS = HttpLimits(
    RequestLimits(seconds=10, body_bytes=64 * 1024),
    connections=AddressCounts(Clients(TrustedProxies()), most=100),
    highest_descriptor=10_000,
)


class Server:
    """A complete HTTP server in this process, whose handlers record the events."""

    def __init__(self, **options: Any) -> None:
        self.sio = FastSocketIOServer(
            async_mode="eventlet", cors_allowed_origins="*", max_http_buffer_size=1000, **(generous_limits() | options)
        )
        self.events: list[tuple[Any, ...]] = []
        self.gate = eventlet.event.Event()  # a slow connect handler waits for it
        self.sio.on("connect", self._connect)
        self.sio.on("disconnect", lambda sid, reason: self.events.append(("disconnect", reason)))
        self.sio.on("echo", self._echo)
        self.sio.on("fail", self._fail)
        self.sio.on("work", self._work)
        self._listener = eventlet.listen(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self._serving = eventlet.spawn(
            serve, self._listener, socketio.WSGIApp(self.sio), self.sio.eio.admission, HTTP_LIMITS
        )

    def stop(self) -> None:
        for session in list(self.sio.eio.sockets.values()):
            session.close(wait=False, abort=True)
            if session.connection:
                session.connection.drop()
        self._serving.kill()

    def _connect(self, _sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        how = auth and auth["how"]
        if how == "slowly":
            self.gate.wait()
        if how == "never":
            raise socketio.exceptions.ConnectionRefusedError("no")
        self.events.append(("connect", environ["QUERY_STRING"]))

    def _fail(self, _sid: str, data: Any) -> None:
        raise ValueError(data)

    def _work(self, _sid: str, data: Any) -> None:
        time.sleep(0.002)  # this blocks all greenlets
        self.events.append(("work", data))

    def _echo(self, _sid: str, data: Any) -> Any:
        self.events.append(("echo", data))
        return data

    @property
    def session(self) -> Any:
        [session] = self.sio.eio.sockets.values()
        return session

    @property
    def is_empty(self) -> bool:
        manager = self.sio.manager
        kept = (self.sio.eio.sockets, self.sio.environ, manager.rooms, manager.pending_disconnect)
        return not any(kept)


class Browser:
    """A client for HTTP and websockets, in which each wait has a deadline."""

    def __init__(self, server: Server) -> None:
        self.socket = GreenSocket()
        self.socket.settimeout(5)
        self.socket.connect(server.address)
        self.file = self.socket.makefile("rb")
        self.head = ""

    def request(self, line: str, body: bytes = b"", **headers: str) -> int:
        """Return the status; keep the head."""
        fields = {"Host": "x", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body:
            fields["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.socket.sendall(f"{line} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        self.head = "".join(iter(lambda: self.file.readline().decode().replace("\r\n", "\n"), "\n"))
        return int(self.head.split()[1])

    def body(self) -> bytes:
        length = next(line for line in self.head.splitlines() if line.lower().startswith("content-length"))
        return self.file.read(int(length.split(":")[1]))

    def open(self, query: str = "", **headers: str) -> int:
        wanted = {
            "Connection": "keep-alive, Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Key": KEY,
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
        }
        fields = wanted | {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request(
            f"GET /socket.io/?EIO=4&transport=websocket{query}", **{k: v for k, v in fields.items() if v}
        )

    def send(self, text: str | bytes) -> None:
        is_text = isinstance(text, str)
        payload = text.encode() if isinstance(text, str) else text
        self.socket.sendall(masked(frames.TEXT if is_text else frames.BINARY, payload))

    def read(self) -> Any:
        """Return the next message: text as str, binary as bytes, a close as its code, the end as None."""
        head = self.file.read(2)
        if not head:
            return None
        size = head[1]
        if size >= 126:
            size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
        payload = self.file.read(size)
        if head[0] & 15 == frames.CLOSE:
            return int.from_bytes(payload, "big")
        return payload.decode() if head[0] & 15 == frames.TEXT else payload

    def connect(self, auth: Any = None) -> None:
        """Open a websocket and connect to the namespace."""
        assert self.open() == 101
        self.read()
        self.send("40" + ("" if auth is None else json.dumps(auth)))
        assert self.read().startswith("40")

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def impatient() -> Iterator[Server]:
    """A server that pings every 50 ms and waits 200 ms for the pong."""
    server = Server(ping_interval=0.05, ping_timeout=0.2)
    yield server
    server.stop()


@pytest.fixture
def browser(server: Server) -> Iterator[Browser]:
    browser = Browser(server)
    yield browser
    browser.close()


def until(is_so: Any) -> None:
    with eventlet.Timeout(5):
        while not is_so():
            eventlet.sleep(0.002)


class TestHandshake:
    def test_handshake_is_answered_as_in_rfc_6455_without_extensions(self, browser: Browser) -> None:
        assert browser.open() == 101
        assert f"Sec-WebSocket-Accept: {ACCEPT}" in browser.head
        assert "extensions" not in browser.head.lower()
        opening = json.loads(browser.read()[1:])
        assert (opening["pingInterval"], opening["pingTimeout"], opening["upgrades"]) == (25000, 20000, [])

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec_WebSocket_Key": ""},
            {"Sec_WebSocket_Key": "short"},
            {"Sec_WebSocket_Version": "8"},
            {"Connection": "close"},
        ],
    )
    def test_incomplete_handshake_is_refused_and_leaves_nothing(
        self, server: Server, browser: Browser, headers: dict[str, str]
    ) -> None:
        assert browser.open(**headers) == 400
        assert server.is_empty

    def test_idle_client_has_no_greenlet_no_queue_and_little_of_its_request(
        self, server: Server, browser: Browser
    ) -> None:
        browser.connect()
        until(lambda: server.session._handler is None)
        hub = eventlet.hubs.get_hub()
        connection = server.session.connection
        assert hub.listeners[hub.READ][connection.fileno] is connection
        assert server.session.queue is type(server.session)(server.sio.eio, "", is_polling=False).queue
        [environ] = server.sio.environ.values()
        assert set(environ) <= {"QUERY_STRING", "REMOTE_ADDR", "HTTP_USER_AGENT"}

    def test_connection_can_be_upgraded_after_another_request(self, browser: Browser) -> None:
        assert browser.request("GET /nothing") == 404
        browser.body()
        assert browser.open() == 101
        assert browser.read().startswith("0{")

    def test_client_that_reads_nothing_does_not_delay_the_end_of_its_handshake(self, server: Server) -> None:
        mine, its = socket.socketpair()
        mine.setblocking(False)
        filled = 0
        with suppress(BlockingIOError):
            while True:
                filled += mine.send(bytes(1000))
        environ = {
            "eventlet.input": SimpleNamespace(get_socket=lambda: GreenSocket(mine)),
            "HTTP_SEC_WEBSOCKET_KEY": KEY,
        }

        with eventlet.Timeout(5):
            connection = server.sio.eio.accept_websocket(environ, SimpleNamespace(on_end=lambda: None))

        while filled:
            filled -= len(its.recv(min(filled, 65536)))
            eventlet.sleep(0)
        assert its.recv(1000).startswith(b"HTTP/1.1 101 ")
        connection.drop()
        mine.close()
        its.close()

    @pytest.mark.parametrize("field", [b"no colon", b"Host : x", b"Content-Length: x"])
    def test_malformed_headers_are_refused(self, browser: Browser, field: bytes) -> None:
        browser.socket.sendall(b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n" + field + b"\r\n\r\n")
        assert b" 400 " in browser.file.readline()
        assert browser.file.read().endswith(b"\r\n\r\n")


class TestMessages:
    def test_event_is_acknowledged(self, browser: Browser) -> None:
        browser.connect()
        browser.send('421["echo",{"a":"\u00e4"}]')
        assert json.loads(browser.read()[3:]) == [{"a": "\u00e4"}]

    def test_attachments_are_received_and_sent(self, browser: Browser) -> None:
        browser.connect()
        browser.send('451-7["echo",{"_placeholder":true,"num":0}]')
        browser.send(b"\0\xff")
        assert browser.read() == '461-7[{"_placeholder":true,"num":0}]'
        assert browser.read() == b"\0\xff"

    def test_events_after_a_connect_wait_for_the_connect_handler(self, server: Server, browser: Browser) -> None:
        browser.open()
        browser.read()
        browser.send('40{"how":"slowly"}')
        for i in range(5):
            browser.send(f'42["echo",{i}]')
        for _ in range(10):
            eventlet.sleep(0.001)
        assert server.events == []

        server.gate.send()

        until(lambda: len(server.events) == 6)
        assert [event[-1] for event in server.events[1:]] == [0, 1, 2, 3, 4]

    def test_client_is_paused_when_it_sends_faster_than_its_handlers_work(
        self, server: Server, browser: Browser
    ) -> None:
        browser.open()
        browser.read()
        browser.send('40{"how":"slowly"}')
        for i in range(900):
            browser.send(f'42["echo",{i}]')
            if i % 100 == 0:
                eventlet.sleep(0)
        until(lambda: server.session.connection._paused_by & connections.OWNER_BUSY)
        held = len(server.session._inbox)
        for _ in range(10):
            eventlet.sleep(0.001)
        assert len(server.session._inbox) == held

        server.gate.send()

        until(lambda: len(server.events) == 901)

    def test_client_that_sends_much_does_not_delay_another_client(self, server: Server, browser: Browser) -> None:
        browser.connect()
        other = Browser(server)
        other.connect()
        server.events.clear()
        browser.socket.sendall(masked(frames.TEXT, b'42["work",1]') * 40)
        until(lambda: server.events)

        other.send('42["echo",1]')

        until(lambda: len(server.events) == 41)
        assert server.events.index(("echo", 1)) < 30
        other.close()

    def test_messages_of_many_clients_at_once_leave_time_for_pushes(self, server: Server) -> None:
        browsers = [Browser(server) for _ in range(20)]
        for browser in browsers:
            browser.connect()
        server.events.clear()
        for browser in browsers:
            browser.send('42["work",1]')
        handled = [0]

        with eventlet.Timeout(5):
            while handled[-1] < len(browsers):
                eventlet.sleep(0)  # here the hub would deliver a push
                handled.append(len(server.events))

        assert max(after - before for before, after in pairwise(handled)) < 10
        for browser in browsers:
            browser.close()

    def test_error_in_a_handler_is_logged_and_keeps_the_session(
        self, server: Server, browser: Browser, caplog: pytest.LogCaptureFixture
    ) -> None:
        browser.connect()
        browser.send('42["fail",1]')
        browser.send('420["echo",1]')
        assert browser.read() == "430[1]"
        assert "failed" in caplog.text

    def test_deadline_for_attachments_ends_when_they_arrive(self, server: Server, browser: Browser) -> None:
        browser.connect()
        browser.send('451-0["echo",{"_placeholder":true,"num":0}]')
        until(lambda: len(server.sio._unattached) == 1)
        browser.send(b"abc")
        assert browser.read() == '461-0[{"_placeholder":true,"num":0}]'
        assert len(server.sio._unattached) == 0

    def test_deadline_for_attachments_ends_when_the_client_leaves(self, server: Server, browser: Browser) -> None:
        browser.connect()
        browser.send('451-["echo",{"_placeholder":true,"num":0}]')
        until(lambda: len(server.sio._unattached) == 1)
        browser.close()
        until(lambda: server.is_empty)
        assert len(server.sio._unattached) == 0
        assert not server.sio._binary_packet

    def test_refused_client_gets_the_reason(self, browser: Browser) -> None:
        browser.open()
        browser.read()
        browser.send('40{"how":"never"}')
        assert browser.read() == '44{"message":"no"}'

    @pytest.mark.parametrize("malformed", ["", "x", "\u0661", "7", "42", "4"])
    def test_malformed_packet_ends_the_session(self, server: Server, browser: Browser, malformed: str) -> None:
        browser.connect()
        browser.send(malformed)
        assert browser.read() == frames.NORMAL_CLOSURE
        until(lambda: server.is_empty)

    def test_message_above_the_size_limit_ends_the_session(self, server: Server, browser: Browser) -> None:
        browser.connect()
        browser.send("4" + "x" * 1000)
        assert browser.read() == frames.MESSAGE_TOO_BIG
        until(lambda: server.is_empty)


class TestEnd:
    @pytest.mark.parametrize("close", [masked(frames.CLOSE, b"\x03\xe8"), masked(frames.TEXT, b"1")])
    def test_client_that_closes_its_session_leaves_nothing(
        self, server: Server, browser: Browser, close: bytes
    ) -> None:
        browser.connect()
        browser.socket.sendall(close)
        assert browser.read() == frames.NORMAL_CLOSURE
        until(lambda: server.is_empty)
        assert [event[0] for event in server.events] == ["connect", "disconnect"]

    def test_client_that_closes_its_socket_leaves_nothing(self, server: Server, browser: Browser) -> None:
        browser.connect()
        browser.close()
        until(lambda: server.is_empty)
        assert server.events[-1] == ("disconnect", "transport close")

    def test_disconnect_handler_runs_after_a_connect_handler_that_still_ran(
        self, server: Server, browser: Browser
    ) -> None:
        browser.open()
        browser.send('40{"how":"slowly"}')
        until(lambda: server.sio.manager.rooms)
        browser.close()
        for _ in range(10):
            eventlet.sleep(0.001)

        server.gate.send()

        until(lambda: server.is_empty)
        assert [event[0] for event in server.events] == ["connect", "disconnect"]

    def test_session_that_the_server_closes_during_a_connect_leaves_nothing(
        self, server: Server, browser: Browser
    ) -> None:
        browser.open()
        browser.send('40{"how":"slowly"}')
        until(lambda: server.sio.manager.rooms)
        server.session.close(wait=False, abort=True)

        server.gate.send()

        until(lambda: server.is_empty)

    def test_polling_session_that_ends_during_a_connect_leaves_nothing(self, server: Server, browser: Browser) -> None:
        browser.request("GET /socket.io/?EIO=4&transport=polling")
        sid = json.loads(browser.body()[1:])["sid"]
        query = f"POST /socket.io/?EIO=4&transport=polling&sid={sid}"
        posting = eventlet.spawn(browser.request, query, b'40{"how":"slowly"}')
        until(lambda: server.sio.manager.rooms)
        server.session.close(wait=False, abort=True)

        server.gate.send()

        assert posting.wait() == 200
        assert server.is_empty
        assert [event[0] for event in server.events] == ["connect", "disconnect"]

    def test_client_that_the_server_disconnected_can_connect_again(self, server: Server, browser: Browser) -> None:
        browser.connect()
        [sid] = server.sio.manager.rooms["/"][None]
        server.sio.disconnect(sid)
        assert browser.read() == "41"

        browser.send("40")

        assert browser.read().startswith("40")
        browser.close()
        until(lambda: server.is_empty)

    def test_close_without_abort_sends_a_close_packet_and_a_close_frame(self, server: Server, browser: Browser) -> None:
        browser.connect()
        server.session.close(wait=False)
        assert [browser.read(), browser.read()] == ["1", frames.NORMAL_CLOSURE]


class TestHeartbeat:
    def test_client_that_answers_pings_stays_connected(self, impatient: Server) -> None:
        browser = Browser(impatient)
        browser.connect()
        for _ in range(8):
            assert browser.read() == "2"
            browser.send("3")
        browser.close()

    def test_client_that_does_not_answer_a_ping_is_disconnected(self, impatient: Server) -> None:
        browser = Browser(impatient)
        browser.connect()
        assert [browser.read(), browser.read()] == ["2", frames.NORMAL_CLOSURE]
        until(lambda: impatient.is_empty)
        assert impatient.events[-1] == ("disconnect", "ping timeout")
        browser.close()

    def test_client_that_stops_polling_is_disconnected(self, impatient: Server) -> None:
        browser = Browser(impatient)
        assert browser.request("GET /socket.io/?EIO=4&transport=polling") == 200
        until(lambda: impatient.is_empty)
        browser.close()


class TestUpgrade:
    @pytest.fixture
    def poller(self, server: Server) -> Iterator[Browser]:
        poller = Browser(server)
        poller.request("GET /socket.io/?EIO=4&transport=polling")
        self.sid = json.loads(poller.body()[1:])["sid"]
        self.query = f"GET /socket.io/?EIO=4&transport=polling&sid={self.sid}"
        poller.request(self.query.replace("GET", "POST"), b"40")
        poller.body()
        poller.request(self.query)
        assert poller.body().startswith(b"40")
        yield poller
        poller.close()

    def test_upgraded_client_gets_the_packets_that_wait_over_its_websocket(
        self, server: Server, poller: Browser, browser: Browser
    ) -> None:
        polling = eventlet.spawn(poller.request, self.query)
        eventlet.sleep(0)
        assert browser.open(f"&sid={self.sid}") == 101
        browser.send("2probe")
        assert browser.read() == "3probe"
        assert polling.wait() == 200
        assert poller.body() == b"6"
        server.sio.emit("waits", 1)
        poller.request(self.query)
        assert poller.body() == b"6"

        browser.send("5")

        assert browser.read() == '42["waits",1]'
        browser.send('420["echo",1]')
        assert browser.read() == "430[1]"
        assert poller.request(self.query) == 400
        assert server.session.connection.owner is server.session

    @pytest.mark.parametrize("wrong", ["5", "2", "hello", '42["echo",1]'])
    def test_client_that_sends_a_wrong_probe_continues_to_poll(
        self, server: Server, poller: Browser, browser: Browser, wrong: str
    ) -> None:
        browser.open(f"&sid={self.sid}")
        browser.send(wrong)
        assert browser.read() == frames.NORMAL_CLOSURE
        server.sio.emit("still", 1)
        poller.request(self.query)
        assert poller.body() == b'42["still",1]'

    def test_client_that_aborts_an_upgrade_continues_to_poll(
        self, server: Server, poller: Browser, browser: Browser
    ) -> None:
        browser.open(f"&sid={self.sid}")
        browser.send("2probe")
        browser.read()
        browser.close()
        until(lambda: not server.session.upgrading)
        poller.request(self.query)
        assert poller.body() == b"6"
        server.sio.emit("still", 1)
        poller.request(self.query)
        assert poller.body() == b'42["still",1]'

    def test_second_websocket_of_a_session_is_refused(self, server: Server, poller: Browser, browser: Browser) -> None:
        other = Browser(server)
        assert other.open(f"&sid={self.sid}") == 101
        assert browser.open(f"&sid={self.sid}") == 400
        other.close()


def test_broadcast_is_encoded_once_for_all_clients(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    browsers = [Browser(server) for _ in range(3)]
    for browser in browsers:
        browser.connect()
    written: list[bytes] = []
    monkeypatch.setattr(Connection, "write", lambda _self, frame: written.append(frame))

    server.sio.emit("all", base64.b64encode(b"x").decode())

    assert len(written) == 3
    assert len({id(frame) for frame in written}) == 1
    monkeypatch.undo()
    for browser in browsers:
        browser.close()
