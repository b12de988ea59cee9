"""Tokens of the package are accepted by the server."""

import time
import uuid

import jwt
import pytest

from core import tokens
from core.foreign_tokens import ForeignRules
from core.provider_keys import FixedKeys
from core.public_keys import of
from core.token_verifier import TokenVerifier
from core.tokens import ANYBODY
from tests.token_keys import key_of
from toutiao_push import InvalidRecipient, mint_token

SECRET = uuid.uuid4().hex


def test_the_server_accepts_a_token_with_an_integer() -> None:
    claims = tokens.verify([SECRET], mint_token("7", SECRET))

    assert (claims.user_id, claims.expires_at - claims.issued_at) == ("7", 2 * 3600)


def test_another_claim_holds_the_id_as_text() -> None:
    user_id = uuid.uuid4()
    token = mint_token(user_id, SECRET, user_claim="sub", seconds=60, issuer="host", audience="push", key_id="k1")

    claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="push", issuer="host")
    assert claims["sub"] == str(user_id)
    assert claims["exp"] - claims["iat"] == 60
    assert abs(claims["iat"] - time.time()) < 30
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT", "kid": "k1"}


@pytest.mark.parametrize("kind", ["RSA", "EC", "OKP"])
def test_the_server_accepts_a_token_of_a_private_key(kind: str) -> None:
    key = key_of(kind)
    rules = ForeignRules("sub", ANYBODY, leeway_seconds=30)
    server = TokenVerifier((), FixedKeys([of(key.public)]), rules, has_own=False)

    token = mint_token("ann", key.private_pem, algorithm=key.algorithm, user_claim="sub")

    assert server.verify(token).user_id == "ann"


@pytest.mark.parametrize("user_id", [7, "ann"])
def test_the_server_accepts_a_token_of_the_secret_under_another_claim(user_id: int | str) -> None:
    server = TokenVerifier([SECRET], None, ForeignRules("sub", ANYBODY, leeway_seconds=30), has_own=False)

    assert server.verify(mint_token(user_id, SECRET, user_claim="sub")).user_id == str(user_id)


def test_no_two_tokens_are_the_same() -> None:
    assert mint_token(7, SECRET) != mint_token(7, SECRET)


@pytest.mark.parametrize("user_id", ["ann", "07", "0", str(2**53)])
def test_a_text_needs_another_claim(user_id: str) -> None:
    with pytest.raises(ValueError, match="JWT_USER_CLAIM"):
        mint_token(user_id, SECRET)


def test_what_is_no_id_is_refused() -> None:
    with pytest.raises(InvalidRecipient):
        mint_token("", SECRET, user_claim="sub")
