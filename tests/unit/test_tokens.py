"""Only whole HS256 tokens of our own secret and of the asked kind are good."""

import hmac
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import tokens

SECRET = "s" * 64
SOON = 4_000_000_000


def minted(*, secret: Any = SECRET, algorithm: str = "HS256", without: str = "", **changes: object) -> str:
    """A token that another service made, good but for the changes."""
    now = int(time.time())
    claims = {"user_id": 7, "refresh": False, "iat": now, "exp": now + 60, "jti": "a", **changes}
    claims.pop(without, None)
    return jwt.encode(claims, secret, algorithm=algorithm)


def assert_is_refused(token: str, *, refresh: bool = False) -> None:
    with pytest.raises(tokens.InvalidToken) as raised:
        tokens.verify(SECRET, token, refresh=refresh)
    assert raised.value.code == "token_invalid"


class TestGood:
    @given(user_id=st.integers(1, tokens.LARGEST_ID), refresh=st.booleans())
    def test_what_was_signed_is_verified(self, user_id: int, refresh: bool) -> None:
        claims = tokens.verify(SECRET, tokens.sign(SECRET, user_id=user_id, refresh=refresh), refresh=refresh)

        assert claims.user_id == user_id
        assert claims.expires_at - claims.issued_at == (14 * 24 * 3600 if refresh else 2 * 3600)
        assert abs(claims.issued_at - time.time()) < 60

    def test_a_token_minted_elsewhere_is_as_good_as_ours(self) -> None:
        assert tokens.verify(SECRET, minted(user_id=5)).user_id == 5

    def test_one_that_a_machine_made_whose_clock_is_a_little_ahead(self) -> None:
        assert tokens.verify(SECRET, minted(iat=int(time.time()) + 10)).user_id == 7

    def test_one_that_a_machine_made_whose_clock_is_far_ahead_and_it_says_so(self) -> None:
        ahead = minted(iat=int(time.time()) + 3600, exp=int(time.time()) + 3 * 3600)

        assert 3590 < tokens.verify(SECRET, ahead).ahead_seconds <= 3600
        assert tokens.verify(SECRET, minted(iat=int(time.time()) + 10)).ahead_seconds == 0

    def test_one_that_is_to_begin_within_the_leeway(self) -> None:
        assert tokens.verify(SECRET, minted(iat=0, nbf=int(time.time()) + 10)).user_id == 7

    def test_no_two_tokens_are_the_same(self) -> None:
        assert tokens.sign(SECRET, user_id=7) != tokens.sign(SECRET, user_id=7)


class TestRefused:
    def test_a_refresh_token_where_access_is_asked_for_and_the_other_way_round(self) -> None:
        assert_is_refused(tokens.sign(SECRET, user_id=7, refresh=True))
        assert_is_refused(tokens.sign(SECRET, user_id=7), refresh=True)

    def test_an_expired_one_is_told_apart(self) -> None:
        with pytest.raises(tokens.ExpiredToken) as raised:
            tokens.verify(SECRET, minted(exp=int(time.time()) - 1))
        assert raised.value.code == "token_expired"

    def test_an_expired_one_of_another_secret_is_just_invalid(self) -> None:
        assert_is_refused(minted(secret="o" * 64, exp=1))

    @pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
    def test_another_algorithm_with_our_secret(self, algorithm: str) -> None:
        assert_is_refused(minted(algorithm=algorithm))

    def test_no_signature_at_all(self) -> None:
        assert_is_refused(minted(secret=None, algorithm="none"))

    @pytest.mark.parametrize("algorithm", ["RS256", "ES256", "none", "HS384"])
    def test_a_header_that_names_another_algorithm_than_it_was_signed_with(self, algorithm: str) -> None:
        header = jwt.utils.base64url_encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
        signed = header + b"." + minted().split(".")[1].encode()
        signature = jwt.utils.base64url_encode(hmac.digest(SECRET.encode(), signed, "sha256"))

        assert_is_refused((signed + b"." + signature).decode())

    @pytest.mark.parametrize("claim", ["user_id", "refresh", "iat", "exp", "jti"])
    def test_one_that_lacks_a_claim(self, claim: str) -> None:
        assert_is_refused(minted(without=claim))

    @pytest.mark.parametrize("user_id", [True, 7.0, 0, -1, 2**53, "7", [7], {}])
    def test_a_user_id_that_is_none(self, user_id: object) -> None:
        assert_is_refused(minted(user_id=user_id))

    @pytest.mark.parametrize("refresh", [0, 1, "", "false", []])
    def test_a_kind_that_is_not_told_by_true_or_false(self, refresh: object) -> None:
        assert_is_refused(minted(refresh=refresh))
        assert_is_refused(minted(refresh=refresh), refresh=True)

    @pytest.mark.parametrize("changes", [{"iat": SOON}, {"iat": "now"}, {"jti": 5}, {"exp": "soon"}])
    def test_a_senseless_time_or_name(self, changes: dict[str, object]) -> None:
        assert_is_refused(minted(**changes))

    @pytest.mark.parametrize("claim", ["iat", "exp"])
    @pytest.mark.parametrize("value", [[1], {"a": 1}, "4000000000", float("inf"), float("nan")])
    def test_a_time_that_is_no_number_of_seconds(self, claim: str, value: object) -> None:
        assert_is_refused(minted(**{claim: value}))

    @pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "\0", "ä", "\ud800", "x" * 100_000])
    def test_what_is_no_token(self, token: str) -> None:
        assert_is_refused(token)

    @given(st.text())
    def test_any_other_text(self, text: str) -> None:
        assert_is_refused(text)
