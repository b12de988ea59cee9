"""Fields of several calls. They refuse a value that is too long, of another type, or that a database can't store."""

import re
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields
from marshmallow.validate import Length, Range

from app import names
from core import user_ids
from core.user_ids import LARGEST_ID

_PHOTO = r"^(?:|https?://\S*|/(?!/)\S*)$"  # in the syntax of ECMA 262, for the OpenAPI document
_LARGEST_PAGE = 1_000_000
_NOT_AN_ID = "Not a valid id: a whole number from 1 to 2**53 - 1."
_NOT_AN_OBJECT = "Should be an object."


class Id(fields.Integer):
    """An id below 2**53. In a body it must be a number: "5" and true are refused."""

    def __init__(self, **options: Any) -> None:
        valid = Range(1, LARGEST_ID, error=_NOT_AN_ID)
        super().__init__(strict=True, validate=valid, metadata={"format": "int64"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        if type(value) is not int:
            raise ValidationError(_NOT_AN_ID)
        return value


class UserId(fields.Field[Any]):
    """The id of any app's user: a number from 1 to 2**53 - 1, or a text of 1 to 64 characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"type": ["integer", "string"]}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        if type(value) is int and value > LARGEST_ID:
            raise ValidationError(_NOT_AN_ID)
        try:
            return user_ids.as_text(value)
        except user_ids.InvalidUserId as error:
            raise ValidationError(f"{error}.") from None


class Text(fields.String):
    """A text of limited length, without NUL, which no database column can store."""

    def __init__(self, least: int, most: int, **options: Any) -> None:
        super().__init__(validate=[Length(least, most), _no_nul], **options)


class Name(Text):
    """The name of a user, in its stored form: see app/names.py."""

    def __init__(self, **options: Any) -> None:
        super().__init__(names.SHORTEST, names.LONGEST, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        try:
            return names.clean(super()._deserialize(value, attr, data, **options))
        except names.InvalidName as error:
            raise ValidationError(str(error)) from None


class Flag(fields.Boolean):
    """True or false, and no text or number that might mean one of them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Not a valid boolean.")
        return value


class Map(fields.Dict):
    """Values by name. The errors of a value are under its name, and not, as marshmallow has it, under `value` in it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(keys=fields.String(), error_messages={"invalid": _NOT_AN_OBJECT}, **options)

    def _deserialize(self, value: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return super()._deserialize(value, *arguments, **options)
        except ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            raise ValidationError({name: its["value"] for name, its in error.messages.items()}) from None


class Time(fields.Integer):
    """A moment."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"format": "int64", "description": "Unix seconds"}, **options)


class Before(fields.Integer):
    """A cursor of a list that is sorted by id: `what` has ids below it."""

    def __init__(self, what: str) -> None:
        described = {"format": "int64", "description": f"only {what} with a smaller id"}
        super().__init__(load_default=None, validate=Range(1, LARGEST_ID), metadata=described)


class Body(Schema):
    error_messages = {"type": _NOT_AN_OBJECT}  # noqa: RUF012  (marshmallow copies it)

    class Meta:
        unknown = RAISE


class Query(Schema):
    """A misspelt field would be ignored, and the answer would be about something else than the caller asked."""

    class Meta:
        unknown = RAISE


class Answer(Schema):
    """Every field is always present, unless the schema of an answer says otherwise; some may be null.

    A newer version may add fields.
    """

    class Meta:
        unknown = EXCLUDE

    def on_bind_field(self, name: str, field: fields.Field[Any]) -> None:
        field.required = True


class Page(Schema):
    """Unknown fields are ignored: callers of the oldest lists may add some, such as one that keeps caches away."""

    class Meta:
        unknown = EXCLUDE

    page = fields.Integer(load_default=1, validate=Range(1, _LARGEST_PAGE))
    per_page = fields.Integer(load_default=10, validate=Range(10, 50))


class Photo(Text):
    """A web address, or a path on this site: the page shows it as an image."""

    def __init__(self, **options: Any) -> None:
        super().__init__(0, 512, allow_none=True, metadata={"pattern": _PHOTO}, **options)
        self.validators.append(_photo)


def _photo(text: str) -> None:
    if not re.fullmatch(_PHOTO.replace("$", r"\Z"), text):  # in Python, $ also matches before a final line feed
        raise ValidationError("Should be an http(s) URL or a path.")


def _no_nul(text: str) -> None:
    if "\0" in text:
        raise ValidationError("Should not contain the character NUL.")
