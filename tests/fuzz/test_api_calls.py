"""No call that fits or breaks the OpenAPI document gets an error of the server, or another user's data."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from tests.fuzz.api_calls import CALLERS, call_often, create_callers, is_for, load_operations, running_app
from tests.services import Service

_EXAMPLES = 5  # of valid calls, and of invalid ones


@pytest.fixture(scope="module")
def app(folder: Path, valkeys: Callable[[], Service]) -> Iterator[Flask]:
    with running_app(folder, valkeys().url) as app:
        yield app


@pytest.mark.parametrize("name", CALLERS)
def test_answer_is_documented_and_shows_no_foreign_data(app: Flask, name: str) -> None:
    for operation in load_operations(app):
        callers = create_callers(app)  # new ones, since a call may end all tokens of its caller
        if is_for(operation, callers[name]):
            assert call_often(operation, callers[name], list(callers.values()), examples=_EXAMPLES)


def test_text_of_a_foreign_inbox_is_found_in_an_answer(app: Flask) -> None:
    """Without this, the test above would pass whatever an answer shows."""
    ann = create_callers(app)["a user"]
    [inbox] = [operation for operation in load_operations(app) if operation.label == "GET /v1_0/user/notifications"]

    with pytest.raises(AssertionError, match="foreign data"):
        call_often(inbox, replace(ann, secret_text=""), [ann], examples=_EXAMPLES)
