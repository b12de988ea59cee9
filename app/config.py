"""Typed settings: the only reader of the environment."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class SettingsError(Exception):
    """A setting is missing or wrong. The message has one line for each, naming the variable and what it should hold."""


def _one_of(*schemes: str) -> AfterValidator:
    beginnings = tuple(f"{scheme}://" for scheme in schemes)

    def check(url: str) -> str:
        if not url.startswith(beginnings):
            raise ValueError(f"should begin with one of {', '.join(beginnings)}")
        return url

    return AfterValidator(check)


def _with_a_port(url: str) -> str:
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError("should have a port from 0 to 65535, or none: scheme://user:password@host:port/...") from None
    return url


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if value != "*" and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path):
        raise ValueError(f"{value!r} should be an origin such as https://news.example, without a path")
    return value


DatabaseUrl = Annotated[str, _one_of("sqlite", "postgresql+psycopg")]
QueueUrl = Annotated[str, _one_of("amqp", "amqps", "redis", "rediss"), AfterValidator(_with_a_port)]
RedisUrl = Annotated[str, _one_of("redis", "rediss"), AfterValidator(_with_a_port)]
Origin = Annotated[str, AfterValidator(_origin)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """What a process may be told from outside; each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: DatabaseUrl
    broker_url: QueueUrl
    message_queue_url: QueueUrl
    redis_url: RedisUrl
    jwt_secret: SecretStr

    api_port: Port = 5000
    im_host: str = "127.0.0.1"
    im_port: Port = 8001
    im_public_url: Origin | None = None
    im_transport: Literal["fast", "stock"] = "fast"
    im_drain_seconds: Annotated[float, Field(ge=0, le=3600)] = 2
    flower_port: Port = 5555
    flower_basic_auth: str | None = None
    data_dir: Path = Path(".data")
    cors_origins: Annotated[list[Origin], NoDecode] = Field(default_factory=list)
    crash_point: str | None = None  # for the failure tests: where a worker kills itself
    history_length: Annotated[int, Field(ge=1, le=100_000)] = 500
    history_seconds: Annotated[int, Field(ge=60)] = 3 * 24 * 3600

    @field_validator("jwt_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value().encode()) < 32:
            raise ValueError("should be a secret of 32 bytes or more, for instance the output of: openssl rand -hex 32")
        return secret

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("flower_basic_auth")
    @classmethod
    def _user_and_password(cls, value: str | None) -> str | None:
        if value is not None and not all(value.partition(":")[::2]):
            raise ValueError("should be user:password")
        return value

    @property
    def allowed_origins(self) -> list[str]:
        """The origins that may call the API and open sockets: by default the API's own on this machine."""
        return self.cors_origins or [f"http://{host}:{self.api_port}" for host in ("127.0.0.1", "localhost")]

    @property
    def is_one_redis(self) -> bool:
        """Whether history and message queue are the same Redis database, so that one script can append and publish."""
        return self.message_queue_url == self.redis_url


def load_settings(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings, overrides (by field name) before the environment; raise SettingsError naming what is wrong."""
    try:
        return Settings(**(overrides or {}))
    except ValidationError as error:
        lines = (f"{str(e['loc'][0]).upper()}: {_explain(e)}" for e in error.errors())
        raise SettingsError("\n".join(lines)) from None


@cache
def settings() -> Settings:
    """Return this process's settings, read once."""
    return load_settings()


_SHOULD_HOLD = {
    "database_url": "an SQLAlchemy URL, sqlite:///... or postgresql+psycopg://...",
    "broker_url": "the URL of Celery's broker, amqp://... or redis://...",
    "message_queue_url": "the URL of Socket.IO's message queue, amqp://... or redis://...",
    "redis_url": "the URL of the Redis that holds profiles and histories, redis://...",
    "jwt_secret": "a secret of 32 bytes or more, for instance the output of: openssl rand -hex 32",
}


def _explain(error: Mapping[str, Any]) -> str:
    if error["type"] == "missing":
        return f"is not set; it should hold {_SHOULD_HOLD[error['loc'][0]]}"
    return str(error["msg"]).removeprefix("Value error, ")
