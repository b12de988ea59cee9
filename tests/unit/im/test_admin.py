"""Few attempts to log in to the admin UI are checked."""

from typing import Any

import pytest

from im.admin import ATTEMPTS_PER_MINUTE, AdminUi

CREDENTIALS = {"username": "admin", "password": "right"}


class FakeLogin:
    def __init__(self) -> None:
        self.checked = 0

    def admits(self, _name: str, password: str) -> bool:
        self.checked += 1
        return password == "right"


@pytest.fixture
def login() -> Any:
    return FakeLogin()


def test_right_credentials_are_admitted_and_wrong_ones_are_not(login: Any) -> None:
    admin = AdminUi(login)

    assert admin.admits(CREDENTIALS)
    assert not admin.admits({**CREDENTIALS, "password": "wrong"})


@pytest.mark.parametrize(
    "auth", [None, "admin", [], {}, {"token": "x"}, {"username": "admin"}, {"username": ["admin"], "password": "right"}]
)
def test_what_is_no_name_and_password_is_not_even_checked(login: Any, auth: object) -> None:
    assert not AdminUi(login).admits(auth)
    assert login.checked == 0


def test_attempts_of_all_clients_together_are_limited(login: Any) -> None:
    admin = AdminUi(login)
    for _ in range(ATTEMPTS_PER_MINUTE):
        admin.admits({**CREDENTIALS, "password": "wrong"})

    assert not admin.admits(CREDENTIALS)
    assert login.checked == ATTEMPTS_PER_MINUTE
