"""What a client brings when it connects."""

from urllib.parse import urlencode

import pytest

from app import tokens
from im.notify import Greeting, read_greeting

SECRET = "s" * 32


def greet(auth: object = None, *, header: str = "", **query: str) -> Greeting:
    return read_greeting({"QUERY_STRING": urlencode(query), "HTTP_AUTHORIZATION": header}, auth, SECRET)


def reason(auth: object = None, **brought: str) -> str | None:
    """Why a client is anonymous."""
    greeting = greet(auth, **brought)
    assert greeting.user_id is None
    return greeting.complaint["reason"] if greeting.complaint else None


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

    def test_the_token_may_come_in_a_header(self, token: str) -> None:
        assert greet({"last_offset": "5-0"}, header=f"Bearer {token}") == Greeting(7, "5-0")

    def test_the_header_comes_last(self, token: str) -> None:
        assert greet(header="Bearer nonsense", token=token).user_id == 7

    @pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", " Bearer  "])
    def test_bearer_before_the_token_is_passed_over(self, token: str, scheme: str) -> None:
        assert greet({"token": scheme + token}).user_id == 7
        assert greet(token=scheme + token).user_id == 7

    @pytest.mark.parametrize("nothing", [None, "", "undefined", "null", "Bearer", "Bearer undefined"])
    def test_a_place_that_holds_nothing_gives_way_to_the_next(self, token: str, nothing: str | None) -> None:
        assert greet({"token": nothing}, token=token).user_id == 7

    @pytest.mark.parametrize("auth", [None, {}, "token", 5, [], {"last_offset": "0-0"}])
    def test_without_a_token_the_client_is_anonymous(self, auth: object) -> None:
        assert greet(auth) == Greeting(None, None)

    @pytest.mark.parametrize("nothing", ["", " ", "undefined", "null", "None", "Bearer", "Bearer null"])
    def test_a_client_whose_token_holds_nothing_is_told(self, nothing: str) -> None:
        assert reason({"token": nothing}) == reason(token=nothing) == "token_empty"

    def test_a_client_whose_token_is_null_is_told(self) -> None:
        assert reason({"token": None}) == "token_empty"

    @pytest.mark.parametrize("name", ["access_token", "accessToken", "jwt", "bearer", "authorization", "Authorization"])
    def test_a_client_that_gives_its_token_by_another_name_is_told(self, token: str, name: str) -> None:
        assert reason({name: token}) == reason(**{name: token}) == "token_misnamed"

    def test_the_password_of_a_proxy_is_no_token(self) -> None:
        assert greet(header="Basic YWRtaW46c2VjcmV0") == Greeting(None, None)

    @pytest.mark.parametrize("bad", ["nonsense", "Bearer nonsense", "Basic x", 5, True, [], {}])
    def test_a_token_that_is_none_is_refused(self, bad: object) -> None:
        with pytest.raises(tokens.InvalidToken):
            greet({"token": bad})

    def test_a_refresh_token_is_refused(self) -> None:
        with pytest.raises(tokens.InvalidToken):
            greet({"token": tokens.sign(SECRET, user_id=7, refresh=True)})

    @pytest.mark.parametrize("offset", [5, {}, True, "", "no offset"])
    def test_an_offset_that_is_none_counts_as_an_unknown_one(self, token: str, offset: object) -> None:
        assert greet({"token": token, "last_offset": offset}).last_offset == str(offset)
