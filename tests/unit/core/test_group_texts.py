"""What users read of many notifications in one row."""

from typing import Any

import pytest

from core import group_texts

DATA = {"user_name": "Ann", "title": "Rain"}
TEXTS: Any = {
    "en": {
        "one": "{user_name} and {others} other like {title}",
        "other": "{user_name} and {others} others like {title}",
    },
    "zh": "{user_name} 等 {count} 人赞了《{title}》",
    "ru": {"one": "{others} one", "few": "{others} few", "many": "{others} many", "other": "{others} other"},
    "qq": {"one": "{others} one", "other": "{others} other"},
}


@pytest.mark.parametrize(
    ("actor_count", "language", "text"),
    [
        (2, "en", "Ann and 1 other like Rain"),
        (10, "en-GB", "Ann and 9 others like Rain"),
        (999, "en", "Ann and 998 others like Rain"),
        (1000, "en", "Ann and 999+ others like Rain"),
        (2, "zh-CN", "Ann 等 2 人赞了《Rain》"),
        (1000, "zh", "Ann 等 999+ 人赞了《Rain》"),
        (2, "ru", "1 one"),
        (4, "ru", "3 few"),
        (6, "ru", "5 many"),
        (22, "ru", "21 one"),
        (2, "qq", "1 other"),
        (3, "fr", "Ann and 2 others like Rain"),
    ],
)
def test_number_of_people_chooses_the_plural_form(actor_count: int, language: str, text: str) -> None:
    assert group_texts.text_for(TEXTS, DATA, actor_count, [language]) == text


@pytest.mark.parametrize(("templates", "actor_count"), [(TEXTS, 1), (TEXTS, 0), ({}, 9)])
def test_one_person_alone_has_no_text_of_a_group(templates: Any, actor_count: int) -> None:
    assert group_texts.text_for(templates, DATA, actor_count, ["en"]) is None


def test_number_takes_the_place_of_a_field_of_that_name() -> None:
    assert group_texts.text_for({"en": "{count}"}, {"count": "many"}, 3, []) == "3"


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"art_id": 5}, "liking:5"),
        ({"art_id": "x" * 300}, "liking:" + "x" * 248),
        ({"art_id": "a\0b"}, "liking:a\ufffdb"),
        ({}, "liking:…"),
    ],
    ids=["short", "too long", "with NUL", "invalid data"],
)
def test_key_is_the_filled_template_as_a_row_holds_it(data: dict[str, object], key: str) -> None:
    assert group_texts.fill_key("liking:{art_id}", data) == key


@pytest.mark.parametrize(
    ("template", "key", "fits"),
    [
        ("following", "following", True),
        ("following", "following2", False),
        ("liking:{art_id}", "liking:5", True),
        ("liking:{art_id}", "liking:", True),
        ("liking:{art_id}", "comment:5", False),
        ("{a}:{b}:end", "1:2:end", True),
        ("{a}:{b}:end", "1:end", False),
        ("{a}:{b}:end", ":" + "x" * 300, True),
        ("{a}aba{b}aba", "aba", False),
        ("{a}aba{b}aba", "abaaba", True),
        ("{a}", "", True),
    ],
)
def test_key_is_compared_with_the_template(template: str, key: str, fits: bool) -> None:
    assert group_texts.can_be(template, key) is fits
