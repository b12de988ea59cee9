"""What other services tell users, over HTTP."""

from collections.abc import Callable
from typing import Any

from flask import g
from flask_smorest import abort
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf, Regexp
from sqlalchemy import Connection

from app.api import bodies
from app.api.auth import service_key_required
from app.api.blueprint import Blueprint
from app.api.fields import Answer, Body, Id, Map, Query, Text, Time, UserId
from app.api.state import state
from core import delivery_states, events, idempotent_calls, inserts, outbox, payloads, withdrawals
from core.cache import RedisError
from core.failpoints import failpoint
from core.presence import is_online
from core.user_ids import LARGEST_ID, as_json

bp = Blueprint(
    "services", __name__, url_prefix="/v1_0/notifications", description="For other services, which have a key"
)

LARGEST_BODY = 256 * 1024  # bytes
_MOST_RECIPIENTS = 1000
_LONGEST_KEY = 255
_REPLAYED = {"Idempotent-Replayed": "true"}


class RepeatHeaders(Schema):
    class Meta:
        unknown = EXCLUDE

    key = fields.String(
        data_key="Idempotency-Key",
        load_default=None,
        validate=[Length(1, _LONGEST_KEY), Regexp(r"^[ -~]*$", error="Should have printable ASCII characters only.")],
        metadata={"description": "the same key and body get the same answer for 24 hours, and do nothing again"},
    )


class NotificationBody(Body):
    event = Text(1, 64, required=True)
    to = fields.List(UserId(), required=True, validate=Length(1, _MOST_RECIPIENTS))
    actor = UserId(load_default=None, allow_none=True)
    data = Map(load_default=None, allow_none=True)
    key = Text(
        1,
        _LONGEST_KEY,
        load_default=None,
        allow_none=True,
        metadata={"description": "a user is told once of an event with this key"},
    )

    @validates_schema
    def _is_declared(self, body: dict[str, Any], **_options: object) -> None:
        try:
            body["data"] = events.validate(body["event"], body["data"] or {})
        except payloads.UnknownEvent:
            raise ValidationError("There is no event of this name.", "event") from None
        except payloads.InvalidData as error:
            by_field = {field: [why] for field, why in error.fields.items()}
            raise ValidationError(by_field or f"{error}.", "data") from None


class StateAnswer(Answer):
    id = Id()
    event = fields.String()
    to = UserId()
    state = fields.String(validate=OneOf(delivery_states.STATES))
    reason = fields.String(allow_none=True, metadata={"description": "why the last attempt failed"})
    offset = fields.String(allow_none=True, metadata={"description": "the position in the history of its user"})
    created_at = Time()
    dispatched_at = Time(allow_none=True)
    seen_at = Time(allow_none=True)
    read_at = Time(allow_none=True)


class KeyQuery(Query):
    event = Text(1, 64, required=True)
    to = UserId(required=True)
    key = Text(1, _LONGEST_KEY, required=True)


class IdsAnswer(Answer):
    ids = fields.List(
        Id(), metadata={"description": "of the notifications, one for each element of `to`, in its order"}
    )


@bp.post("")
@service_key_required
@bodies.up_to(LARGEST_BODY)
@bp.arguments(RepeatHeaders, location="headers")
@bp.arguments(NotificationBody)
@bp.response(202, IdsAnswer)
@bp.raises(idempotent_calls.StillRunning, idempotent_calls.OtherBody)
def notify(headers: dict[str, Any], body: dict[str, Any]) -> tuple[Any, dict[str, str]]:
    """Notify users of an event.

    It is done when the answer is there: the notifications are stored and will be pushed. A user who is named twice in
    `to` gets one notification, and its id is twice in the answer. With a `key`, a user is told once of this event and
    key: the id of the first notification is returned again. The same key with other data or another actor is refused.
    """
    with state.database.transaction() as connection:

        def act() -> dict[str, list[int]]:
            ids = inserts.insert_many(
                connection,
                body["event"],
                recipient_ids=body["to"],
                actor_id=body["actor"],
                data=body["data"],
                key=body["key"],
            )
            return {"ids": [ids[user_id] for user_id in body["to"]]}

        try:
            answer, is_repeat = _once(connection, headers["key"], body, act)
        except inserts.KeyReused as error:
            abort(422, messages={"json": {"key": [f"{error}."]}})
    failpoint("after commit", state.settings)
    state.tasks.dispatch()
    return answer, _REPLAYED if is_repeat else {}


@bp.get("/<int:notification_id>")
@service_key_required
@bp.response(200, StateAnswer)
@bp.raises(outbox.UnknownNotification)
def find(notification_id: int) -> dict[str, Any]:
    """Say where a notification is.

    `waiting`: not pushed yet, with the reason if an attempt has failed. `pushed`: its user has seen it, or is online.
    `offline`: it is in the history of a user who has no open socket now. `not_sent`: it was held back, with the reason.
    `dead`: given up, until an operator decides. `offset` is null where the history does not have it, or no longer.
    """
    if not 0 < notification_id <= LARGEST_ID:
        raise outbox.UnknownNotification
    with state.database.reading() as connection:
        row = outbox.find(connection, notification_id)
    if row is None:
        raise outbox.UnknownNotification
    return {
        "id": row.id,
        "event": row.event,
        "to": as_json(row.recipient_id),
        "state": delivery_states.state_of(row, is_online=is_online(state.redis, row.recipient_id, state.keys)),
        "reason": row.not_sent or row.failure_reason,
        "offset": _offset(row),
        "created_at": row.created_at,
        "dispatched_at": row.dispatched_at,
        "seen_at": row.seen_at,
        "read_at": row.read_at,
    }


def _offset(row: Any) -> str | None:
    try:
        return state.history.offset_of(row.id, row.recipient_id, row.created_at)
    except RedisError:
        return None


@bp.delete("/<int:notification_id>")
@service_key_required
@bp.response(204)
@bp.raises(outbox.UnknownNotification)
def withdraw(notification_id: int) -> None:
    """Withdraw a notification.

    It leaves the user's inbox and unread count, and open clients are told to remove it. To withdraw it again has no
    effect.
    """
    if notification_id > LARGEST_ID:
        raise outbox.UnknownNotification
    _withdraw(lambda connection: withdrawals.withdraw(connection, notification_id))


@bp.delete("")
@service_key_required
@bp.arguments(KeyQuery, location="query")
@bp.response(204)
@bp.raises(outbox.UnknownNotification)
def withdraw_key(query: dict[str, str]) -> None:
    """Withdraw the notification that a user has of an event and a key."""
    named = {"event": query["event"], "recipient_id": query["to"], "key": query["key"]}
    _withdraw(lambda connection: withdrawals.withdraw_key(connection, **named))


def _withdraw(act: Callable[[Connection], None]) -> None:
    with state.database.transaction() as connection:
        act(connection)
    failpoint("after commit", state.settings)
    state.tasks.dispatch()


def _once(connection: Any, key: str | None, body: dict[str, Any], act: Any) -> tuple[Any, bool]:
    if key is None:
        return act(), False
    return idempotent_calls.once(connection, idempotent_calls.Call(g.service, key, body), act)
