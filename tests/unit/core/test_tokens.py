"""Only complete HS256 tokens of our secret and of the expected kind are accepted."""

import hmac
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import tokens, user_ids

SECRET = "s" * 64
SOON = 4_000_000_000


def minted(*, secret: Any = SECRET, algorithm: str = "HS256", without: str = "", **changes: object) -> str:
    """A token of another service that is valid except for the changes."""
    now = int(time.time())
    claims = {"user_id": 7, "refresh": False, "iat": now, "exp": now + 60, "jti": "a", **changes}
    claims.pop(without, None)
    return jwt.encode(claims, secret, algorithm=algorithm)


def assert_is_refused(token: str, *, refresh: bool = False) -> None:
    with pytest.raises(tokens.InvalidToken) as raised:
        tokens.verify((SECRET,), token, refresh=refresh)
    assert raised.value.code == "token_invalid"


class TestAccepted:
    @given(user_id=st.integers(1, user_ids.LARGEST_ID), refresh=st.booleans())
    def test_signed_token_is_verified(self, user_id: int, refresh: bool) -> None:
        claims = tokens.verify((SECRET,), tokens.sign(SECRET, user_id=user_id, refresh=refresh), refresh=refresh)

        assert claims.user_id == str(user_id)
        assert claims.expires_at - claims.issued_at == (14 * 24 * 3600 if refresh else 2 * 3600)
        assert abs(claims.issued_at - time.time()) < 60

    def test_token_of_another_issuer_with_our_secret_is_accepted(self) -> None:
        assert tokens.verify((SECRET,), minted(user_id=5)).user_id == "5"

    def test_token_issued_slightly_in_the_future_is_accepted(self) -> None:
        assert tokens.verify((SECRET,), minted(iat=int(time.time()) + 10)).user_id == "7"

    def test_token_issued_far_in_the_future_is_accepted_and_reported(self) -> None:
        ahead = minted(iat=int(time.time()) + 3600, exp=int(time.time()) + 3 * 3600)

        assert 3590 < tokens.verify((SECRET,), ahead).ahead_seconds <= 3600
        assert tokens.verify((SECRET,), minted(iat=int(time.time()) + 10)).ahead_seconds == 0

    def test_token_of_an_earlier_secret_is_accepted(self) -> None:
        assert tokens.verify(("n" * 64, SECRET), minted()).user_id == "7"

    def test_tokens_of_one_family_have_its_name(self) -> None:
        first, second = (tokens.verify((SECRET,), tokens.sign(SECRET, user_id=7, family="f")) for _ in range(2))

        assert (first.family, second.family) == ("f", "f")
        assert first.token_id != second.token_id

    def test_token_without_a_family_has_its_own_id_as_family(self) -> None:
        assert tokens.verify((SECRET,), minted(jti="a")).family == "a"

    @pytest.mark.parametrize("jti", ["", "x" * 65, "a\0b", "\u9879", "\ud800"])
    def test_id_that_can_not_be_stored_has_a_short_name(self, jti: str) -> None:
        claims = tokens.verify((SECRET,), minted(jti=jti))

        assert len(claims.family) == tokens.LONGEST_FAMILY
        assert claims.family.isascii()

    def test_token_is_valid_for_as_long_as_a_revocation_is_remembered(self) -> None:
        day = 24 * 3600
        now = int(time.time())

        claims = tokens.verify((SECRET,), minted(iat=now - 13 * day, exp=now + 365 * day))

        assert claims.expires_at == now + day
        with pytest.raises(tokens.ExpiredToken):
            tokens.verify((SECRET,), minted(iat=now - 15 * day, exp=now + 365 * day))

    def test_token_that_begins_within_the_leeway_is_accepted(self) -> None:
        assert tokens.verify((SECRET,), minted(nbf=int(time.time()) + 10)).user_id == "7"

    def test_two_tokens_are_never_equal(self) -> None:
        assert tokens.sign(SECRET, user_id=7) != tokens.sign(SECRET, user_id=7)


class TestRefused:
    def test_token_of_the_other_kind_is_refused(self) -> None:
        assert_is_refused(tokens.sign(SECRET, user_id=7, refresh=True))
        assert_is_refused(tokens.sign(SECRET, user_id=7), refresh=True)

    def test_expired_token_is_reported_as_expired(self) -> None:
        with pytest.raises(tokens.ExpiredToken) as raised:
            tokens.verify((SECRET,), minted(exp=int(time.time()) - 1))
        assert raised.value.code == "token_expired"

    def test_expired_token_of_another_secret_is_invalid(self) -> None:
        assert_is_refused(minted(secret="o" * 64, exp=1))

    @pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
    def test_token_of_another_algorithm_is_refused(self, algorithm: str) -> None:
        assert_is_refused(minted(algorithm=algorithm))

    def test_token_without_a_signature_is_refused(self) -> None:
        assert_is_refused(minted(secret=None, algorithm="none"))

    @pytest.mark.parametrize("algorithm", ["RS256", "ES256", "none", "HS384"])
    def test_token_with_a_false_algorithm_header_is_refused(self, algorithm: str) -> None:
        header = jwt.utils.base64url_encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
        signed = header + b"." + minted().split(".")[1].encode()
        signature = jwt.utils.base64url_encode(hmac.digest(SECRET.encode(), signed, "sha256"))

        assert_is_refused((signed + b"." + signature).decode())

    @pytest.mark.parametrize("claim", ["user_id", "refresh", "iat", "exp", "jti"])
    def test_token_without_a_required_claim_is_refused(self, claim: str) -> None:
        assert_is_refused(minted(without=claim))

    @pytest.mark.parametrize("user_id", [True, 7.0, 0, -1, 2**53, "7", [7], {}])
    def test_token_with_an_invalid_user_id_is_refused(self, user_id: object) -> None:
        assert_is_refused(minted(user_id=user_id))

    @pytest.mark.parametrize("refresh", [0, 1, "", "false", []])
    def test_token_with_a_kind_that_is_no_boolean_is_refused(self, refresh: object) -> None:
        assert_is_refused(minted(refresh=refresh))
        assert_is_refused(minted(refresh=refresh), refresh=True)

    @pytest.mark.parametrize("changes", [{"iat": SOON}, {"iat": "now"}, {"jti": 5}, {"exp": "soon"}])
    def test_token_with_an_invalid_claim_is_refused(self, changes: dict[str, object]) -> None:
        assert_is_refused(minted(**changes))

    @pytest.mark.parametrize("claim", ["iat", "exp"])
    @pytest.mark.parametrize("value", [[1], {"a": 1}, "4000000000", float("inf"), float("nan")])
    def test_token_with_a_time_that_is_no_number_is_refused(self, claim: str, value: object) -> None:
        assert_is_refused(minted(**{claim: value}))

    @pytest.mark.parametrize("claim", ["iat", "exp"])
    @pytest.mark.parametrize("value", [10**400, -(10**400), 1e300], ids=["huge", "less than any", "a huge float"])
    def test_token_with_a_time_that_no_calendar_has_is_refused(self, claim: str, value: float) -> None:
        assert_is_refused(minted(**{claim: value}))

    @pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "\0", "ä", "\ud800", "x" * 100_000])
    def test_malformed_token_is_refused(self, token: str) -> None:
        assert_is_refused(token)

    @given(st.text())
    def test_random_text_is_refused(self, text: str) -> None:
        assert_is_refused(text)
