"""Families of tokens: their renewal and their end."""

import time
from dataclasses import replace

import pytest
from sqlalchemy import Connection, func, select, update

from app.models import CLOSED, TokenFamily, User
from app.services import authorizations
from app.services.accounts import UnknownCaller
from app.services.authorizations import Authorization, TokenRevoked
from app.services.credentials import Credentials, WrongCredentials
from core import revocations, tokens
from core.revoked_tokens import Revocation
from core.tokens import Claims

SECRET = "a secret that only the tests use"
HASH = "not a hash"


def claims(given: Authorization) -> Claims:
    """Return the claims of the refresh token."""
    return tokens.verify((SECRET,), given.refresh_token(SECRET), refresh=True)


def access_claims(given: Authorization) -> Claims:
    return tokens.verify((SECRET,), given.access_token(SECRET))


def renewed(connection: Connection, token: Claims, **options: int) -> Authorization:
    answer = authorizations.renew(connection, token, **options)
    assert isinstance(answer, Authorization)
    return answer


def minted_elsewhere(user_id: int, *, issued_at: int | None = None) -> Claims:
    token = tokens.sign(SECRET, user_id=user_id, refresh=True, token_id="theirs", issued_at=issued_at)
    return tokens.verify((SECRET,), token, refresh=True)


@pytest.fixture
def logged_in(connection: Connection, ann: int) -> Authorization:
    return authorizations.log_in(connection, Credentials(ann, HASH))


def families(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(TokenFamily)) or 0


class TestLogIn:
    def test_both_tokens_are_of_one_family(self, logged_in: Authorization, ann: int) -> None:
        access, refresh = access_claims(logged_in), claims(logged_in)

        assert access.family == refresh.family
        assert access.token_id != refresh.token_id
        assert access.user_id == refresh.user_id == str(ann)

    def test_a_password_that_was_changed_since_it_was_checked_is_refused(
        self, connection: Connection, ann: int
    ) -> None:
        with pytest.raises(WrongCredentials):
            authorizations.log_in(connection, Credentials(ann, "the hash of the old password"))

    def test_tokens_are_valid_at_once_after_all_were_revoked(self, connection: Connection, ann: int) -> None:
        for _ in range(3):
            revoked = authorizations.end_all(connection, str(ann))

            given = authorizations.log_in(connection, Credentials(ann, HASH))

            assert not revoked.covers(str(ann), access_claims(given).issued_at, given.family)
            assert isinstance(authorizations.renew(connection, claims(given)), Authorization)

    def test_expired_families_are_deleted(self, connection: Connection, logged_in: Authorization, bob: int) -> None:
        connection.execute(update(TokenFamily).values(expires_at=int(time.time()) - 1))

        authorizations.log_in(connection, Credentials(bob, HASH))

        assert families(connection) == 1


class TestRenew:
    def test_each_use_gives_another_refresh_token_of_the_family(
        self, connection: Connection, logged_in: Authorization
    ) -> None:
        first = renewed(connection, claims(logged_in), grace_seconds=-1)
        second = renewed(connection, claims(first), grace_seconds=-1)

        assert len({logged_in.token_id, first.token_id, second.token_id}) == 3
        assert {first.family, second.family} == {logged_in.family}
        assert access_claims(second).family == logged_in.family

    def test_a_token_that_was_just_replaced_gets_the_same_refresh_token(
        self, connection: Connection, logged_in: Authorization
    ) -> None:
        first = renewed(connection, claims(logged_in))
        again = renewed(connection, claims(logged_in))

        assert again.refresh_token(SECRET) == first.refresh_token(SECRET)

    def test_a_token_that_was_replaced_earlier_ends_its_family(
        self, connection: Connection, logged_in: Authorization, ann: int
    ) -> None:
        newest = renewed(connection, claims(logged_in))

        revoked = authorizations.renew(connection, claims(logged_in), grace_seconds=-1)

        assert isinstance(revoked, Revocation)
        assert revoked.covers(str(ann), claims(newest).issued_at, newest.family)
        with pytest.raises(TokenRevoked):
            authorizations.renew(connection, claims(newest))

    def test_a_token_that_was_replaced_twice_has_no_grace(
        self, connection: Connection, logged_in: Authorization
    ) -> None:
        renewed(connection, claims(renewed(connection, claims(logged_in))))

        assert isinstance(authorizations.renew(connection, claims(logged_in)), Revocation)

    def test_a_token_minted_elsewhere_is_as_good_as_our_own_and_is_used_once(
        self, connection: Connection, ann: int
    ) -> None:
        theirs = minted_elsewhere(ann)

        ours = renewed(connection, theirs)

        assert ours.family == theirs.family
        assert isinstance(authorizations.renew(connection, theirs, grace_seconds=-1), Revocation)

    def test_families_of_two_users_may_have_the_same_name(self, connection: Connection, ann: int, bob: int) -> None:
        for user_id in (ann, bob):
            assert renewed(connection, minted_elsewhere(user_id)).user_id == user_id

    def test_a_token_is_valid_whose_renewal_the_database_has_lost(
        self, connection: Connection, logged_in: Authorization
    ) -> None:
        later = replace(logged_in, token_id=tokens.new_id(), issued_at=logged_in.issued_at + 7200)

        assert renewed(connection, claims(later)).family == logged_in.family

    def test_clocks_that_differ_do_not_hide_that_a_token_was_replaced(self, connection: Connection, ann: int) -> None:
        ahead = minted_elsewhere(ann, issued_at=int(time.time()) + 600)
        ours = renewed(connection, ahead)

        assert access_claims(ours).issued_at <= time.time() + 1
        assert isinstance(authorizations.renew(connection, ahead, grace_seconds=-1), Revocation)

    def test_a_closed_account_gets_no_tokens(self, connection: Connection, logged_in: Authorization, ann: int) -> None:
        connection.execute(update(User).where(User.id == ann).values(status=CLOSED))

        with pytest.raises(UnknownCaller):
            authorizations.renew(connection, claims(logged_in))


class TestEnd:
    def test_one_family_ends_and_others_stay(self, connection: Connection, logged_in: Authorization, ann: int) -> None:
        other = authorizations.log_in(connection, Credentials(ann, HASH))

        revoked = authorizations.end(connection, str(ann), logged_in.family)

        assert revoked.covers(str(ann), claims(logged_in).issued_at, logged_in.family)
        with pytest.raises(TokenRevoked):
            authorizations.renew(connection, claims(logged_in))
        assert renewed(connection, claims(other)).family == other.family

    def test_all_tokens_end_also_those_of_a_clock_that_is_ahead(self, connection: Connection, ann: int) -> None:
        ahead = minted_elsewhere(ann, issued_at=int(time.time()) + 600)
        ours = renewed(connection, ahead)

        authorizations.end_all(connection, str(ann))

        assert families(connection) == 0
        assert all(
            each.covers(str(ann), claims(ours).issued_at, ours.family)
            for each in revocations.of_user(connection, str(ann))
        )

    def test_the_family_of_the_caller_is_spared(
        self, connection: Connection, logged_in: Authorization, ann: int
    ) -> None:
        other = authorizations.log_in(connection, Credentials(ann, HASH))

        authorizations.end_all(connection, str(ann), shown=access_claims(logged_in), is_spared=True)

        assert renewed(connection, claims(logged_in)).family == logged_in.family
        with pytest.raises(TokenRevoked):
            authorizations.renew(connection, claims(other))

    def test_tokens_of_a_user_who_has_no_account_end_too(self, connection: Connection) -> None:
        assert authorizations.end_all(connection, "999").covers("999", 1, "any")
