"""Requests to `/livez`, `/readyz` and `/metrics` without a pause; they need no token."""

import threading

import pytest

from tests.attacks.attackers import Attack, Target, attack
from tests.attacks.bystanders import measure
from tests.clients import status
from tests.im import Im

_AT_ONCE = 100


@attack
def metrics_without_a_pause(target: Target) -> None:
    _ask_for_ever(target, "metrics", 10)


@attack
def readiness_of_many_at_once(target: Target) -> None:
    _ask_for_ever(target, "readyz", _AT_ONCE)


def _ask_for_ever(target: Target, path: str, connections: int) -> None:
    request = f"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    asking = [target.connect() for _ in range(connections)]
    try:
        while True:
            for connection in asking:
                connection.sendall(request)
            for connection in asking:
                if not connection.recv(64 * 1024):
                    return
    finally:
        for connection in asking:
            connection.close()


@pytest.mark.parametrize("act", [metrics_without_a_pause, readiness_of_many_at_once])
def test_health_checks_do_not_starve_other_clients(im: Im, act: Attack) -> None:
    measure(im, act).assert_unharmed()


def test_server_stays_ready_under_many_health_checks(shared_im: Im) -> None:
    answers: list[int] = []
    askers = [
        threading.Thread(target=lambda: answers.append(status(f"http://127.0.0.1:{shared_im.port}/readyz")))
        for _ in range(2 * _AT_ONCE)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert answers == [200] * len(askers)
