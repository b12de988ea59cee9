"""The servers that are attacked: each test has one of its own, whose memory nobody else has used."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.im import Im
from tests.services import Service


@pytest.fixture(params=["fast", "stock"])
def im(request: pytest.FixtureRequest, folder: Path, valkey: Service) -> Iterator[Im]:
    """An IM server, on either transport. At the end of each test it answers, and its log is clean."""
    with Im(folder, valkey.url, transport=request.param) as server:
        yield server
        assert server.is_well(), server.process.log.read_text(errors="replace")[-4000:]
