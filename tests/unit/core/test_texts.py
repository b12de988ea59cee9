"""What users read of an event."""

import pytest

from core import texts

TEMPLATE = "{user_name} likes {title}"


@pytest.mark.parametrize(
    ("data", "language", "filled"),
    [
        ({"user_name": "Ann", "title": "Rain"}, "en", "Ann likes Rain"),
        ({"user_name": "Ann", "title": "{user_name}"}, "en", "Ann likes {user_name}"),
        ({"user_name": "Ann", "title": 7}, "en", "Ann likes 7"),
        ({"user_name": "", "title": "Rain"}, "en", "Somebody likes Rain"),
        ({"title": "Rain"}, "zh", "有人 likes Rain"),
        ({"title": "Rain"}, "fr", "… likes Rain"),
        ({"user_name": "Ann"}, "en", "Ann likes …"),
        ({"user_name": "Ann", "title": ["Rain"]}, "en", "Ann likes …"),
    ],
    ids=str,
)
def test_text_is_filled_from_the_data(data: dict[str, object], language: str, filled: str) -> None:
    assert texts.fill(TEMPLATE, data, language) == filled


@pytest.mark.parametrize(
    ("languages", "chosen"),
    [
        (["zh"], "zh"),
        (["zh-CN", "en"], "zh"),
        (["ZH-hans"], "zh"),
        (["pt-BR"], "pt-BR"),
        (["pt"], "en"),
        (["fr", "zh"], "zh"),
        ([], "en"),
        (["*"], "en"),
    ],
    ids=str,
)
def test_best_language_is_chosen(languages: list[str], chosen: str) -> None:
    assert texts.choose({"en": "", "zh": "", "pt-BR": ""}, languages) == chosen


def test_without_templates_there_is_no_language() -> None:
    assert texts.choose({}, ["en"]) is None


def test_values_in_a_link_are_quoted() -> None:
    assert texts.fill_link("/a/{title}?b={n}", {"title": "../x y?", "n": 0}) == "/a/..%2Fx%20y%3F?b=0"


def test_link_without_its_value_is_none() -> None:
    assert texts.fill_link("/a/{title}", {}) is None


FAMILY = "👩‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("text", "most", "shortened"),
    [
        ("short", 5, "short"),
        ("longer", 5, "lo…"),
        ("a b c", 5, "a b c"),
        ("a longer", 5, "a…"),
        ("é" * 5, 8, "éé…"),
        ("e\u0301" * 5, 9, "e\u0301e\u0301…"),
        (FAMILY * 3, 30, f"{FAMILY}…"),
        (FAMILY * 3, 20, "…"),
        ("关注了你很久", 9, "关注…"),
    ],
)
def test_long_text_is_shortened_between_two_characters(text: str, most: int, shortened: str) -> None:
    assert texts.shorten(text, most) == shortened
    assert len(shortened.encode()) <= most
