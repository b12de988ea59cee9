"""What a client brings when it connects."""

from urllib.parse import urlencode

import pytest

from app import tokens
from im.notify import Greeting, read_greeting

SECRET = "s" * 32


def greet(auth: object = None, **query: str) -> Greeting:
    return read_greeting({"QUERY_STRING": urlencode(query)}, auth, SECRET)


@pytest.fixture
def token() -> str:
    return tokens.sign(SECRET, user_id=7)


class TestReadGreeting:
    def test_the_token_may_come_in_the_query(self, token: str) -> None:
        assert greet(token=token, last_offset="5-0") == Greeting(7, "5-0")

    def test_the_token_may_come_in_the_auth_object(self, token: str) -> None:
        assert greet({"token": token, "last_offset": "5-0"}) == Greeting(7, "5-0")

    def test_the_auth_object_stands_before_the_query(self, token: str) -> None:
        assert greet({"token": token}, token="nonsense").user_id == 7

    @pytest.mark.parametrize("auth", [None, {}, "token", 5, [], {"token": None}])
    def test_without_a_token_the_client_is_anonymous(self, auth: object) -> None:
        assert greet(auth) == Greeting(None, None)

    @pytest.mark.parametrize("bad", ["", "nonsense", 5, True, [], {}])
    def test_a_token_that_is_none_is_refused(self, bad: object) -> None:
        with pytest.raises(tokens.InvalidToken):
            greet({"token": bad})

    def test_a_refresh_token_is_refused(self) -> None:
        with pytest.raises(tokens.InvalidToken):
            greet({"token": tokens.sign(SECRET, user_id=7, refresh=True)})

    @pytest.mark.parametrize("offset", [5, {}, True, "", "no offset"])
    def test_an_offset_that_is_none_counts_as_an_unknown_one(self, token: str, offset: object) -> None:
        assert greet({"token": token, "last_offset": offset}).last_offset == str(offset)
