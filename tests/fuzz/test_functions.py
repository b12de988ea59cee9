"""Functions that read what others send raise nothing but what they promise, for inputs that are nearly valid."""

import logging
import random
from collections.abc import Iterator

import pytest

from tests.fuzz.functions import FUNCTIONS
from tests.fuzz.mutations import mutated

_INPUTS = 200


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)  # what is repaired is logged, each time
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_raises_only_what_it_promises(name: str) -> None:
    function, rng = FUNCTIONS[name], random.Random(1)
    for data in (*function.seeds, *(mutated(rng, function.seeds) for _ in range(_INPUTS))):
        function.check(data)
