"""Templates of texts and links: what users read of an event, filled from the data of a notification."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import regex

DEFAULT_LANGUAGE = "en"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_MISSING = "…"
_CHARACTER = regex.compile(r"\X")  # as readers see it: an emoji or a letter with its marks may be several code points
_NOBODY = {"en": "Somebody", "zh": "有人"}  # for an actor without a name


def placeholders(template: str) -> set[str]:
    """Return the names between braces; raise ValueError where a brace is no part of a placeholder."""
    if set("{}") & set(_PLACEHOLDER.sub("", template)):
        raise ValueError(f"{template!r} has a brace that is no part of a placeholder such as {{user_name}}")
    return set(_PLACEHOLDER.findall(template))


def literals(template: str) -> list[str]:
    """Return what stands before, between and after the placeholders."""
    return _PLACEHOLDER.split(template)[::2]


def choose(templates: Mapping[str, object], languages: Sequence[str]) -> str | None:
    """Return the best language among these, which may have regions such as zh-CN; else English; else None."""
    by_tag = {language.lower(): language for language in templates}
    for wanted in (*languages, DEFAULT_LANGUAGE):
        tag = wanted.lower()
        if found := by_tag.get(tag) or by_tag.get(tag.partition("-")[0]):
            return found
    return None


def text_for(templates: Mapping[str, str], data: Mapping[str, object], languages: Sequence[str]) -> str | None:
    """Return the text in the best of these languages; None where there is no template."""
    language = choose(templates, languages)
    return None if language is None else fill(templates[language], data, language)


def fill(template: str, data: Mapping[str, object], language: str) -> str:
    """Return the text. What the data does not have, such as that of an invalid row, becomes an ellipsis."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == "user_name" and not data.get(name):
            return _NOBODY.get(language, _MISSING)
        return _written(data.get(name))

    return _PLACEHOLDER.sub(value, template)


def fill_link(template: str, data: Mapping[str, object]) -> str | None:
    """Return the address, each value quoted; None where the data lacks one."""
    if any(data.get(name) is None for name in placeholders(template)):
        return None
    return _PLACEHOLDER.sub(lambda match: quote(_written(data[match.group(1)]), safe=""), template)


def shorten(text: str, most_bytes: int) -> str:
    """Return a text whole, or its beginning and an ellipsis, in at most so many bytes. No character is broken."""
    if len(text.encode()) <= most_bytes:
        return text
    kept: list[str] = []
    left = most_bytes - len(_MISSING.encode())
    for match in _CHARACTER.finditer(text):
        left -= len(match.group().encode())
        if left < 0:
            break
        kept.append(match.group())
    return "".join(kept).rstrip() + _MISSING


def _written(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return _MISSING
    return str(value)
