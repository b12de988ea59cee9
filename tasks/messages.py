"""Checks each message from the broker before a worker handles it."""

from collections.abc import Callable, Container
from typing import Any

from core import events, inbox_states
from core.user_ids import LARGEST_ID, InvalidUserId, as_text

_CELERYS_OWN = "celery."  # Celery's tasks for results and workflows, which this project does not use


class BadMessage(Exception):
    """The message is no task of this project. `reason` is a label of the counter `dropped_messages`."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def check(message: Any, known: Container[str]) -> None:
    """Raise BadMessage for a message that Celery or its task can't handle.

    `known` are the names of the application's tasks.
    """
    name = _check_headers(message.headers)
    if name not in known or name.startswith(_CELERYS_OWN):
        raise BadMessage("task", f"there is no task {name!r:.100}")
    try:
        body = message.payload
    except Exception as error:
        raise BadMessage("encoding", f"it can't be decoded: {error!r:.200}") from error
    try:
        args, kwargs, embed = body
        is_valid = isinstance(embed, dict | None) and _ARGUMENTS.get(name, _any_arguments)(*args, **kwargs)
    except (TypeError, ValueError) as error:
        raise BadMessage("body", f"{name} can't be called with it: {error!r:.200}") from error
    if not is_valid:
        raise BadMessage("body", f"{name} takes no such arguments")


def _check_headers(headers: Any) -> str:
    if not isinstance(headers, dict):
        raise BadMessage("headers", "it has no headers")
    for header, is_valid in _HEADERS.items():
        if not is_valid(headers.get(header)):
            raise BadMessage("headers", f"its header {header} is {headers.get(header)!r:.100}")
    return str(headers["task"])


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_optional_text(value: object) -> bool:
    return isinstance(value, str | None)


def _is_timelimit(value: object) -> bool:
    if not isinstance(value, list | tuple):
        return value is None
    return len(value) == 2 and all(isinstance(limit, int | float | None) for limit in value)


def _are_names(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(name, str) for name in value))


# Celery's main process reads these headers, and ends when one has another type.
_HEADERS: dict[str, Callable[[object], bool]] = {
    "task": _is_text,
    "id": _is_text,
    "shadow": _is_optional_text,
    "eta": _is_optional_text,
    "expires": _is_optional_text,
    "timelimit": _is_timelimit,
    "stamped_headers": _are_names,
    "stamps": lambda value: isinstance(value, dict | None),
}


def _any_arguments(*_args: object, **_kwargs: object) -> bool:
    return True


def _no_arguments() -> bool:
    return True


def _tell_unread_arguments(user_ids: object) -> bool:
    return isinstance(user_ids, list) and all(_is_user_id(value) for value in user_ids)


def _tell_state_arguments(user_id: object, marks: object) -> bool:
    return _is_user_id(user_id) and isinstance(marks, list) and all(map(_is_mark, marks))


def _is_mark(value: object) -> bool:
    """Return whether a value is what the API says of marks: the columns, the ids, and whether there are others."""
    if not isinstance(value, list) or len(value) != 3:
        return False
    columns, ids, is_cut = value
    return (
        isinstance(columns, list)
        and bool(columns)
        and all(column in inbox_states.COLUMNS for column in columns)
        and isinstance(ids, list)
        and len(ids) <= inbox_states.MOST_IDS
        and all(type(id_) is int and 0 < id_ <= LARGEST_ID for id_ in ids)
        and isinstance(is_cut, bool)
    )


def _is_user_id(value: object) -> bool:
    """Return whether a value is a user's id, as JSON has it."""
    try:
        as_text(value)
    except InvalidUserId:
        return False
    return True


# By task, a function that is called with the arguments and returns whether they are valid.
_ARGUMENTS: dict[str, Callable[..., bool]] = {
    events.DISPATCH_TASK: _no_arguments,
    events.WEB_PUSH_TASK: _no_arguments,
    events.TELL_UNREAD_TASK: _tell_unread_arguments,
    events.TELL_STATE_TASK: _tell_state_arguments,
}
