"""A socket goes on with a new token of its user, and with no other."""

import time
from dataclasses import dataclass, field
from typing import cast

import jwt
import pytest

from core import tokens
from core.revoked_tokens import Revocation, RevokedTokens
from core.tokens import Claims
from im.delivery.expiry import Expiry
from im.delivery.presence import Presence
from im.delivery.refresh import Answer, Refresh
from im.delivery.revocations import Revocations, Unknown
from im.delivery.token_check import TokenCheck
from im.hub.timer_wheel import TimerWheel
from tests.token_keys import own_verifier
from tests.unit.im.delivery.sockets import OpenSockets

USER = "7"
SECRET = "s" * 32


@dataclass
class Listed:
    """Takes the place of presence."""

    renewed_sids: list[str] = field(default_factory=list)

    def renewed(self, _user_id: str, sid: str, _session: bytes) -> None:
        self.renewed_sids.append(sid)


class Revoked:
    """Takes the place of the revocations of a server."""

    def __init__(self) -> None:
        self.tokens = RevokedTokens()
        self.is_unknown = False

    def is_revoked(self, claims: Claims) -> bool:
        if self.is_unknown:
            raise Unknown
        return self.tokens.includes(claims.user_id, claims.issued_at, claims.family)


class Scenario(OpenSockets):
    """One socket of a user, whose token ends soon."""

    def __init__(self) -> None:
        super().__init__()
        self.revoked = Revoked()
        self.listed = Listed()
        check = TokenCheck(own_verifier(SECRET), cast("Revocations", self.revoked))
        wheel = TimerWheel(tick_seconds=1, longest_seconds=60)
        expiry = Expiry(self.sio, self.delivery, self.closer, wheel=wheel, grace_seconds=10)
        self._refresh = Refresh(check, self.delivery, cast("Presence", self.listed), expiry)
        self.cursor = self.open("a", USER, expires_at=time.time() + 5)
        self.before = self.cursor.expires_at, self.cursor.family

    def refresh(self, *args: object, sid: str = "a") -> Answer:
        return self._refresh.refresh(sid, *args)

    @property
    def is_unchanged(self) -> bool:
        return (self.cursor.expires_at, self.cursor.family) == self.before


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


def mint(**changes: object) -> str:
    now = int(time.time())
    claims = {"user_id": int(USER), "refresh": False, "iat": now, "exp": now + 3600, "jti": "new", **changes}
    return jwt.encode(claims, SECRET, algorithm="HS256")


class TestRefresh:
    def test_new_token_of_the_same_user_is_taken(self, scenario: Scenario) -> None:
        expires_at = int(time.time()) + 3600

        answer = scenario.refresh({"token": mint(exp=expires_at, family="family")})

        assert answer == {"status": "ok", "expires_at": expires_at}
        assert (scenario.cursor.expires_at, scenario.cursor.family) == (expires_at, "family")
        assert scenario.listed.renewed_sids == []

    def test_socket_with_a_token_of_another_login_is_listed_anew(self, scenario: Scenario) -> None:
        scenario.refresh({"token": mint(family="another login")})

        assert scenario.listed.renewed_sids == ["a"]

    @pytest.mark.parametrize(
        ("token", "error"),
        [
            ("nonsense", "token_invalid"),
            (5, "token_invalid"),
            (mint(refresh=True), "token_invalid"),
            (mint(exp=int(time.time()) - 1, iat=1), "token_expired"),
            (mint(user_id=int(USER) + 1), "token_of_another_user"),
        ],
    )
    def test_any_other_token_is_refused_and_changes_nothing(
        self, scenario: Scenario, token: object, error: str
    ) -> None:
        assert scenario.refresh({"token": token}) == {"error": error}
        assert scenario.is_unchanged

    @pytest.mark.parametrize("args", [(), ({},), ("token",), (None,), ({"token": "a"}, 1)])
    def test_event_of_another_shape_is_refused(self, scenario: Scenario, args: tuple[object, ...]) -> None:
        assert scenario.refresh(*args) == {"error": "token_invalid"}

    def test_revoked_token_is_refused(self, scenario: Scenario) -> None:
        now = int(time.time())
        scenario.revoked.tokens.add(Revocation(USER, created_at=now, issued_until=now + 3600))

        assert scenario.refresh({"token": mint()}) == {"error": "token_revoked"}
        assert scenario.is_unchanged

    def test_no_token_is_taken_while_it_is_unknown_what_is_revoked(self, scenario: Scenario) -> None:
        scenario.revoked.is_unknown = True

        assert scenario.refresh({"token": mint()}) == {"error": "try_later"}
        assert scenario.is_unchanged

    def test_anonymous_socket_gets_no_user(self, scenario: Scenario) -> None:
        assert scenario.refresh({"token": tokens.sign(SECRET, user_id=USER)}, sid="anonymous") == {
            "error": "token_of_another_user"
        }
