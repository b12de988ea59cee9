"""Other services disable users and end their tokens."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from core import tokens
from core.models import Revocation
from tests.unit.app.conftest import SECRET, SERVICE_KEY, Call, bearer


def set_status(client: FlaskClient, user_id: int, status: str, key: str = SERVICE_KEY) -> TestResponse:
    return client.patch(f"/v1_0/users/{user_id}", json={"status": status}, **bearer(key))


@pytest.fixture
def ann_token(ann: int) -> str:
    return tokens.sign(SECRET, user_id=ann)


class TestStatus:
    def test_a_disabled_user_has_no_valid_token_and_is_shown_to_nobody(
        self, client: FlaskClient, call: Call, ann: int, bob: int, ann_token: str
    ) -> None:
        answer = set_status(client, ann, "disabled")

        assert (answer.status_code, answer.json) == (200, {"id": ann, "status": "disabled"})
        assert client.get("/v1_0/user", **bearer(ann_token)).json == {"message": "the token is revoked"}
        assert call(bob, "GET", f"/users/{ann}").status_code == 404

    def test_an_enabled_user_is_back_and_old_tokens_are_not(
        self, client: FlaskClient, call: Call, ann: int, bob: int, ann_token: str
    ) -> None:
        set_status(client, ann, "disabled")

        assert set_status(client, ann, "active").json == {"id": ann, "status": "active"}

        assert client.get("/v1_0/user", **bearer(ann_token)).status_code == 401
        assert call(bob, "GET", f"/users/{ann}").status_code == 200

    def test_unknown_user_and_unknown_status_are_refused(self, client: FlaskClient, ann: int) -> None:
        assert set_status(client, 999, "disabled").status_code == 404
        assert set_status(client, 2**60, "disabled").status_code == 404
        assert set_status(client, ann, "gone").status_code == 422


class TestDisconnect:
    @pytest.mark.parametrize("user_id", [1, 999, 2**53 - 1])
    def test_every_token_of_the_id_ends(self, client: FlaskClient, ann: int, user_id: int) -> None:
        token = tokens.sign(SECRET, user_id=user_id)

        answer = client.post(f"/v1_0/users/{user_id}/disconnect", **bearer(SERVICE_KEY))

        assert (answer.status_code, answer.data) == (204, b"")
        assert client.get("/v1_0/user", **bearer(token)).json == {"message": "the token is revoked"}

    @pytest.mark.parametrize("user_id", ["7c0e4f2a-9d55-4a0e-8a3c-2f6f1f0f9d11", "a/b", "a:b%25", "0", "Zoë"])
    def test_ids_of_another_app_are_any_text(self, client: FlaskClient, app: Flask, user_id: str) -> None:
        answer = client.post(f"/v1_0/users/{user_id}/disconnect", **bearer(SERVICE_KEY))

        assert answer.status_code == 204
        with app.extensions["toutiao"].database.reading() as connection:
            [revoked] = connection.execute(select(Revocation.user_id)).scalars()
        assert revoked == user_id.replace("%25", "%")

    @pytest.mark.parametrize("no_id", ["a" * 65, "a%00b", "a%0Ab", "%C2%85"])
    def test_what_can_be_no_id_is_not_found(self, client: FlaskClient, no_id: str) -> None:
        assert client.post(f"/v1_0/users/{no_id}/disconnect", **bearer(SERVICE_KEY)).status_code == 404


class TestServiceKey:
    def test_without_a_key_the_call_is_unauthorized(self, client: FlaskClient, ann: int) -> None:
        assert client.post(f"/v1_0/users/{ann}/disconnect").status_code == 401
        assert set_status(client, ann, "disabled", "service_" + "a" * 43).status_code == 401

    def test_a_users_token_is_forbidden(self, client: FlaskClient, ann: int, ann_token: str) -> None:
        assert set_status(client, ann, "disabled", ann_token).status_code == 403

    def test_it_opens_no_call_of_users(self, client: FlaskClient) -> None:
        assert client.get("/v1_0/user", **bearer(SERVICE_KEY)).status_code == 401
