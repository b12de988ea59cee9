"""Somebody opens as many sockets as possible: as one user, as nobody, from one address, or so many as a server has."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from bench.websocket import handshake, text_frame
from tests.attacks.attackers import Target, attack
from tests.attacks.bystanders import measure
from tests.attacks.conftest import TRANSPORTS
from tests.attacks.floods import session
from tests.im import Im
from tests.services import Service, wait_until
from tests.wire import BEYOND_LIMITS, Polling, Websocket, query

_USER_ID = 2_000_010
_PER_USER = 3
_ANONYMOUS = 2
_PER_ADDRESS = 4
_FILES = 256
_OPEN_ANONYMOUS = 'toutiao_im_connections{kind="anonymous"}'


@pytest.fixture(scope="module", params=TRANSPORTS)
def strict_im(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    """A server with low limits, which the tests here share."""
    limits = {
        "LIMIT_SOCKETS_PER_USER": str(_PER_USER),
        "LIMIT_ANONYMOUS_SOCKETS": str(_ANONYMOUS),
        "LIMIT_SOCKETS_PER_ADDRESS": str(_PER_ADDRESS),
        "LIMIT_HANDSHAKES_PER_ADDRESS": "1",
        "TRUSTED_PROXIES": "127.0.0.1",  # so that the tests can have any address
    }
    with Im(folder, valkey.url, transport=request.param, **limits) as server:
        yield server
        assert server.is_well(), server.process.log.read_text(errors="replace")[-4000:]


@attack
def sockets_of_one_user(target: Target) -> None:
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(session(target, user_id=_USER_ID))


@attack
def anonymous_sockets(target: Target) -> None:
    with ExitStack() as stack:
        for _ in range(50):
            sock = stack.enter_context(session(target, is_connected=False))
            sock.sendall(text_frame(b"40"))


@attack
def sockets_of_one_address(target: Target) -> None:
    with ExitStack() as stack:
        for _ in range(50):
            _open_from(stack.enter_context(target.connect()), "203.0.113.1")


@attack
def handshakes_of_one_address(target: Target) -> None:
    for _ in range(50):
        with target.connect() as connection:
            _open_from(connection, "203.0.113.2")


def every_attack_in_turn(target: Target) -> None:
    for act in (sockets_of_one_user, anonymous_sockets, sockets_of_one_address, handshakes_of_one_address):
        act(target)


def _open_from(connection: socket.socket, address: str) -> bytes:
    """Open a websocket behind a proxy; return the beginning of the answer."""
    head = handshake("/socket.io/?EIO=4&transport=websocket", 80)
    connection.sendall(head[:-2] + f"X-Forwarded-For: {address}\r\n\r\n".encode())
    return connection.recv(4096)


def _ask_from(connection: socket.socket, address: str) -> bytes:
    """Ask for a polling session behind a proxy; return the answer."""
    connection.sendall(f"GET /socket.io/?{query()} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\n\r\n".encode())
    return connection.recv(4096)


def test_many_sockets_do_not_starve_other_clients(strict_im: Im) -> None:
    measure(strict_im, every_attack_in_turn, seconds=2).assert_unharmed()

    assert strict_im.metric('toutiao_im_disconnects_total{reason="too_many_sockets"}') > 0
    assert strict_im.metric(_OPEN_ANONYMOUS) <= _ANONYMOUS


def _join(session: Polling | Websocket, im: Im, user_id: int) -> None:
    """Connect as a user, and read everything up to `sync`."""
    auth = "40" + json.dumps({"token": Target.of(im).token(user_id)})
    if isinstance(session, Polling):
        assert session.post(auth) == (200, "ok")
    else:
        session.send(auth)
    while not session.receive().startswith('42["sync"'):
        pass


def test_socket_of_a_user_that_was_idle_for_longest_is_closed_with_a_reason(strict_im: Im) -> None:
    before = strict_im.metric('toutiao_im_disconnects_total{reason="too_many_sockets"}')
    with ExitStack() as stack:
        first, second, third, fourth = (stack.enter_context(Websocket(strict_im.port)) for _ in range(4))
        for tab in (first, second, third):
            _join(tab, strict_im, _USER_ID + 1)
        assert first.is_alive()  # it has sent an event, so it is not the one that was idle for longest

        _join(fourth, strict_im, _USER_ID + 1)

        assert second.receive().startswith('42["closing",{"reason":"too_many_sockets"')
        assert second.receive() == "41"
        assert second.closing_code() == BEYOND_LIMITS
        assert all(tab.is_alive() for tab in (first, third, fourth))
    assert strict_im.metric('toutiao_im_disconnects_total{reason="too_many_sockets"}') == before + 1


def test_polling_client_of_a_user_with_too_many_sockets_is_told_why(strict_im: Im) -> None:
    polling = Polling(strict_im.port)
    _join(polling, strict_im, _USER_ID + 2)
    poll = polling.begin_get()
    with ExitStack() as stack:
        for _ in range(_PER_USER):
            _join(stack.enter_context(Websocket(strict_im.port)), strict_im, _USER_ID + 2)
        status, content = poll.answer()

    assert status == 200
    assert content.startswith('42["closing",{"reason":"too_many_sockets"')
    assert polling.is_closed()


def test_anonymous_client_beyond_the_limit_is_refused_and_may_log_in(strict_im: Im) -> None:
    wait_until(lambda: strict_im.metric(_OPEN_ANONYMOUS) == 0, seconds=5, what="those of other tests are closed")
    with ExitStack() as stack:
        for _ in range(_ANONYMOUS):
            stack.enter_context(Websocket(strict_im.port)).join()
        late = stack.enter_context(Websocket(strict_im.port))
        late.send("40")
        assert late.receive() == '44{"message":"too_many_anonymous"}'

        _join(late, strict_im, _USER_ID + 3)

        assert late.is_alive()


def test_address_with_too_many_sockets_is_refused_until_one_is_closed(strict_im: Im) -> None:
    with ExitStack() as stack:
        first, *_ = opened = [stack.enter_context(Target.of(strict_im).connect()) for _ in range(_PER_ADDRESS)]
        assert all(b" 101 " in _open_from(connection, "203.0.113.3") for connection in opened)

        with Target.of(strict_im).connect() as late:
            answer = _ask_from(late, "203.0.113.3")
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b"\r\nRetry-After: 10\r\n" in answer
        assert answer.endswith(b'{"message":"too_many_sockets_of_address"}')

        first.close()
        wait_until(lambda: _is_welcome(strict_im, "203.0.113.3"), seconds=5, what="the address has room again")


def _is_welcome(im: Im, address: str) -> bool:
    with Target.of(im).connect() as connection:
        return b" 200 " in _ask_from(connection, address)[:20]


def test_address_with_too_many_handshakes_is_refused_and_its_neighbour_is_not(strict_im: Im) -> None:
    wait_until(lambda: b"429" in _shake_hands(strict_im, "203.0.113.4"), seconds=5, what="the address is refused")

    assert b"101" in _shake_hands(strict_im, "203.0.113.5")


def _shake_hands(im: Im, address: str) -> bytes:
    """Open a websocket and close it at once; return the status line."""
    with Target.of(im).connect() as connection:
        return _open_from(connection, address).partition(b"\r\n")[0]


@pytest.fixture(scope="module")
def small_im(folder: Path, valkey: Service) -> Iterator[Im]:
    """A server that may open few files."""
    with Im(folder, valkey.url, transport="fast", open_files=_FILES) as server:
        yield server
        assert server.is_well(), server.process.log.read_text(errors="replace")[-4000:]


def test_full_server_refuses_new_sockets_and_keeps_the_others(small_im: Im) -> None:
    with Websocket(small_im.port) as early:
        early.join()
        sessions = [Polling(small_im.port) for _ in range(_FILES // 2 - 1)]

        with Target.of(small_im).connect() as late:
            answer = _ask_from(late, "203.0.113.1")

        assert answer.startswith(b"HTTP/1.1 503 ")
        assert answer.endswith(b'{"message":"server_full"}')
        assert early.is_alive()
        assert small_im.is_well()
        for session in sessions:
            session.post("1")


def test_server_out_of_files_refuses_connections_and_keeps_some_files_for_redis(small_im: Im) -> None:
    with ExitStack() as stack:
        early = stack.enter_context(Websocket(small_im.port))
        _join(early, small_im, _USER_ID)
        stalled = [stack.enter_context(Target.of(small_im).connect()) for _ in range(2 * _FILES)]
        assert stalled[-1].recv(4096).startswith(b"HTTP/1.1 503 ")
        process = psutil.Process(small_im.process.popen.pid)
        assert process.num_fds() < _FILES - 32
        assert early.is_alive()
    wait_until(small_im.is_well, seconds=15, what="the server takes connections again")
