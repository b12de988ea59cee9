"""The public keys of a provider are fetched over HTTP: from one address, within bounds, and whatever it answers."""

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from core import jwks
from core.jwks import Unavailable
from dev.ports import find_free
from tests.token_keys import Provider, key_of, provider_of, send


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with provider_of(key_of("EC")) as running:
        yield running


def fetch_while(
    provider: Provider, answer: Callable[[BaseHTTPRequestHandler], None], *, whole_seconds: float = 60
) -> None:
    usual, provider.answer = provider.answer, answer
    try:
        jwks.create_fetch(provider.url, whole_seconds=whole_seconds)()
    finally:
        provider.answer = usual


def drip(request: BaseHTTPRequestHandler) -> None:
    """Answer byte by byte, without an end."""
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b" ")
        time.sleep(0.02)


def drip_headers(request: BaseHTTPRequestHandler) -> None:
    while True:
        request.wfile.write(b"X")
        time.sleep(0.02)


def test_keys_are_fetched(provider: Provider) -> None:
    assert [key.id for key in jwks.create_fetch(provider.url)()] == ["first"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda request: send(request, "<html>sorry</html>"), "no JWK set"),
        (lambda request: send(request, {"keys": []}), "without a usable key"),
        (lambda request: send(request, {"keys": [key_of("EC").jwk]}, status=500), "500"),
        (lambda request: send(request, " " * 300_000), "256 KB"),
        (lambda request: send(request, "{}", **{"Content-Length": "50"}), "no JWK set|IncompleteRead|no answer"),
        (lambda request: request.wfile.write(b"\0\1\2\r\n\r\n"), "no answer"),
        (lambda request: None, "no answer"),
    ],
    ids=["html", "no keys", "an error", "too large", "too short", "no HTTP", "nothing"],
)
def test_bad_answer_is_an_error(provider: Provider, answer: Callable[[BaseHTTPRequestHandler], None], why: str) -> None:
    with pytest.raises(Unavailable, match=why):
        fetch_while(provider, answer)

    assert jwks.create_fetch(provider.url)()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_is_not_followed(provider: Provider, status: int) -> None:
    with provider_of(key_of("OKP")) as other:
        with pytest.raises(Unavailable, match=str(status)):
            fetch_while(provider, lambda request: send(request, "", status=status, Location=other.url))

        assert other.calls == 0


@pytest.mark.parametrize("answer", [drip, drip_headers])
def test_answer_that_never_ends_is_cut_off(
    provider: Provider, answer: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    with pytest.raises(Unavailable):
        fetch_while(provider, answer, whole_seconds=0.5)


def test_provider_that_is_away_is_an_error() -> None:
    with pytest.raises(Unavailable, match="no answer"):
        jwks.create_fetch(f"http://127.0.0.1:{find_free()}/jwks.json")()


def test_proxy_of_the_environment_is_not_asked_for_this_machine(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert jwks.create_fetch(provider.url)()
