"""Types that check what a declaration says. Their errors say what is expected."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, StringConstraints, Tag

from core import event_names, group_texts, texts

_Forms = dict[str, str | dict[str, str]]  # texts of a group by language; by plural category
_TEXT, _FORMS = "[text]", "[forms]"
TAGS = frozenset({_TEXT, _FORMS})  # steps in the path of an error that the declaration does not have


def _event_name(name: str) -> str:
    if name in event_names.TAKEN:
        raise ValueError(f"{name!r} is an event of the servers")
    if name != name.strip() or not name.isprintable():
        raise ValueError("should have no spaces around it, and no control characters")
    return name


def _template(template: str) -> str:
    texts.placeholders(template)
    return template


def _has_other(forms: dict[str, str]) -> dict[str, str]:
    if "other" not in forms:
        raise ValueError("should have the category other, for all other numbers")
    return forms


def _has_plurals_of_its_languages(templates: _Forms) -> _Forms:
    for language, forms in templates.items():
        plurals = group_texts.plurals_of(language)
        if wrong := [] if isinstance(forms, str) else [each for each in forms if each not in plurals]:
            raise ValueError(f"{language} has no plural category {wrong[0]}; it has {', '.join(plurals)}")
    return templates


def _text_or_forms(given: object) -> str | None:
    return _TEXT if isinstance(given, str) else _FORMS if isinstance(given, Mapping) else None


def _positive(duration: timedelta) -> timedelta:
    if duration <= timedelta(0):
        raise ValueError("should be longer than 0")
    return duration


def _like(pattern: str, expected: str) -> AfterValidator:
    """Refuse a text that does not match. pydantic's own error would show the pattern."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"should be {expected}")
        return text

    return AfterValidator(check)


EventName = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_event_name)]
Template = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_template)]
Link = Annotated[Template, _like(r"https?://\S+|/([^/\s]\S*)?", "a path, or an address with http:// or https://")]
Language = Annotated[str, _like(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", "a language, such as en or zh-CN")]
Category = Annotated[
    str, _like(r"[a-z][a-z0-9_-]{0,63}", "small letters, digits, - and _, with a letter first, and 64 of them at most")
]
# Tagged, since the error of a plain union names each type that does not fit.
_TextOrForms = Annotated[
    Annotated[Template, Tag(_TEXT)] | Annotated[dict[str, Template], AfterValidator(_has_other), Tag(_FORMS)],
    Discriminator(
        _text_or_forms,
        custom_error_type="text_or_forms",
        custom_error_message="should be a text, or a text for each plural category",
    ),
]
GroupText = Annotated[dict[Language, _TextOrForms], AfterValidator(_has_plurals_of_its_languages)]
# A timedelta, or seconds as an integer. An ISO text such as PT5M is a third spelling that nobody needs.
Duration = Annotated[
    timedelta,
    BeforeValidator(lambda value: timedelta(seconds=value) if type(value) is int else value),
    Field(strict=True),
    AfterValidator(_positive),
]
