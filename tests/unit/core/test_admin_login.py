"""The login of the admin UI: only its hash is known."""

import argon2
import pytest

from core.admin_login import AdminLogin

PASSWORD = "a good pässword"
HASH = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

login = AdminLogin.parse(f"admin:{HASH}")


def test_the_right_name_and_password_are_admitted() -> None:
    assert login.admits("admin", PASSWORD)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("admin", "another"),
        ("admin", ""),
        ("admin", HASH),
        ("Admin", PASSWORD),
        ("", PASSWORD),
        ("admin", PASSWORD + "x" * 10_000),
        ("\ud800", "\ud800"),
    ],
    ids=range(7),  # a hash is random, and each test process has to find the same names
)
def test_anything_else_is_not(name: str, password: str) -> None:
    assert not login.admits(name, password)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "admin",
        "admin:",
        "admin:password",
        f":{HASH}",
        HASH,
        f"admin:{HASH[:30]}",
        "admin:" + HASH.replace("m=8", "m=1000000"),
        "admin:" + HASH.replace("t=1", "t=100"),
        "admin:$2b$10$abcdefghijklmnopqrstuv",
    ],
    ids=range(10),
)
def test_text_that_is_no_login_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="should be user:hash"):
        AdminLogin.parse(text)


def test_hash_is_not_shown() -> None:
    assert HASH not in repr(login)
