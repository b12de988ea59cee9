"""Two requests at once, about the tokens of one user, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import update

from app.models import TokenFamily
from app.services import authorizations
from app.services.authorizations import Authorization
from app.services.credentials import Credentials
from core import tokens
from core.db import Database
from core.revoked_tokens import Revocation
from core.tokens import Claims

SECRET = "a secret that only the tests use"


def at_once(*calls: Callable[[], object]) -> list[object]:
    start = Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        start.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def log_in(database: Database, user_id: int) -> Authorization:
    with database.transaction() as connection:
        return authorizations.log_in(connection, Credentials(user_id, "x"))


def renew(database: Database, token: Claims) -> Authorization | Revocation:
    with database.transaction() as connection:
        return authorizations.renew(connection, token)


def end_all(database: Database, user_id: int) -> Revocation:
    with database.transaction() as connection:
        return authorizations.end_all(connection, str(user_id))


def claims(given: Authorization) -> Claims:
    return tokens.verify((SECRET,), given.refresh_token(SECRET), refresh=True)


@pytest.mark.parametrize("is_minted_elsewhere", [False, True])
def test_two_renewals_at_once_get_the_same_refresh_token(
    database: Database, users: list[int], is_minted_elsewhere: bool
) -> None:
    theirs = tokens.sign(SECRET, user_id=users[0], refresh=True)
    token = (
        tokens.verify((SECRET,), theirs, refresh=True) if is_minted_elsewhere else claims(log_in(database, users[0]))
    )

    answers = at_once(*[lambda: renew(database, token)] * 2)

    [refresh_token] = {answer.refresh_token(SECRET) for answer in answers if isinstance(answer, Authorization)}
    assert len(answers) == 2
    assert isinstance(renew(database, tokens.verify((SECRET,), refresh_token, refresh=True)), Authorization)


def test_no_token_slips_between_a_log_in_and_a_log_out(database: Database, users: list[int]) -> None:
    for _ in range(5):
        given, revoked = at_once(lambda: log_in(database, users[0]), lambda: end_all(database, users[0]))
        assert isinstance(given, Authorization)
        assert isinstance(revoked, Revocation)

        is_dead = revoked.covers(str(users[0]), given.issued_at, given.family)

        with database.reading() as connection:
            row = connection.scalar(TokenFamily.__table__.select().where(TokenFamily.family == given.family))
        assert is_dead == (row is None)


def test_log_ins_at_once_delete_expired_families(database: Database, users: list[int]) -> None:
    for user_id in users:
        log_in(database, user_id)
    with database.transaction() as connection:
        connection.execute(update(TokenFamily).values(expires_at=1))

    at_once(*[lambda user_id=user_id: log_in(database, user_id) for user_id in users[:3]])  # type: ignore[misc]

    with database.reading() as connection:
        kept = connection.execute(TokenFamily.__table__.select()).all()
    assert len(kept) == 3
