"""What the server reads from a client that connects."""

from urllib.parse import urlencode

import pytest

from core import tokens
from im.delivery.connect import ConnectRequest, read_connect_request

SECRET = "s" * 32


def verify(token: str) -> tokens.Claims:
    return tokens.verify((SECRET,), token)


def read(auth: object = None, *, header: str = "", **query: str) -> ConnectRequest:
    return read_connect_request({"QUERY_STRING": urlencode(query), "HTTP_AUTHORIZATION": header}, auth, verify)


def reason(auth: object = None, **sent: str) -> str | None:
    """Why a client is anonymous."""
    request = read(auth, **sent)
    assert request.user_id is None
    return request.complaint["reason"] if request.complaint else None


@pytest.fixture
def token() -> str:
    return tokens.sign(SECRET, user_id=7)


class TestReadConnectRequest:
    def test_token_is_read_from_the_query(self, token: str) -> None:
        assert read(token=token, last_offset="5-0") == ConnectRequest("7", "5-0")

    def test_token_is_read_from_the_auth_object(self, token: str) -> None:
        assert read({"token": token, "last_offset": "5-0"}) == ConnectRequest("7", "5-0")

    def test_groups_are_asked_for_with_true_in_the_auth_object(self, token: str) -> None:
        assert read({"token": token, "groups": True}).wants_groups

    @pytest.mark.parametrize("value", [False, None, 1, "true", [True], {}])
    def test_any_other_value_asks_for_no_groups(self, token: str, value: object) -> None:
        assert not read({"token": token, "groups": value}).wants_groups

    def test_groups_are_not_asked_for_in_the_query(self, token: str) -> None:
        assert not read(token=token, groups="true").wants_groups

    def test_auth_object_has_priority_over_the_query(self, token: str) -> None:
        assert read({"token": token}, token="nonsense").user_id == "7"

    def test_token_is_read_from_the_authorization_header(self, token: str) -> None:
        assert read({"last_offset": "5-0"}, header=f"Bearer {token}") == ConnectRequest("7", "5-0")

    def test_query_has_priority_over_the_header(self, token: str) -> None:
        assert read(header="Bearer nonsense", token=token).user_id == "7"

    @pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", " Bearer  "])
    def test_bearer_before_the_token_is_ignored(self, token: str, scheme: str) -> None:
        assert read({"token": scheme + token}).user_id == "7"
        assert read(token=scheme + token).user_id == "7"

    @pytest.mark.parametrize("nothing", [None, "", "undefined", "null", "Bearer", "Bearer undefined"])
    def test_empty_token_in_the_auth_object_is_ignored_when_the_query_has_one(
        self, token: str, nothing: str | None
    ) -> None:
        assert read({"token": nothing}, token=token).user_id == "7"

    @pytest.mark.parametrize("auth", [None, {}, "token", 5, [], {"last_offset": "0-0"}])
    def test_client_without_a_token_is_anonymous(self, auth: object) -> None:
        assert read(auth) == ConnectRequest(None, None)

    @pytest.mark.parametrize("nothing", ["", " ", "undefined", "null", "None", "Bearer", "Bearer null"])
    def test_client_with_an_empty_token_gets_the_reason_token_empty(self, nothing: str) -> None:
        assert reason({"token": nothing}) == reason(token=nothing) == "token_empty"

    def test_client_with_a_null_token_gets_the_reason_token_empty(self) -> None:
        assert reason({"token": None}) == "token_empty"

    @pytest.mark.parametrize("name", ["access_token", "accessToken", "jwt", "bearer", "authorization", "Authorization"])
    def test_client_that_sends_its_token_under_another_name_gets_the_reason_token_misnamed(
        self, token: str, name: str
    ) -> None:
        assert reason({name: token}) == reason(**{name: token}) == "token_misnamed"

    def test_basic_auth_header_of_a_proxy_is_ignored(self) -> None:
        assert read(header="Basic YWRtaW46c2VjcmV0") == ConnectRequest(None, None)

    @pytest.mark.parametrize("bad", ["nonsense", "Bearer nonsense", "Basic x", 5, True, [], {}])
    def test_invalid_token_is_refused(self, bad: object) -> None:
        with pytest.raises(tokens.InvalidToken):
            read({"token": bad})

    def test_a_refresh_token_is_refused(self) -> None:
        with pytest.raises(tokens.InvalidToken):
            read({"token": tokens.sign(SECRET, user_id=7, refresh=True)})

    @pytest.mark.parametrize("offset", [5, {}, True, "", "no offset"])
    def test_invalid_offset_is_treated_as_an_unknown_offset(self, token: str, offset: object) -> None:
        assert read({"token": token, "last_offset": offset}).last_offset == str(offset)
