"""Texts of groups: what users read of many notifications in one row, such as "Ann and 9 others follow you now"."""

from collections.abc import Mapping, Sequence
from functools import cache

import babel

from core import texts

MOST = 1000  # a count of this size means "so many or more"
PLACEHOLDERS = frozenset({"others", "count"})
# What a group has on the wire beside the fields of its newest notification.
FIELDS = frozenset({"group", "group_id", "count", "actor_count", "actors"})
LONGEST_KEY = 255  # characters
_MANY = f"{MOST - 1}+"

_PLURALS = ("zero", "one", "two", "few", "many", "other")  # the categories of CLDR
Templates = Mapping[str, str | Mapping[str, str]]  # by language; by plural category


def text_for(
    templates: Templates, data: Mapping[str, object], actor_count: int, languages: Sequence[str]
) -> str | None:
    """Return the text of a group in the best of these languages.

    None where there is no template, or where one person alone did it all: then the text of the newest one says it.
    """
    language = texts.choose(templates, languages)
    if language is None or actor_count < 2:
        return None
    others = actor_count - 1
    is_many = actor_count >= MOST
    numbers = {"others": _MANY if is_many else others, "count": _MANY if is_many else actor_count}
    return texts.fill(_of_number(templates[language], language, others), {**data, **numbers}, language)


def plurals_of(language: str) -> list[str]:
    """Return the plural categories of a language, `other` among them."""
    return [plural for plural in _PLURALS if plural in _plural(language).tags or plural == "other"]


def fill_key(template: str, data: Mapping[str, object]) -> str:
    """Return the text that notifications of one group have in common."""
    return shorten_key(texts.fill(template, data, texts.DEFAULT_LANGUAGE))


def can_be(template: str, key: str) -> bool:
    """Say whether a template can be filled so that it is this key, or is cut to it."""
    first, *rest = texts.literals(template)
    if not key.startswith(first):
        return False
    if len(key) >= LONGEST_KEY:
        return True  # the rest may be cut
    if not rest:
        return key == first
    *between, last = rest
    at = len(first)
    for literal in between:
        found = key.find(literal, at)
        if found < 0:
            return False
        at = found + len(literal)
    return key.endswith(last) and len(key) - len(last) >= at


def shorten_key(key: str) -> str:
    """Return as much of a key as a row can hold. PostgreSQL takes no NUL in a text."""
    return key.replace("\0", "\N{REPLACEMENT CHARACTER}")[:LONGEST_KEY]


def _of_number(template: str | Mapping[str, str], language: str, number: int) -> str:
    if isinstance(template, str):
        return template
    return template.get(_plural(language)(number), template["other"])


@cache
def _plural(language: str) -> babel.plural.PluralRule:
    """Return the plural rule of a language; one that nobody knows has a single form."""
    try:
        return babel.Locale.parse(language, sep="-").plural_form
    except (babel.UnknownLocaleError, ValueError):
        return babel.plural.PluralRule({})
