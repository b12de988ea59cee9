"""Declares the events that users are notified of: a class for each, whose fields are the data of its notifications."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, ValidationError, model_validator

from core import event_data, group_texts, texts
from core.declaration_types import TAGS, Category, Duration, EventName, GroupText, Language, Link, Template
from core.event_data import RESERVED, InvalidData, UnknownEvent

_OF_THE_ACTOR = frozenset({"user_id", "user_name"})  # what a template may have besides the event's own fields


class DeclarationError(ValueError):
    """An event is declared wrongly. The message names the event and what is wrong."""


class Declaration(BaseModel):
    """What a declaration says besides the fields. docs/events.md explains each option."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: EventName
    former_names: tuple[EventName, ...] = ()
    category: Category = "general"
    text: dict[Language, Template] = Field(default_factory=dict)
    link: Link | None = None
    with_actor: bool = True
    urgency: Literal["very-low", "low", "normal", "high"] = "normal"  # those of Web Push, RFC 8030
    required: bool = False
    off_by_default: tuple[Literal["toast", "web_push"], ...] = ()
    group: Template | None = None
    group_text: GroupText = Field(default_factory=dict)
    expires_after: Duration | None = None
    push_after: Duration | None = None

    @model_validator(mode="after")
    def _has_an_english_text(self) -> "Declaration":
        for option in ("text", "group_text"):
            templates = getattr(self, option)
            if templates and texts.DEFAULT_LANGUAGE not in templates:
                raise ValueError(
                    f"{option} should have the language {texts.DEFAULT_LANGUAGE}, for readers of all others"
                )
        return self

    @model_validator(mode="after")
    def _has_groups_of_people(self) -> "Declaration":
        if self.group_text and self.group is None:
            raise ValueError("group_text needs group, which says what belongs together")
        if self.group_text and not self.with_actor:
            raise ValueError(
                "group_text counts people, and with_actor=False says that there are none: leave group_text out, "
                "and a group has the text of its newest notification"
            )
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the former names: rows of the database may have each of them."""
        return (self.name, *self.former_names)

    @property
    def templates(self) -> dict[str, str]:
        """All templates by the option that has them."""
        found = {f"text.{language}": template for language, template in self.text.items()}
        for language, templates in self.group_text.items():
            if isinstance(templates, str):
                found[f"group_text.{language}"] = templates
            else:
                found |= {f"group_text.{language}.{plural}": template for plural, template in templates.items()}
        return found | {option: made for option in ("link", "group") if (made := getattr(self, option)) is not None}


class Event(BaseModel):
    """The base of all declarations: `class LikingNotify(Event, name="liking notify"): art_id: int`.

    The keywords are the options of Declaration. An instance is the data of one notification; pydantic's
    ValidationError names a field that is wrong. The definition raises DeclarationError.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        ser_json_inf_nan="null",
    )
    declaration: ClassVar[Declaration]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__()
        try:
            cls.declaration = Declaration.model_validate(options)
        except ValidationError as error:
            raise DeclarationError(f"event {options.get('name', cls.__name__)!r}: {_explain(error)}") from None

    @classmethod
    def __pydantic_init_subclass__(cls, **_options: Any) -> None:
        _check_fields(cls)
        _register(cls)

    @classmethod
    def should_send(
        cls,
        *,
        recipient_id: str,
        actor_id: str | None,
        payload: Mapping[str, object],
    ) -> bool:
        """Say whether to push a notification. The worker asks last, once for each; it should be cheap.

        A notification that is not sent stays in the inbox.
        """
        return True


_by_name: dict[str, type[Event]] = {}
_known_names: frozenset[str] = frozenset()


def declared() -> list[type[Event]]:
    """Return all events that are declared, in the order of their names."""
    return sorted(set(_by_name.values()), key=lambda event: event.declaration.name)


def known_names() -> frozenset[str]:
    """Return the names that rows of the database may have: those of all events, and their former names."""
    return _known_names


def names_of_category(category: str) -> frozenset[str]:
    """Return the names and former names of the events of a category; none where no event has it."""
    return frozenset(name for name, event in _by_name.items() if event.declaration.category == category)


def has_group(key: str) -> bool:
    """Say whether the template `group` of an event can be filled so that it is this text."""
    templates = {event.declaration.group for event in _by_name.values()}
    return any(template is not None and group_texts.can_be(template, key) for template in templates)


def find(name: object) -> type[Event]:
    """Return the event of this name or former name; raise UnknownEvent."""
    found = _by_name.get(name) if isinstance(name, str) else None
    if found is None:
        raise UnknownEvent(name)
    return found


def validate(name: str, data: object) -> dict[str, object]:
    """Return the data of a new notification, with the defaults of fields that it lacks.

    Raise UnknownEvent or InvalidData, whose `fields` name what is wrong.
    """
    event = find(name)
    given = {} if data is None else data
    event_data.check(given)
    return data_of(_parsed(event, event_data.encode(given), extra="forbid"))


def data_of(event: Event) -> dict[str, object]:
    """Return the data of an instance, as JSON has it; raise InvalidData where it is too large or too deep."""
    data = event.model_dump(mode="json")
    event_data.check(data)
    return data


def read(event: type[Event], text: str | None) -> dict[str, object]:
    """Return the data of a row, with the defaults of fields that it lacks; raise InvalidData.

    What the declaration does not have stays: a newer release may have written it.
    """
    data = event_data.decode(text)
    fields = event.__pydantic_fields__
    if not fields:
        return data
    parsed = _parsed(event, text if data else "{}", extra="ignore")
    is_whole = len(parsed.model_fields_set) == len(fields)
    return data if is_whole else {**data, **parsed.model_dump(mode="json")}


def _parsed(event: type[Event], text: Any, *, extra: Literal["forbid", "ignore"]) -> Event:
    try:
        return event.model_validate_json(text, extra=extra)
    except ValidationError as error:
        fields = {_path(part): part["msg"] for part in error.errors(include_url=False, include_input=False)}
        raise InvalidData(f"data of {event.declaration.name!r} does not fit: {_explain(error)}", fields) from None


def _check_fields(cls: type[Event]) -> None:
    name = cls.declaration.name
    if not cls.__pydantic_complete__:
        raise DeclarationError(f"event {name!r}: a field has a type that is not known yet")
    for field, info in cls.model_fields.items():
        if field in RESERVED:
            raise DeclarationError(f"event {name!r}: field {field!r} is reserved")
        if cls.declaration.group is not None and field in group_texts.FIELDS:
            raise DeclarationError(f"event {name!r}: field {field!r} is reserved where an event has a group")
        if hasattr(Event, field):
            raise DeclarationError(f"event {name!r}: field {field!r} has the name of a method of its class")
        if info.alias or info.validation_alias or info.serialization_alias:
            raise DeclarationError(f"event {name!r}: field {field!r} has an alias; clients get the field's own name")
    try:
        cls.model_json_schema()
    except PydanticUserError as error:
        raise DeclarationError(f"event {name!r}: a field has a type that JSON does not have: {error.message}") from None
    allowed = cls.model_fields.keys() | (_OF_THE_ACTOR if cls.declaration.with_actor else set())
    for option, template in cls.declaration.templates.items():
        of_group = group_texts.PLACEHOLDERS if option.startswith("group_text.") else frozenset()
        if missing := texts.placeholders(template) - allowed - of_group:
            listed = ", ".join(f"{{{one}}}" for one in sorted(missing))
            raise DeclarationError(f"event {name!r}: {option} has {listed}, which is no field of it")


def _register(cls: type[Event]) -> None:
    global _known_names  # noqa: PLW0603  (of this process)
    for name in cls.declaration.names:
        if name in _by_name:
            other = _by_name[name]
            raise DeclarationError(f"event {name!r} is declared twice: by {_where(other)} and by {_where(cls)}")
    _by_name.update(dict.fromkeys(cls.declaration.names, cls))
    _known_names = frozenset(_by_name)


def _where(cls: type[Event]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _explain(error: ValidationError) -> str:
    parts = error.errors(include_url=False, include_input=False, include_context=False)
    told = ((_path(part), part["msg"].removeprefix("Value error, ")) for part in parts)
    return "; ".join(f"{path}: {message}" if path else message for path, message in told)


def _path(part: Mapping[str, Any]) -> str:
    return ".".join(str(step) for step in part["loc"] if step != "[key]" and step not in TAGS)
