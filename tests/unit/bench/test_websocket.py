"""The load counts each text once, however the network splits it."""

import pytest

from bench.websocket import Closed, Frames, Refused, text_frame

UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
LONG = b"x" * 300
STREAM = UPGRADE + b"\x81\x05hello" + b"\x81\x7e\x01\x2c" + LONG + b"\x81\x00"


def test_texts_are_read_whole_from_any_split() -> None:
    for cut in range(len(STREAM)):
        frames = Frames()

        texts = [*frames.feed(STREAM[:cut]), *frames.feed(STREAM[cut:])]

        assert texts == [b"hello", LONG, b""], f"cut at {cut}"


def test_close_frame_is_reported_after_earlier_texts() -> None:
    texts = Frames().feed(UPGRADE + b"\x81\x02ok" + b"\x88\x00")

    assert next(texts) == b"ok"
    with pytest.raises(Closed):
        next(texts)


def test_answer_without_an_upgrade_is_refused() -> None:
    with pytest.raises(Refused):
        list(Frames().feed(b"HTTP/1.1 400 Bad Request\r\n\r\n"))


@pytest.mark.parametrize("size", [0, 125, 126, 1000])
def test_client_frame_is_masked_and_contains_its_size(size: int) -> None:
    frame = text_frame(b"x" * size)

    assert frame[0] == 0x81
    assert frame[1] & 0x80
    short = frame[1] & 0x7F
    assert (short if short < 126 else int.from_bytes(frame[2:4], "big")) == size
    assert frame.endswith(b"x" * size)
