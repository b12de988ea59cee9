"""No call that fits or breaks the OpenAPI document gets an error of the server, or another user's data."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from tests.fuzz.api_calls import call_often, create_callers, is_for, load_operations, running_app
from tests.services import Service

_EXAMPLES = 7  # of valid calls, and of invalid ones


@pytest.fixture(scope="module")
def app(folder: Path, valkeys: Callable[[], Service]) -> Iterator[Flask]:
    with running_app(folder, valkeys().url) as app:
        yield app


def test_answer_is_documented_and_shows_no_foreign_data(app: Flask) -> None:
    for operation in load_operations(app):
        # New ones, since a call may end all tokens of its caller.
        callers = [caller for caller in create_callers(app).values() if is_for(operation, caller)]
        assert call_often(operation, callers, examples=_EXAMPLES)


def test_text_of_a_foreign_inbox_is_found_in_an_answer(app: Flask) -> None:
    """Without this, the test above would pass whatever an answer shows."""
    callers = create_callers(app)
    ann = replace(callers["a user"], foreign_texts=callers["a stranger"].foreign_texts)
    [inbox] = [operation for operation in load_operations(app) if operation.label == "GET /v1_0/user/notifications"]

    with pytest.raises(AssertionError, match="foreign data"):
        call_often(inbox, [ann], examples=_EXAMPLES)
