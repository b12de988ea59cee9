"""JSON Schemas of what sockets get, from the declarations and from the payload types of the servers' own events."""

from typing import Any, get_type_hints

from pydantic import TypeAdapter

from core.declarations import Event

_USER_ID = {"type": ["integer", "string", "null"], "description": "the actor, or null if there was none"}
_ACTOR = {
    "user_id": _USER_ID,
    "user_name": {"type": "string", "description": "empty if the actor does not exist any more"},
    "user_photo": {"type": "string", "description": "an address, or a path on the API's site"},
}
_ENGINE = {
    "timestamp": {"type": "integer", "description": "when it happened, in Unix seconds"},
    "id": {"type": "integer", "description": "the id in the inbox, the same for each copy"},
    "offset": {"type": "string", "description": "the place in the history of its recipient"},
}
_SILENT = {"const": True, "description": "there only where clients should show no toast"}
_NUMBER = {"type": "integer", "description": "exact up to 999; 1000 means 1,000 or more"}
# There only where a socket has asked for groups, with `groups` in its auth object.
_GROUP = {
    "group": {"type": "string", "description": "what the notifications of the group have in common"},
    "group_id": {"type": "integer", "description": "the id of the first notification of the group"},
    "count": {**_NUMBER, "title": "how many notifications the group has"},
    "actor_count": {**_NUMBER, "title": "how many people did it"},
    "actors": {
        "type": "array",
        "description": "the newest three people, newest first",
        "items": {
            "type": "object",
            "properties": {
                "id": {"type": ["integer", "string"]},
                "name": {"type": "string"},
                "photo": {"type": "string"},
            },
            "required": ["id", "name", "photo"],
        },
    },
}
_SAMPLES = {
    "user_id": 1,
    "user_name": "Ann",
    "user_photo": "/static/default-photo.svg",
    "timestamp": 1795555420,
    "id": 482_000_000_000_001,
    "offset": "1795555420581-0",
}
_BY_TYPE = {"integer": 1, "number": 1.5, "string": "text", "boolean": True, "null": None, "array": [], "object": {}}


def of_notification(event: type[Event], *, definitions: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the schema of an event's payload, and the schemas that it refers to.

    `definitions` is where these are, with {model} for the name of each.
    """
    data = event.model_json_schema(ref_template=definitions)
    inner = data.pop("$defs", {})
    actor = _ACTOR if event.declaration.with_actor else {}
    properties = {**data.get("properties", {}), **actor, **_ENGINE}
    # Not closed: a newer release may add fields. All others are there, since those with a default are filled in.
    optional = {"silent": _SILENT, **(_GROUP if event.declaration.group is not None else {})}
    return {"type": "object", "properties": properties | optional, "required": list(properties)}, inner


def of_type(payload: Any) -> dict[str, Any]:
    """Return the schema of a TypedDict."""
    properties = {name: TypeAdapter(kind).json_schema() for name, kind in get_type_hints(payload).items()}
    required = [name for name in properties if name in payload.__required_keys__]
    return {"type": "object", "properties": properties, "required": required}


def sample(schema: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    """Return an example of an object of this schema; `inner` has the schemas that it refers to, by name."""
    optional = (_SILENT, *_GROUP.values())
    properties = {
        name: part
        for name, part in schema.get("properties", {}).items()
        if not any(part is always_left_out for always_left_out in optional)
    }
    return {name: _SAMPLES[name] if name in _SAMPLES else _value(part, inner) for name, part in properties.items()}


def _value(schema: dict[str, Any], inner: dict[str, Any]) -> Any:
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("default", "const"):
        if key in schema:
            return schema[key]
    if "$ref" in schema:
        return sample(inner[schema["$ref"].rpartition("/")[2].rpartition(".")[2]], inner)
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return _value(schema[key][0], inner)
    return _BY_TYPE.get(schema.get("type", "object"), {})
