"""What a message from the broker has to be before a worker takes it."""

from collections.abc import Callable, Container
from typing import Any

from app import events, tokens

_CELERYS_OWN = "celery."  # tasks for results and workflows, which nobody here asks for


class BadMessage(Exception):
    """It is no task of ours. `reason` is a label of the counter `dropped_messages`."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def check(message: Any, known: Container[str]) -> None:
    """Raise BadMessage for what Celery could not handle, or a task could not do anything with.

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
        fits = isinstance(embed, dict | None) and _TAKES.get(name, _anything)(*args, **kwargs)
    except (TypeError, ValueError) as error:
        raise BadMessage("body", f"{name} can't be called with it: {error!r:.200}") from error
    if not fits:
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


# Celery's main process works with these, and ends when they are of another type.
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


def _anything(*_args: object, **_kwargs: object) -> bool:
    return True


def _dispatch_takes() -> bool:
    return True


def _tell_unread_takes(user_ids: object) -> bool:
    return isinstance(user_ids, list) and all(type(id) is int and 0 < id <= tokens.LARGEST_ID for id in user_ids)


_TAKES: dict[str, Callable[..., bool]] = {
    events.DISPATCH_TASK: _dispatch_takes,
    events.TELL_UNREAD_TASK: _tell_unread_takes,
}
