"""Tokens with another algorithm, key, header or claim than the server's own are refused, and cause no other error."""

import json

import pytest

from core import tokens
from tests.forged_tokens import FOREIGN, MISTAKEN, USER_ID, Forge, claims, encode

_SECRET = "0123456789abcdef" * 4


def verify(token: str, *, refresh: bool = False) -> str:
    """Return the user of a valid token; raise tokens.InvalidToken."""
    return tokens.verify([_SECRET], token, refresh=refresh).user_id


def test_valid_token_that_is_made_in_the_same_way_is_accepted() -> None:
    assert verify(encode(_SECRET, json.dumps(claims()))) == str(USER_ID)


@pytest.mark.parametrize("forge", FOREIGN.values(), ids=FOREIGN)
def test_forged_token_is_refused(forge: Forge) -> None:
    for refresh in (False, True):
        with pytest.raises(tokens.InvalidToken):
            verify(forge(_SECRET), refresh=refresh)


@pytest.mark.parametrize("forge", MISTAKEN.values(), ids=MISTAKEN)
def test_token_that_is_signed_by_mistake_is_refused(forge: Forge) -> None:
    with pytest.raises(tokens.InvalidToken):
        verify(forge(_SECRET))


def test_refresh_token_is_no_access_token_and_the_reverse() -> None:
    access, renewal = (encode(_SECRET, json.dumps(claims(refresh=refresh))) for refresh in (False, True))

    assert verify(renewal, refresh=True) == str(USER_ID)
    with pytest.raises(tokens.InvalidToken):
        verify(renewal)
    with pytest.raises(tokens.InvalidToken):
        verify(access, refresh=True)


def test_last_of_two_equal_claims_counts() -> None:
    """RFC 7519, section 4, allows this. All servers share the code, so no two of them read a different user."""
    assert verify(encode(_SECRET, '{"user_id":8,' + json.dumps(claims())[1:])) == str(USER_ID)
