"""What all classes of settings have in common."""

from typing import Any

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core import service_links

SHOULD_HOLD = {
    "database_url": "an SQLAlchemy URL, sqlite:///... or postgresql+psycopg://...",
    "broker_url": "the URL of Celery's broker, amqp://... or redis://...",
    "message_queue_url": "the URL of Socket.IO's message queue, amqp://... or redis://...",
    "redis_url": "the URL of the Redis that holds profiles and histories, redis://...",
    "jwt_secret": "a secret of 32 bytes or more, for instance the output of: openssl rand -hex 32",
    "flower_basic_auth": "user:password; Flower does not start without one",
}


class ProcessSettings(BaseSettings):
    """Each field reads the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_service_links(cls, given: dict[str, Any]) -> dict[str, Any]:
        return service_links.without(given)


def comma_separated(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
