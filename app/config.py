"""Typed settings: the only reader of the environment. Each process has a class with what it needs, and no more."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app import service_links, tokens
from app.origins import AllowedOrigins
from app.setting_types import DatabaseUrl, Login, Origin, Photo, Port, QueueUrl, RedisUrl, Secret


class SettingsError(Exception):
    """A setting is missing or wrong. The message has one line for each, naming the variable and what it should hold."""


class _Settings(BaseSettings):
    """Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_service_links(cls, given: dict[str, Any]) -> dict[str, Any]:
        return service_links.without(given)


class DatabaseSettings(_Settings):
    """All that migrations need."""

    database_url: DatabaseUrl


class BrokerSettings(_Settings):
    broker_url: QueueUrl


class BeatSettings(BrokerSettings):
    heartbeat_file: Path | None = None


class QueueSettings(_Settings):
    message_queue_url: QueueUrl


class PushSettings(QueueSettings):
    """Where pushes go: over the message queue, and into the histories."""

    redis_url: RedisUrl
    history_length: Annotated[int, Field(ge=1, le=100_000)] = 500
    history_seconds: Annotated[int, Field(ge=60)] = 3 * 24 * 3600
    default_photo: Photo = "/static/default-photo.svg"  # of who has none: clients take it for an address

    @property
    def is_one_redis(self) -> bool:
        """Whether history and message queue are the same Redis database, so that one script can append and publish."""
        return self.message_queue_url == self.redis_url


class ClientSettings(_Settings):
    """Which clients are let in: those with a token, from an allowed origin."""

    jwt_secret: Secret
    jwt_leeway_seconds: Annotated[float, Field(ge=0, le=3600)] = tokens.LEEWAY_SECONDS
    api_port: Port = 5000
    cors_origins: Annotated[list[Origin], NoDecode] = Field(default_factory=list)
    im_public_url: Origin | None = None

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @property
    def allowed_origins(self) -> list[str]:
        """The origins that may call the API and open sockets: by default the API's own on this machine."""
        return self.cors_origins or [f"http://{host}:{self.api_port}" for host in ("127.0.0.1", "localhost", "[::1]")]

    @property
    def origins(self) -> AllowedOrigins:
        """The same and the IM servers' public address, to compare with."""
        return AllowedOrigins([*self.allowed_origins, *filter(None, [self.im_public_url])])


class CrashSettings(_Settings):
    crash_point: str | None = None  # for the failure tests: where a process kills itself


class ApiSettings(DatabaseSettings, BrokerSettings, PushSettings, ClientSettings, CrashSettings):
    """It does not push, but says in /readyz whether others can."""

    im_port: Port = 8001


class WorkerSettings(DatabaseSettings, BeatSettings, PushSettings, CrashSettings):
    pass


class ImSettings(PushSettings, ClientSettings):
    im_host: str = "127.0.0.1"
    im_transport: Literal["fast", "stock"] = "fast"
    im_drain_seconds: Annotated[float, Field(ge=0, le=3600)] = 2


class FlowerSettings(BrokerSettings):
    flower_basic_auth: Login
    flower_address: str = "127.0.0.1"
    flower_port: Port = 5555


class Settings(ApiSettings, WorkerSettings, ImSettings, FlowerSettings):
    """What `make run` gives to all of them."""

    data_dir: Path = Path(".data")


S = TypeVar("S", bound=_Settings)


def load_settings(kind: type[S], overrides: Mapping[str, Any] | None = None) -> S:
    """Read the settings of one kind, overrides by upper-case name before the environment.

    Raise SettingsError that names each which is missing or wrong.
    """
    given = overrides or {}
    try:
        return kind(**{name: given[name.upper()] for name in kind.model_fields if name.upper() in given})
    except ValidationError as error:
        lines = (f"{str(e['loc'][0]).upper()}: {_explain(e)}" for e in error.errors())
        raise SettingsError("\n".join(lines)) from None


_SHOULD_HOLD = {
    "database_url": "an SQLAlchemy URL, sqlite:///... or postgresql+psycopg://...",
    "broker_url": "the URL of Celery's broker, amqp://... or redis://...",
    "message_queue_url": "the URL of Socket.IO's message queue, amqp://... or redis://...",
    "redis_url": "the URL of the Redis that holds profiles and histories, redis://...",
    "jwt_secret": "a secret of 32 bytes or more, for instance the output of: openssl rand -hex 32",
    "flower_basic_auth": "user:password; Flower does not start without one",
}


def _explain(error: Mapping[str, Any]) -> str:
    if error["type"] == "missing":
        return f"is not set; it should hold {_SHOULD_HOLD[error['loc'][0]]}"
    return str(error["msg"]).removeprefix("Value error, ")
