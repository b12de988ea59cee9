"""What a socket knows of its token, packed."""

from dataclasses import replace

import orjson

from im.delivery.login import Login
from tests.unit.im.fakes import CLIENT, claims_of


def test_login_returns_what_it_got() -> None:
    login = Login()
    claims = claims_of("7", expires_at=2000.5, family="a family")

    login.log_in(claims, CLIENT)

    assert (login.issued_at, login.expires_at, login.family) == (1000, 2000.5, "a family")
    assert orjson.loads(login.session) == [CLIENT.device, CLIENT.address, int(login.since), "a family"]


def test_renewed_login_has_the_new_token_and_is_as_old_as_before() -> None:
    login = Login()
    login.log_in(claims_of("7", family="old"), CLIENT)
    since = login.since

    login.renew(replace(claims_of("7", family="new"), expires_at=3000))

    assert (login.expires_at, login.family, login.since) == (3000, "new", since)
