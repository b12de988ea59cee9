"""Typed settings: the only reader of the environment. Each process has a class with only what it needs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from core.client_settings import ClientSettings
from core.keys import Keys
from core.limit_settings import CallLimitSettings, SocketLimitSettings
from core.setting_types import (
    Channel,
    DatabaseUrl,
    EventSource,
    FunctionName,
    KeyPrefix,
    Login,
    OptionalAdmin,
    OptionalDatabaseUrl,
    OptionalSchema,
    OptionalSecret,
    OptionalSubject,
    OptionalVapidKey,
    Photo,
    Port,
    PushOrigin,
    QueueUrl,
    RedisUrl,
    ServiceKey,
)
from core.settings_base import SHOULD_HOLD, ProcessSettings, comma_separated
from core.vapid import Vapid, parse_key


class SettingsError(Exception):
    """Settings are missing or wrong. The message has a line for each: the variable, and what it should hold."""


class DatabaseSettings(ProcessSettings):
    """All that migrations need."""

    database_url: DatabaseUrl
    database_schema: OptionalSchema = None  # of PostgreSQL; None: what the search_path says

    @field_validator("database_schema")
    @classmethod
    def _has_schemas(cls, schema: str | None, info: ValidationInfo) -> str | None:
        if schema is not None and str(info.data.get("database_url")).startswith("sqlite"):
            raise ValueError("SQLite has no schemas: give the system a file of its own in DATABASE_URL, and unset this")
        return schema


class KeySettings(ProcessSettings):
    """What this system's names begin with in Redis and RabbitMQ that others use as well."""

    key_prefix: KeyPrefix = ""

    @property
    def keys(self) -> Keys:
        return Keys(self.key_prefix)


class BrokerSettings(KeySettings):
    broker_url: QueueUrl


class BeatSettings(BrokerSettings):
    heartbeat_file: Path | None = None


class QueueSettings(ProcessSettings):
    message_queue_url: QueueUrl
    channel: Channel = "socketio"  # what python-socketio's own managers take
    message_queue_key: OptionalSecret = None
    message_queue_key_previous: OptionalSecret = None

    @field_validator("message_queue_key_previous")
    @classmethod
    def _is_beside_a_key(cls, previous: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if previous is not None and info.data.get("message_queue_key") is None:
            raise ValueError("needs MESSAGE_QUEUE_KEY beside it, which signs")
        return previous

    @property
    def message_queue_keys(self) -> list[str]:
        """The keys that messages of the queue may be signed with. The first one signs; without any, nothing does."""
        keys = (self.message_queue_key, self.message_queue_key_previous)
        return [key.get_secret_value() for key in keys if key is not None]


class PushSettings(QueueSettings, KeySettings):
    """Where pushes go: to the message queue and into the histories."""

    redis_url: RedisUrl
    history_length: Annotated[int, Field(ge=1, le=100_000)] = 500
    history_seconds: Annotated[int, Field(ge=60)] = 3 * 24 * 3600
    default_photo: Photo = "/static/default-photo.svg"  # of who has none: clients take it for an address

    @property
    def script_channel(self) -> str:
        """The channel on which one script can publish what it has just stored; "" where the emitter publishes.

        That is where history and message queue are one Redis database. A script can't sign, so it needs no key as well.
        """
        is_one_redis = self.message_queue_url == self.redis_url
        return self.channel if is_one_redis and not self.message_queue_keys else ""


class HostSettings(DatabaseSettings):
    """The app that the engine works for, as names that Python can import, and files with events."""

    events: Annotated[list[EventSource], NoDecode] = Field(default_factory=lambda: ["app.events"])
    profile_loader: FunctionName = "app.services.accounts:load_profiles"
    knows_loader: FunctionName = "app.services.relations:load_known"

    _split_events = field_validator("events", mode="before")(comma_separated)


class WebPushSettings(ProcessSettings):
    """Notifications to devices whose page is not open, by the push services of their browsers. Off without a key."""

    vapid_private_key: OptionalVapidKey = None
    vapid_subject: Annotated[OptionalSubject, Field(validate_default=True)] = None
    web_push_private_origins: Annotated[list[PushOrigin], NoDecode] = Field(default_factory=list)

    _split_origins = field_validator("web_push_private_origins", mode="before")(comma_separated)

    @field_validator("vapid_subject")
    @classmethod
    def _is_beside_a_vapid_key(cls, subject: str | None, info: ValidationInfo) -> str | None:
        if subject is None and info.data.get("vapid_private_key") is not None:
            raise ValueError(
                "is not set; beside VAPID_PRIVATE_KEY it should hold mailto:you@example.com or https://..."
            )
        return subject

    @property
    def has_web_push(self) -> bool:
        return self.vapid_private_key is not None

    @property
    def vapid(self) -> Vapid | None:
        """Who signs for this system; None where Web Push is off."""
        if self.vapid_private_key is None:
            return None
        return Vapid(parse_key(self.vapid_private_key.get_secret_value()), str(self.vapid_subject))


class FailpointSettings(ProcessSettings):
    failpoint: str | None = None  # for the failure tests: where a process kills itself


class StorageSettings(HostSettings, PushSettings, WebPushSettings):
    """What API processes and workers both need."""


class ApiSettings(StorageSettings, BrokerSettings, ClientSettings, CallLimitSettings, FailpointSettings):
    """The API does not push, but /readyz says whether the workers can."""

    im_port: Port = 8001
    service_keys: Annotated[list[ServiceKey], NoDecode] = Field(default_factory=list)

    _split_service_keys = field_validator("service_keys", mode="before")(comma_separated)


class WorkerSettings(StorageSettings, BeatSettings, FailpointSettings):
    group_seconds: Annotated[int, Field(ge=0, le=3600)] = 5  # in which sockets are told of a group once at most
    # From a group's first notification to its last. With 0 there are no groups.
    group_window_seconds: Annotated[int, Field(ge=0, le=30 * 24 * 3600)] = 24 * 3600
    database_listen: bool = True  # whether NOTIFY of PostgreSQL wakes a worker
    database_listen_url: OptionalDatabaseUrl = None  # around a pooler, through which nothing can listen

    @property
    def listen_url(self) -> str | None:
        """The URL to listen at, or None for nowhere: SQLite tells nobody of a commit."""
        url = self.database_listen_url or self.database_url
        return url if self.database_listen and not url.startswith("sqlite") else None


class ImSettings(PushSettings, ClientSettings, SocketLimitSettings):
    im_host: str = "127.0.0.1"
    im_transport: Literal["fast", "stock"] = "fast"
    im_drain_seconds: Annotated[float, Field(ge=0, le=3600)] = 2
    token_grace_seconds: Annotated[float, Field(ge=0, le=3600)] = 10  # from a token's end to the socket's
    revocation_stale_seconds: Annotated[float, Field(ge=5, le=3600)] = 60  # longer, and no token is accepted
    message_queue_control: bool = False  # whether other managers may disconnect clients and change rooms
    admin_ui: OptionalAdmin = None


class FlowerSettings(BrokerSettings):
    flower_basic_auth: Login
    flower_address: str = "127.0.0.1"
    flower_port: Port = 5555


class Settings(ApiSettings, WorkerSettings, ImSettings, FlowerSettings):
    """The settings of all processes together, for `make run`."""

    data_dir: Path = Path(".data")


S = TypeVar("S", bound=ProcessSettings)


def load_settings(kind: type[S], overrides: Mapping[str, Any] | None = None) -> S:
    """Read the settings of one kind. `overrides`, by upper-case name, take precedence over the environment.

    Raise SettingsError, which names each setting that is missing or wrong.
    """
    given = overrides or {}
    try:
        return kind(**{name: given[name.upper()] for name in kind.model_fields if name.upper() in given})
    except ValidationError as error:
        lines = (f"{str(e['loc'][0]).upper()}: {_explain(e)}" for e in error.errors())
        raise SettingsError("\n".join(lines)) from None


def _explain(error: Mapping[str, Any]) -> str:
    if error["type"] == "missing":
        return f"is not set; it should hold {SHOULD_HOLD[error['loc'][0]]}"
    return str(error["msg"]).removeprefix("Value error, ")
