"""Changes valid inputs a little: most of the result is still valid, so it gets past the first check of a parser."""

import random
from collections.abc import Callable, Sequence

# Parts that parsers treat in a special way.
_PARTS = (
    *(b"\0", b"\r\n", b"\r\n\r\n", b"\n", b"\x1e", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b" "),
    *(part.encode() for part in ("\u202e", "\u200b", "\ufeff", "\u0661", "新", "\U0001f600", "é", "e\u0301")),
    *b'" \\ { } [ ] , : ; = & ? # + % %00 %ff %2e%2e%2f \\ud800 \\u0000 _placeholder __proto__ token sid'.split(),
    *b"null true NaN Infinity 1e999 -0 1.5 -1 0 00 9007199254740992 18446744073709551616 0-0".split(),
    *b"EIO=4 EIO=3 transport=polling transport=websocket j=0 connect disconnect message Bearer".split(),
    *(
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Upgrade: websocket\r\n",
        b"Expect: 100-continue\r\n",
    ),
    *(b"9" * 400, b"x" * 5000, b"[" * 300, b'{"a":' * 80),
)

_Change = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def mutated(rng: random.Random, seeds: Sequence[bytes], *, most: int = 8) -> bytes:
    """Return one of the seeds after none, a few, or as many as `most` changes."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3, most))):
        rng.choice(_CHANGES)(rng, data, seeds)
    return bytes(data)


def _flip_a_bit(rng: random.Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _replace_a_byte(rng: random.Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.randrange(256)


def _insert_a_part(rng: random.Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    data[at:at] = rng.choice(_PARTS)


def _replace_by_a_part(rng: random.Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    start, end = _place(rng, data)
    data[start:end] = rng.choice(_PARTS)


def _delete(rng: random.Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    start, end = _place(rng, data)
    del data[start:end]


def _repeat(rng: random.Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    start, end = _place(rng, data)
    data[start:start] = data[start:end] * rng.choice((1, 1, 2, 20))


def _cut(rng: random.Random, data: bytearray, _seeds: Sequence[bytes]) -> None:
    del data[rng.randint(0, len(data)) :]


def _continue_as_another(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    other = rng.choice(seeds)
    data[rng.randint(0, len(data)) :] = other[rng.randint(0, len(other)) :]


def _place(rng: random.Random, data: bytearray) -> tuple[int, int]:
    start = rng.randint(0, len(data))
    return start, min(len(data), start + rng.choice((1, 2, 4, 8, 32)))


_CHANGES: tuple[_Change, ...] = (
    _flip_a_bit,
    _replace_a_byte,
    _insert_a_part,
    _replace_by_a_part,
    _delete,
    _repeat,
    _cut,
    _continue_as_another,
)
