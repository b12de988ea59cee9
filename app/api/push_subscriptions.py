"""The devices of the caller that get notifications by Web Push, over HTTP."""

import re
from typing import Any

from flask import g, request
from flask_smorest import abort
from marshmallow import ValidationError, fields
from marshmallow.validate import Length, Regexp

from app.api.auth import login_required
from app.api.blueprint import Blueprint
from app.api.devices import name_device
from app.api.fields import Answer, Body, Id, Text, Time
from app.api.push_endpoints import WebPushOff
from app.api.state import state
from core import push_endpoints, push_subscriptions, texts, vapid, web_push_encryption
from core.push_subscriptions import LONGEST_DEVICE, Device

bp = Blueprint("push_subscriptions", __name__, url_prefix="/v1_0", description="Web Push")

_LONGEST_LANGUAGE = 35
_LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"
_LARGEST_ID = 2**63 - 1  # the largest id of a database


def _is_device_key(text: str) -> None:
    try:
        web_push_encryption.read_device_key(vapid.decode(text))
    except ValueError as error:  # InvalidDeviceKey is one
        raise ValidationError(f"It {error}.") from None


def _is_secret(text: str) -> None:
    try:
        length = len(vapid.decode(text))
    except ValueError as error:
        raise ValidationError(f"It {error}.") from None
    if length != web_push_encryption.AUTH_BYTES:
        raise ValidationError(f"It should have {web_push_encryption.AUTH_BYTES} bytes.")


class KeysBody(Body):
    p256dh = fields.String(
        required=True,
        validate=[Length(87, 88), _is_device_key],
        metadata={"description": "the public key of the device, in base64url"},
    )
    auth = fields.String(
        required=True,
        validate=[Length(22, 24), _is_secret],
        metadata={"description": "the secret of the subscription, in base64url"},
    )


class SubscriptionBody(Body):
    """What `PushSubscription.toJSON()` gives in a browser, and a language."""

    endpoint = Text(1, push_endpoints.LONGEST, required=True)
    expiration_time = fields.Float(data_key="expirationTime", load_default=None, allow_none=True)
    keys = fields.Nested(KeysBody, required=True)
    language = fields.String(
        validate=[Length(2, _LONGEST_LANGUAGE), Regexp(_LANGUAGE, error="Should be a language such as zh-CN.")],
        metadata={"description": "of the texts, such as `zh-CN`; without it the first of Accept-Language"},
    )


class PushKeyAnswer(Answer):
    key = fields.String(metadata={"description": "what browsers call `applicationServerKey`, in base64url"})


class SubscriptionAnswer(Answer):
    id = Id()
    device = fields.String(metadata={"description": "such as `Chrome on Android`; empty if it is unknown"})
    language = fields.String()
    created_at = Time()


class SubscriptionsAnswer(Answer):
    results = fields.List(fields.Nested(SubscriptionAnswer))


@bp.get("/push-key")
@bp.response(200, PushKeyAnswer)
@bp.raises(WebPushOff)
def get_push_key() -> dict[str, str]:
    """Get the public key that a browser subscribes with. 404: Web Push is off here."""
    if state.vapid is None:
        raise WebPushOff
    return {"key": state.vapid.public_key}


@bp.post("/user/push-subscriptions")
@login_required
@bp.arguments(SubscriptionBody)
@bp.response(201, SubscriptionAnswer)
@bp.raises(WebPushOff)
def subscribe(body: dict[str, Any]) -> dict[str, Any]:
    """Let a device get your notifications by Web Push, or renew that.

    The endpoint has to be https and in the internet. You can have 20 devices: one more ends the one that was not
    renewed for longest. A subscription ends with the log-in that it comes from.
    """
    if state.vapid is None:
        raise WebPushOff
    try:
        state.endpoint_check.check(body["endpoint"])
    except push_endpoints.InvalidEndpoint as error:
        abort(422, messages={"json": {"endpoint": [f"It {error}."]}})
    device = Device(
        endpoint=body["endpoint"],
        **body["keys"],
        language=body.get("language") or _accepted_language(),
        device=request.headers.get("User-Agent", "")[:LONGEST_DEVICE],
        family=g.claims.family,
    )
    with state.database.transaction() as connection:
        return _answer(push_subscriptions.save(connection, g.user_id, device))


@bp.get("/user/push-subscriptions")
@login_required
@bp.response(200, SubscriptionsAnswer)
def list_subscriptions() -> dict[str, Any]:
    """List your devices that get Web Push, newest first."""
    with state.database.reading() as connection:
        rows = push_subscriptions.of_user(connection, g.user_id)
    return {"results": [_answer(row) for row in rows]}


@bp.delete("/user/push-subscriptions/<int:subscription_id>")
@login_required
@bp.response(204)
def unsubscribe(subscription_id: int) -> None:
    """End the Web Push of one of your devices. It is no error if it has ended already."""
    with state.database.transaction() as connection:
        push_subscriptions.remove(connection, g.user_id, min(subscription_id, _LARGEST_ID))


def _accepted_language() -> str:
    for language in request.accept_languages.values():
        if len(language) <= _LONGEST_LANGUAGE and re.fullmatch(_LANGUAGE, language):
            return language
    return texts.DEFAULT_LANGUAGE


def _answer(row: Any) -> dict[str, Any]:
    return {"id": row.id, "device": name_device(row.device), "language": row.language, "created_at": row.created_at}
