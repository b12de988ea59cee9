"""The package accepts the data that the engine accepts, by what `flask events export` says."""

import json
import uuid
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from core import declarations, event_data, event_documents
from core.declarations import Event
from toutiao_push import InvalidDeclarations, InvalidPayload, Push, UnknownEvent
from toutiao_push.declarations import Declarations

pytestmark = pytest.mark.usefixtures("registry")


class Kind(Enum):
    NEW = "new"
    OLD = "old"


class Place(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lat: Annotated[float, Field(ge=-90, le=90)]
    name: Annotated[str, Field(min_length=1, max_length=5, pattern="^[a-z]+$")]


FIELDS: dict[str, Any] = {
    "integer": int,
    "bounded": Annotated[int, Field(gt=0, lt=10, multiple_of=3)],
    "number": float,
    "text": Annotated[str, Field(max_length=3)],
    "flag": bool,
    "optional": int | None,
    "either": int | str | None,
    "choice": Literal["a", 1],
    "constant": Literal["a"],
    "kind": Kind,
    "place": Place,
    "places": Annotated[list[Place], Field(min_length=1, max_length=2)],
    "pair": tuple[int, str],
    "counts": dict[str, int],
    "unique": set[int],
    "id_": uuid.UUID,
    "day": date,
    "at": datetime,
    "anything": Any,
}
PLACE = {"lat": 1.5, "name": "here"}
DAY, AT, UUID = "2026-11-28", "2026-11-28T10:00:00Z", "12345678-1234-4234-8234-123456789abc"
# Pydantic converts these values. A JSON Schema has no words for it, and nobody needs it.
MORE_IN_THE_ENGINE = {"at": ["1"], "choice": [True], "unique": [[1, 1]]}
VALUES: list[Any] = [
    None, True, False, 0, 1, 3, 9, 12, -3, 1.5, 3.0, 2**63, 2**64, float("nan"), float("inf"),
    "", "a", "abc", "abcd", "é", "new", "\ud800", "1", UUID, "no uuid", DAY, "2026-13-01", AT,
    [], [1], [1, "a"], [1, "a", 2], [1, 1], ["a"], (1, "a"), {}, {"a": 1}, {"a": "b"}, {1: 1}, {"a": {"b": [None]}},
    PLACE, {**PLACE, "lat": 91}, {**PLACE, "name": "HERE"}, {"lat": 1}, {**PLACE, "more": 1}, [PLACE], [PLACE] * 3,
    [PLACE, {}], b"bytes", object(), Kind.NEW, uuid.UUID(UUID), {1, 2},
]  # fmt: skip


def engine_accepts(name: str, data: Any) -> bool:
    try:
        declarations.validate(name, data)
    except event_data.InvalidData:
        return False
    return True


def package_accepts(name: str, data: Any) -> bool:
    try:
        Declarations(json.loads(json.dumps(event_documents.export()))).encode(name, data)
    except InvalidPayload:
        return False
    return True


@pytest.mark.parametrize("field", FIELDS)
def test_both_accept_the_same_values(field: str) -> None:
    class Tried(Event, name="tried"):
        __annotations__ = {field: FIELDS[field]}

    differing = [
        value for value in VALUES if package_accepts("tried", {field: value}) != engine_accepts("tried", {field: value})
    ]
    assert differing == MORE_IN_THE_ENGINE.get(field, [])


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        [],
        "text",
        {"a": 1},
        {"a": 1, "b": 2},
        {"a": 1, "more": 1},
        {"a": 1, "user_id": 1},
        {"a": "x" * 16_376},
        {"a": "x" * 16_377},
        {"a": "é" * 8_188},
        {"a": "é" * 8_189},
        {"a": [[[[[[[[[[[[[[[]]]]]]]]]]]]]]]},
        {"a": [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]},
    ],
    ids=map(str, range(14)),
)
def test_both_accept_the_same_data(data: Any) -> None:
    class Tried(Event, name="tried"):
        a: Any

    assert package_accepts("tried", data) == engine_accepts("tried", data)


def test_an_event_without_fields_takes_no_data() -> None:
    class Greeted(Event, name="greeted", former_names=["welcomed"]):
        pass

    for name in ("greeted", "welcomed"):
        for data in (None, {}, {"a": 1}):
            assert package_accepts(name, data) == engine_accepts(name, data)
    with pytest.raises(UnknownEvent):
        package_accepts("unknown", None)


@pytest.mark.parametrize(
    ("schema", "data", "field"),
    [
        ({"type": "object", "required": ["a"]}, {}, "data"),
        ({"properties": {"a": {"items": {"properties": {"b": {"const": 2}}}}}}, {"a": [{}, {"b": 1}]}, "data.a[1].b"),
        ({"additionalProperties": False}, {"a": 1}, "data.a"),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, "data.ab"),
        ({"properties": {"a": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}}, {"a": "x"}, "data.a"),
        ({"properties": {"a": {"oneOf": [{"type": "integer"}, {"minimum": 0}]}}}, {"a": 1}, "data.a"),
        ({"properties": {"a": {"allOf": [{"type": "integer"}, {"minimum": 5}]}}}, {"a": 1}, "data.a"),
        ({"minProperties": 1}, {}, "data"),
        ({"properties": {"a": {"uniqueItems": True}}}, {"a": [1, 1]}, "data.a"),
    ],
)  # fmt: skip
def test_the_error_names_the_field(schema: dict[str, Any], data: Any, field: str) -> None:
    document = {"version": 1, "events": {"tried": {"former_names": [], "schema": schema}}}
    with pytest.raises(InvalidPayload) as raised:
        Declarations(document).encode("tried", data)
    assert raised.value.field == field


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "version 1"),
        ({"version": 2, "events": {}}, "version 1, not 2"),
        ([], "version 1"),
        ({"version": 1, "events": {"a": {"former_names": [], "schema": {"contains": {}}}}}, "event 'a'.contains"),
        ({"version": 1, "events": {"a": {"former_names": [], "schema": {"$ref": "#/$defs/A"}}}}, "is not defined"),
        ({"version": 1, "events": {"a": {"former_names": [], "schema": {"items": 5}}}}, "should be a schema"),
    ],
    ids=["empty", "newer", "list", "keyword", "reference", "number"],
)
def test_declarations_that_are_not_understood_are_refused(document: Any, says: str, tmp_path: Path) -> None:
    (tmp_path / "events.json").write_text(json.dumps(document))
    with pytest.raises(InvalidDeclarations, match=says):
        Push(tmp_path / "events.json")


def test_a_file_that_is_missing_or_no_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDeclarations, match=r"missing.json can't be read"):
        Push(tmp_path / "missing.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(InvalidDeclarations, match="is not JSON"):
        Push(tmp_path / "bad.json")
