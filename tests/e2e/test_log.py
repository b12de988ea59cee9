"""Clients cannot forge lines in the log of an IM server."""

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.im import Im
from tests.services import Service

PATH = "/socket.io/?EIO=4&transport=polling"
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ [\w.]+ .*")


@pytest.fixture(params=["fast", "stock"])
def fresh_im(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    """A new IM server: some mistakes of clients are logged only once."""
    with Im(folder, valkey.url, transport=request.param) as server:
        yield server


def ask(im: Im, method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", im.port, timeout=5)
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse().read()
    finally:
        connection.close()


def connected(im: Im) -> str:
    """Return the address of a new session whose client is connected."""
    path = f"{PATH}&sid={json.loads(ask(im, 'GET', PATH)[1:])['sid']}"
    ask(im, "POST", path, b"40")
    ask(im, "GET", path)
    return path


def test_requests_cannot_forge_a_log_line(fresh_im: Im) -> None:
    for part in ("&sid=x%0aforged%1b[2K", "%0aforged", "&EIO=%0aforged", "&j=%0aforged"):
        ask(fresh_im, "GET", PATH + part)
    ask(fresh_im, "GET", "/%0aforged")
    ask(fresh_im, "GET", PATH, Origin="http://x\x1b[2Kforged")
    for packet in (
        b'42["a\\nforged",1]',
        b'42["message",{"msg":"\\nforged","timestamp":"\\nforged"}]',
        b'42{"a":"\\nforged"}',
        b"40/a\nforged,",
        b'42/a\nforged,["a"]',
        b'431["\\nforged"]',
        b"4\nforged",
        b"9\nforged",
    ):
        ask(fresh_im, "POST", connected(fresh_im), packet)

    log = fresh_im.process.log.read_text()
    assert r"Invalid session x\nforged\x1b[2K" in log
    assert [line for line in log.split("\n")[:-1] if not LINE.fullmatch(line)] == []
    assert log.count("Invalid session") == 1
