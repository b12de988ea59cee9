"""Notify users in your own transaction; the toutiao push server delivers after the commit."""

from toutiao_push.errors import (
    InvalidActor,
    InvalidDeclarations,
    InvalidKey,
    InvalidNotification,
    InvalidPayload,
    InvalidRecipient,
    PushError,
    UnknownEvent,
)
from toutiao_push.push import Push
from toutiao_push.tokens import mint_token
from toutiao_push.wake import Waker, wake_celery

__all__ = [
    "InvalidActor",
    "InvalidDeclarations",
    "InvalidKey",
    "InvalidNotification",
    "InvalidPayload",
    "InvalidRecipient",
    "Push",
    "PushError",
    "UnknownEvent",
    "Waker",
    "mint_token",
    "wake_celery",
]
