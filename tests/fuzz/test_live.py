"""Servers that run stay up whatever they get, and an input that harms them is found and kept."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.failures import Failure
from tests.fuzz.live import LIVE, Live
from tests.fuzz.place import Place, running_place
from tests.fuzz.sender import send_until

_FOR_EVER = float("inf")


@pytest.fixture(scope="module")
def place(folder: Path) -> Iterator[Place]:
    with running_place(folder / "fuzz") as (place, im):
        yield place
        assert im.is_well(), im.process.log.read_text(errors="replace")[-4000:]


@pytest.mark.parametrize("name", LIVE)
def test_servers_survive_generated_inputs(place: Place, name: str) -> None:
    count, failure = send_until(name, place, seed=1, until=_FOR_EVER, most=20)

    assert failure is None
    assert count >= 20


def test_input_that_fails_is_found_and_kept(place: Place, tmp_path: Path) -> None:
    def send(_place: Place, inputs: list[bytes]) -> None:
        assert b"7" not in inputs, "a seven"

    digits = Live(lambda rng: str(rng.randrange(10)).encode(), send)

    _, failure = send_until("digits", place, seed=1, until=_FOR_EVER, kinds={"digits": digits})

    assert failure is not None
    kept = Failure.read(failure.keep(tmp_path))
    assert (kept.name, kept.data) == ("digits", [b"7"])
    assert "a seven" in kept.reason


def test_traceback_in_a_log_is_a_failure(place: Place) -> None:
    def send(place: Place, _inputs: list[bytes]) -> None:
        with place.logs[1].open("a") as log:
            log.write("Traceback (most recent call last):\n")

    _, failure = send_until("x", place, seed=1, until=_FOR_EVER, kinds={"x": Live(_one, send)})

    assert failure is not None
    assert failure.reason == "a server wrote a traceback"


def _one(_rng: random.Random) -> bytes:
    return b"1"
