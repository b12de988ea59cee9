"""`flask service-key`, `flask vapid-key` and `flask tokens`."""

from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from core import tokens
from core.service_keys import ServiceKeys
from core.vapid import Vapid, parse_key
from tests.unit.app.conftest import SECRET, bearer

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask) -> Run:
    return lambda *arguments: app.test_cli_runner().invoke(args=list(map(str, arguments)))


def test_new_key_is_printed_with_the_line_for_the_settings(run: Run) -> None:
    done = run("service-key", "new", "billing")

    assert done.exit_code == 0
    key, line = (shown.strip() for shown in done.output.splitlines() if shown.startswith(" "))
    assert ServiceKeys([line]).name_of(key) == "billing"
    assert key not in line


def test_a_name_that_fits_no_setting_is_refused(run: Run) -> None:
    assert run("service-key", "new", "a,b").exit_code == 2


def test_new_vapid_key_is_one_that_the_settings_take(run: Run) -> None:
    done = run("vapid-key", "new")

    assert done.exit_code == 0
    line, public_key = (shown.strip() for shown in done.output.splitlines() if shown.startswith(" "))
    name, _, key = line.partition("=")
    assert name == "VAPID_PRIVATE_KEY"
    assert Vapid(parse_key(key), "mailto:ops@news.example").public_key == public_key


def test_tokens_of_a_user_are_revoked(run: Run, client: FlaskClient, ann: int) -> None:
    token = tokens.sign(SECRET, user_id=ann)

    done = run("tokens", "revoke", ann)

    assert (done.exit_code, done.output) == (0, f"all tokens of user {ann} have ended\n")
    assert client.get("/v1_0/user", **bearer(token)).json == {"message": "the token is revoked"}
