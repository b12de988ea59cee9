"""The AsyncAPI document: every event that a socket can get or send."""

import re
from typing import Any

from core import events, json_schemas

VERSION = "3.0.0"  # of AsyncAPI

# By name, the payload and an example of what servers send by themselves.
TO_CLIENT: dict[str, tuple[type, dict[str, Any]]] = {
    events.SYNC: (events.Sync, {"recovered": True, "offset": "1795555420581-0", "unread_count": 3}),
    events.UNREAD: (events.Unread, {"count": 3, "unseen_count": 1}),
    events.STATE: (events.State, {"ids": [392048820375552], "read_at": 1795555480}),
    events.WITHDRAWN: (events.Withdrawn, {"ids": [392048820375552], "offset": "1795555420581-0"}),
    events.MESSAGE: (events.Message, {"msg": "hello", "timestamp": 1795555420581}),
    events.TOKEN_EXPIRING: (events.TokenExpiring, {"expires_at": 1795555480}),
    events.CLOSING: (events.Closing, {"reason": "token_expired", "message": "the token has ended"}),
    events.ANONYMOUS: (events.Anonymous, {"reason": "token_empty", "message": "the token is empty"}),
}
_FROM_CLIENT: dict[str, tuple[type, dict[str, Any]]] = {
    events.MESSAGE: (events.ClientMessage, {"msg": "hi"}),
    events.REFRESH: (events.Refresh, {"token": "<an access token>"}),
}


def document(title: str, host: str) -> dict[str, Any]:
    """Return the document of the IM server at this host, from the point of view of the server: it sends to clients."""
    schemas: dict[str, Any] = {}
    sent = {_slug(event.declaration.name): _notification(event, schemas) for event in events.declared()}
    sent |= {_slug(name): _own(name, *parts) for name, parts in TO_CLIENT.items()}
    received = {f"client_{_slug(name)}": _own(name, *parts) for name, parts in _FROM_CLIENT.items()}
    return {
        "asyncapi": VERSION,
        "info": {"title": title, "version": "v1_0", "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {"im": {"host": host, "pathname": "/socket.io", "protocol": "socket.io", "protocolVersion": "5"}},
        "channels": {
            "socket": {
                "address": "/",
                "description": "The namespace of Socket.IO.",
                "messages": {slug: {"$ref": f"#/components/messages/{slug}"} for slug in (*sent, *received)},
            }
        },
        "operations": {
            **{f"send_{slug}": _operation("send", slug, message) for slug, message in sent.items()},
            **{f"receive_{slug}": _operation("receive", slug, message) for slug, message in received.items()},
        },
        "components": {"messages": {**sent, **received}, "schemas": schemas},
    }


_DESCRIPTION = (
    "Socket.IO 5 over Engine.IO 4, by websocket or polling. Give the access token as `token`, and the last offset as "
    "`last_offset`, in the auth object or in the query. A socket with `groups: true` in the auth object gets one event "
    "for all that is gathered in a group, with `group`, `count` and `actors`, instead of each plain one."
)


def _notification(event: type[events.Event], schemas: dict[str, Any]) -> dict[str, Any]:
    name = event.declaration.name
    prefix = _slug(name)
    payload, inner = json_schemas.of_notification(event, definitions=f"#/components/schemas/{prefix}.{{model}}")
    schemas.update({f"{prefix}.{model}": schema for model, schema in inner.items()})
    return _message(name, event.__doc__ or name, payload, json_schemas.sample(payload, inner))


def _own(name: str, payload: type, example: dict[str, Any]) -> dict[str, Any]:
    return _message(name, payload.__doc__ or name, json_schemas.of_type(payload), example)


def _message(name: str, summary: str, payload: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "title": name, "summary": summary, "payload": payload, "examples": [{"payload": example}]}


def _operation(action: str, slug: str, message: dict[str, Any]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/socket"},
        "summary": message["summary"],
        "messages": [{"$ref": f"#/channels/socket/messages/{slug}"}],
    }


def _slug(name: str) -> str:
    """Return a name as AsyncAPI takes it for a key. Two names never have the same one."""
    return re.sub(r"[^A-Za-z0-9.]", lambda letter: "_" if letter[0] == " " else f"-{ord(letter[0]):x}-", name)
