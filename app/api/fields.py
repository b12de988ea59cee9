"""Fields that several calls share: they refuse what is too long, of another type, or nothing a database can hold."""

import re
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields
from marshmallow.validate import Length, Range

from app import names
from app.tokens import LARGEST_ID

_PHOTO = r"^(?:|https?://\S*|/(?!/)\S*)$"  # as ECMA 262 writes it, for the description
_LARGEST_PAGE = 1_000_000
_NOT_AN_ID = "Not a valid id: a whole number from 1 to 2**53 - 1."


class Id(fields.Integer):
    """An id below 2**53. In a body it is a number: neither "5" nor true is 5."""

    def __init__(self, **options: Any) -> None:
        valid = Range(1, LARGEST_ID, error=_NOT_AN_ID)
        super().__init__(strict=True, validate=valid, metadata={"format": "int64"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        if type(value) is not int:
            raise ValidationError(_NOT_AN_ID)
        return value


class Text(fields.String):
    """A text of bounded length, without NUL, which no database column holds."""

    def __init__(self, least: int, most: int, **options: Any) -> None:
        super().__init__(validate=[Length(least, most), _no_nul], **options)


class Name(Text):
    """What a user is called, in the form that is kept: see app/names.py."""

    def __init__(self, **options: Any) -> None:
        super().__init__(names.SHORTEST, names.LONGEST, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        try:
            return names.clean(super()._deserialize(value, attr, data, **options))
        except names.InvalidName as error:
            raise ValidationError(str(error)) from None


class Time(fields.Integer):
    """A moment."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"format": "int64", "description": "Unix seconds"}, **options)


class Body(Schema):
    class Meta:
        unknown = RAISE


class Answer(Schema):
    """Every field is there, always; some may be null. More may come with a newer version."""

    class Meta:
        unknown = EXCLUDE

    def on_bind_field(self, _name: str, field: fields.Field[Any]) -> None:
        field.required = True


class Page(Schema):
    page = fields.Integer(load_default=1, validate=Range(1, _LARGEST_PAGE))
    per_page = fields.Integer(load_default=10, validate=Range(10, 50))


class Photo(Text):
    """A web address, or a path on this site: the page shows it as an image."""

    def __init__(self, **options: Any) -> None:
        super().__init__(0, 512, allow_none=True, metadata={"pattern": _PHOTO}, **options)
        self.validators.append(_photo)


def _photo(text: str) -> None:
    if not re.fullmatch(_PHOTO.replace("$", r"\Z"), text):  # in Python, $ stands before a last line feed as well
        raise ValidationError("Should be an http(s) URL or a path.")


def _no_nul(text: str) -> None:
    if "\0" in text:
        raise ValidationError("Should not hold the character NUL.")
