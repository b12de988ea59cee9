"""Events are declared once: what a declaration checks, and what it makes of the data of a notification."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError, create_model

from core import declarations, event_data, events, group_texts, payloads
from core.declarations import Declaration, DeclarationError, Event

pytestmark = pytest.mark.usefixtures("registry")


@pytest.fixture
def liked() -> type[Event]:
    class Liked(Event, name="liked", text={"en": "{user_name} likes {title}"}):
        """Somebody likes an article."""

        art_id: int
        title: str
        stars: float = 1.0

    return Liked


def declare(name: str = "tried", fields: dict[str, Any] | None = None, **options: Any) -> type[Event]:
    given = {field: (kind, ...) for field, kind in (fields or {}).items()}
    return create_model("Tried", __base__=Event, __cls_kwargs__={"name": name, **options}, **given)


class TestDeclaration:
    def test_options_have_defaults(self) -> None:
        options = declare().declaration

        assert options == Declaration(name="tried")
        assert (options.urgency, options.required, options.with_actor) == ("normal", False, True)

    def test_duration_is_given_in_seconds_or_as_a_timedelta(self) -> None:
        options = declare(expires_after=60, push_after=timedelta(minutes=5)).declaration

        assert (options.expires_after, options.push_after) == (timedelta(minutes=1), timedelta(minutes=5))

    @pytest.mark.parametrize("field", sorted(event_data.RESERVED))
    def test_reserved_field_is_refused(self, field: str) -> None:
        with pytest.raises(DeclarationError, match=f"event 'tried': field '{field}' is reserved"):
            declare(fields={field: int})

    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            ({"name": ""}, "name: String should have at least 1 character"),
            ({"name": "x" * 65}, "name: String should have at most 64 characters"),
            ({"name": "two\nlines"}, "name: should have no spaces around it, and no control characters"),
            ({"name": "sync"}, "name: 'sync' is an event of the servers"),
            ({"name": "connect"}, "name: 'connect' is an event of the servers"),
            ({"former_names": ("unread",)}, "former_names.0: 'unread' is an event of the servers"),
            ({"urgency": "urgent"}, "urgency: Input should be 'very-low', 'low', 'normal' or 'high'"),
            ({"colour": "red"}, "colour: Extra inputs are not permitted"),
            ({"text": {"zh": "赞"}}, "text should have the language en"),
            ({"text": {"en": "{title}"}}, "text.en has {title}, which is no field of it"),
            ({"text": {"en": "{title!r}"}}, "text.en: '{title!r}' has a brace that is no part of a placeholder"),
            (
                {"text": {"en": "by {user_name}"}, "with_actor": False},
                "text.en has {user_name}, which is no field of it",
            ),
            ({"text": {"en": "a", "e!": "b"}}, "text.e!: should be a language, such as en or zh-CN"),
            ({"category": "My events"}, "category: should be small letters, digits, - and _, with a letter first"),
            ({"link": "javascript:alert(1)"}, "link: should be a path, or an address with http:// or https://"),
            ({"link": "//elsewhere.example"}, "link: should be a path, or an address with http:// or https://"),
            ({"link": "/articles/{art_id}"}, "link has {art_id}, which is no field of it"),
            ({"group": "liked:{art_id}"}, "group has {art_id}, which is no field of it"),
            ({"group_text": {"en": "{others}"}}, "group_text needs group, which says what belongs together"),
            ({"group": "all", "group_text": {"zh": "赞"}}, "group_text should have the language en"),
            ({"group": "all", "group_text": {"en": "{title}"}}, "group_text.en has {title}, which is no field of it"),
            (
                {"group": "all", "group_text": {"en": {"one": "{title}", "other": "x"}}},
                "group_text.en.one has {title}, which is no field of it",
            ),
            (
                {"group": "all", "group_text": {"en": "{others}"}, "with_actor": False},
                "group_text counts people, and with_actor=False says that there are none: leave group_text out",
            ),
            ({"text": {"en": "{others}"}, "group": "all"}, "text.en has {others}, which is no field of it"),
            ({"expires_after": 0}, "expires_after: should be longer than 0"),
            ({"push_after": "PT5M"}, "push_after: Input should be a valid timedelta"),
        ],
    )
    def test_wrong_option_is_named(self, options: dict[str, Any], complaint: str) -> None:
        with pytest.raises(DeclarationError) as raised:
            declare(**options)

        assert str(raised.value).startswith("event ")
        assert complaint in str(raised.value)

    @pytest.mark.parametrize(
        ("group_text", "complaint"),
        [
            ({"en": 5}, "group_text.en: should be a text, or a text for each plural category"),
            ({"en": ["x"]}, "group_text.en: should be a text, or a text for each plural category"),
            ({"en": ""}, "group_text.en: String should have at least 1 character"),
            ({"en": {"other": 5}}, "group_text.en.other: Input should be a valid string"),
            ({"en": {"other": "{"}}, "group_text.en.other: '{' has a brace that is no part of a placeholder"),
            ({"en": {}}, "group_text.en: should have the category other, for all other numbers"),
            ({"en": {"one": "x"}}, "group_text.en: should have the category other, for all other numbers"),
            ({"en": {"other": "x", "lots": "y"}}, "group_text: en has no plural category lots; it has one, other"),
            ({"en": {"other": "x", "two": "y"}}, "group_text: en has no plural category two; it has one, other"),
            ({"en": "x", "zh": {"one": "x", "other": "y"}}, "group_text: zh has no plural category one; it has other"),
            (
                {"en": "x", "ru": {"zero": "y", "other": "z"}},
                "group_text: ru has no plural category zero; it has one, few, many, other",
            ),
            ({"en": "x", "e!": "y"}, "group_text.e!: should be a language, such as en or zh-CN"),
        ],
    )
    def test_error_of_a_group_text_says_where_it_is(self, group_text: dict[str, Any], complaint: str) -> None:
        with pytest.raises(DeclarationError) as raised:
            declare(group="all", group_text=group_text)

        assert str(raised.value).startswith(f"event 'tried': {complaint}")
        assert ";" not in str(raised.value).replace(complaint, "")  # nothing else is wrong

    def test_all_categories_of_a_language_are_accepted(self) -> None:
        forms = {"zero": "0", "one": "1", "two": "2", "few": "3", "many": "11", "other": "100"}

        assert declare(group="all", group_text={"en": "x", "ar": forms}).declaration.group_text["ar"] == forms

    @pytest.mark.parametrize("field", sorted(group_texts.FIELDS))
    def test_field_of_a_group_is_refused_where_there_are_groups(self, field: str) -> None:
        with pytest.raises(DeclarationError, match=f"field '{field}' is reserved where an event has a group"):
            declare(fields={field: int}, group="all")

        assert field in declare(fields={field: int}).model_fields

    @pytest.mark.parametrize("names", [{"name": "liked"}, {"name": "new", "former_names": ("liked",)}])
    def test_name_can_be_declared_once(self, liked: type[Event], names: dict[str, Any]) -> None:
        with pytest.raises(DeclarationError, match=r"event 'liked' is declared twice: by .*Liked and by .*Tried"):
            declare(**names)

        assert events.find("liked") is liked
        assert "new" not in events.known_names()

    def test_field_that_json_cannot_hold_is_refused(self) -> None:
        with pytest.raises(DeclarationError, match="event 'tried': a field has a type that JSON does not have"):
            declare(fields={"number": Callable[[], int]})

    def test_event_that_fails_is_not_known(self) -> None:
        with pytest.raises(DeclarationError):
            declare(fields={"id": int})

        with pytest.raises(payloads.UnknownEvent, match="unknown event 'tried'"):
            events.find("tried")


class TestMaking:
    @pytest.mark.parametrize(
        ("data", "field"),
        [
            ({"art_id": "1", "title": "x"}, "art_id"),
            ({"art_id": True, "title": "x"}, "art_id"),
            ({"art_id": 1}, "title"),
            ({"art_id": 1, "title": None}, "title"),
            ({"art_id": 1, "title": "x", "more": 1}, "more"),
            ({"art_id": 1, "title": "x", "user_id": 1}, "user_id"),
        ],
    )
    def test_wrong_field_is_named(self, liked: type[Event], data: dict[str, Any], field: str) -> None:
        with pytest.raises(ValidationError, match=field):
            liked(**data)
        with pytest.raises(payloads.InvalidData, match=field) as raised:
            events.validate("liked", data)

        assert list(raised.value.fields) == [field]

    @pytest.mark.parametrize("stars", [float("nan"), float("inf")], ids=["not a number", "infinite"])
    def test_number_that_json_does_not_have_is_refused(self, liked: type[Event], stars: float) -> None:
        with pytest.raises(ValidationError, match="stars"):
            liked(art_id=1, title="x", stars=stars)

    def test_lone_surrogate_is_refused(self, liked: type[Event]) -> None:
        with pytest.raises((ValidationError, payloads.InvalidData)):
            declarations.data_of(liked(art_id=1, title="\ud800"))

    def test_defaults_are_filled_in(self, liked: type[Event]) -> None:
        data = {"art_id": 1, "title": "x"}

        assert events.validate("liked", data) == declarations.data_of(liked(**data)) == {**data, "stars": 1.0}

    @pytest.mark.parametrize("data", [None, {}])
    def test_event_without_fields_takes_no_data(self, data: Any) -> None:
        declare()

        assert events.validate("tried", data) == {}

    @pytest.mark.parametrize("data", [[], "text", 1, {1: 1}])
    def test_data_that_is_no_object_is_refused(self, liked: type[Event], data: Any) -> None:
        with pytest.raises(payloads.InvalidData):
            events.validate("liked", data)

    @pytest.mark.parametrize("name", ["nonsense", "", None, [], 7])
    def test_unknown_event_is_refused(self, name: Any) -> None:
        with pytest.raises(payloads.UnknownEvent):
            events.validate(name, {})


def row(event: str, data: str | None) -> Any:
    return SimpleNamespace(event=event, actor_id="1", created_at=5, data=data)


class TestReadingRows:
    def test_row_that_does_not_fit_is_refused(self, liked: type[Event]) -> None:
        with pytest.raises(payloads.InvalidData, match="data of 'liked' does not fit: title: Field required"):
            payloads.build(row("liked", '{"art_id": 1}'), {}, default_photo="/a.svg")

    def test_field_of_a_newer_release_stays(self, liked: type[Event]) -> None:
        built = payloads.build(row("liked", '{"art_id": 1, "title": "x", "new": [1]}'), {}, default_photo="/a.svg")

        assert built["new"] == [1]

    def test_field_that_an_older_release_did_not_have_gets_its_default(self, liked: type[Event]) -> None:
        built = payloads.build(row("liked", '{"art_id": 1, "title": "x"}'), {}, default_photo="/a.svg")

        assert built["stars"] == 1.0

    def test_row_with_a_former_name_is_read(self) -> None:
        declare("new name", former_names=("old name",))

        assert payloads.build(row("old name", None), {}, default_photo="/a.svg")["user_id"] == 1
        assert events.find("old name").declaration.name == "new name"

    def test_event_can_leave_out_the_actor(self) -> None:
        declare(with_actor=False, fields={"percent": int})

        built = payloads.build(row("tried", '{"percent": 5}'), {}, default_photo="/a.svg")

        assert built == {"percent": 5, "timestamp": 5}
