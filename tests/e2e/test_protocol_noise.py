"""The server survives packets and frames that are generated at random, the same in each run."""

import random
from contextlib import suppress

import pytest

from tests.im import Im
from tests.wire import BINARY, CLOSE, CONTINUED, PING, PONG, TEXT, Polling, Websocket, frame

ROUNDS = 60
PARTS = [
    *("0", "1", "2", "3", "4", "5", "6", "7", "40", "41", "42", "43", "44", "451-", "46"),
    *("/", "/,", "/x,", "?", ",", "-", "{", "}", "[", "]", '"', "\\u", "\x00", "\x1e", "b", "bAQ==", " "),
    *("null", "true", "NaN", "1e999", "-1", "99999999999", "é", "²", "٤", '"message"', '"connect"'),
    *('{"msg":"x"}', '["message",{"msg":"x"}]', '{"_placeholder":true,"num":0}'),
]
STEPS = ["2probe", "5", "4hello", "1", "3"]
OPCODES = [CONTINUED, TEXT, TEXT, TEXT, BINARY, CLOSE, PING, PONG, 0x3, 0xB]


class Noise:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def packet(self) -> str:
        kind = self._random.choice(["", "4", "4", "4"])
        return kind + "".join(self._random.choices(PARTS, k=self._random.randint(0, 5)))

    def packets(self) -> list[str | bytes]:
        made = [self.packet() for _ in range(self._random.randint(1, 6))]
        return [packet.encode() if self._random.random() < 0.15 else packet for packet in made]

    def frames(self) -> bytes:
        return b"".join(self._frame() for _ in range(self._random.randint(1, 5)))

    def steps(self) -> list[str]:
        return self._random.sample([*STEPS, self.packet()], self._random.randint(1, 5))

    def likely(self) -> bool:
        return self._random.random() < 0.7

    def _frame(self) -> bytes:
        opcode, is_last, is_masked = self._random.choice(OPCODES), self.likely(), self.likely() or self.likely()
        content = bytearray(frame(opcode, self.packet().encode(), is_last=is_last, is_masked=is_masked))
        if not self.likely():
            content[self._random.randrange(len(content))] ^= 1 << self._random.randrange(8)
        return bytes(content)


@pytest.fixture
def noise() -> Noise:
    return Noise(seed=4)


class TestNoise:
    def test_random_packets_harm_no_other_session(self, im: Im, noise: Noise) -> None:
        for _ in range(ROUNDS):
            with Websocket(im.port) as session, suppress(ConnectionError):
                if noise.likely():
                    session.join()
                session.send(*noise.packets())

    def test_random_frames_harm_no_other_session(self, im: Im, noise: Noise) -> None:
        for _ in range(ROUNDS):
            with Websocket(im.port) as session, suppress(ConnectionError):
                if noise.likely():
                    session.join()
                session.write(noise.frames())

    def test_random_payloads_harm_no_other_session(self, im: Im, noise: Noise) -> None:
        for _ in range(ROUNDS):
            session = Polling(im.port)
            if noise.likely():
                session.join()
            packets = [packet for packet in noise.packets() if isinstance(packet, str)]
            assert session.post(*packets)[0] in (200, 400)

    def test_random_upgrades_harm_no_other_session(self, im: Im, noise: Noise) -> None:
        for _ in range(ROUNDS):
            polling = Polling(im.port)
            if noise.likely():
                polling.join()
            with Websocket(im.port, sid=polling.sid) as session, suppress(ConnectionError):
                session.send(*noise.steps())
                assert polling.post(noise.packet())[0] in (200, 400)
