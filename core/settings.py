"""Typed settings: the only reader of the environment. Each process has a class with only what it needs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core import public_keys, service_links, tokens
from core.addresses import TrustedProxies
from core.keys import Keys
from core.origins import AllowedOrigins
from core.public_keys import PublicKey
from core.setting_types import (
    Channel,
    ClaimName,
    DatabaseUrl,
    EventSource,
    FunctionName,
    KeyPrefix,
    Login,
    OptionalAdmin,
    OptionalDatabaseUrl,
    OptionalJwksUrl,
    OptionalPublicKeys,
    OptionalSchema,
    OptionalSecret,
    OptionalSubject,
    OptionalVapidKey,
    Origin,
    Photo,
    Port,
    ProxyNetwork,
    PushOrigin,
    QueueUrl,
    RedisUrl,
    ServiceKey,
)
from core.tokens import Parties
from core.vapid import Vapid, parse_key

_OWN_USER_CLAIM = "user_id"


class SettingsError(Exception):
    """Settings are missing or wrong. The message has a line for each: the variable, and what it should hold."""


class _Settings(BaseSettings):
    """Each field reads the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_service_links(cls, given: dict[str, Any]) -> dict[str, Any]:
        return service_links.without(given)


def _comma_separated(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class DatabaseSettings(_Settings):
    """All that migrations need."""

    database_url: DatabaseUrl
    database_schema: OptionalSchema = None  # of PostgreSQL; None: what the search_path says

    @field_validator("database_schema")
    @classmethod
    def _has_schemas(cls, schema: str | None, info: ValidationInfo) -> str | None:
        if schema is not None and str(info.data.get("database_url")).startswith("sqlite"):
            raise ValueError("SQLite has no schemas: give the system a file of its own in DATABASE_URL, and unset this")
        return schema


class KeySettings(_Settings):
    """What this system's names begin with in Redis and RabbitMQ that others use as well."""

    key_prefix: KeyPrefix = ""

    @property
    def keys(self) -> Keys:
        return Keys(self.key_prefix)


class BrokerSettings(KeySettings):
    broker_url: QueueUrl


class BeatSettings(BrokerSettings):
    heartbeat_file: Path | None = None


class QueueSettings(_Settings):
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


class ClientSettings(_Settings):
    """Which clients may connect: those with a token, from an allowed origin; and which proxies may speak for them."""

    jwt_public_key: OptionalPublicKeys = None
    jwt_jwks_url: OptionalJwksUrl = None
    jwt_secret: Annotated[OptionalSecret, Field(validate_default=True)] = None
    jwt_secret_previous: OptionalSecret = None  # still accepted, while clients have tokens that it signed
    jwt_issuer: Annotated[list[str], NoDecode] = Field(default_factory=list)
    jwt_audience: Annotated[list[str], NoDecode] = Field(default_factory=list)
    jwt_user_claim: ClaimName = _OWN_USER_CLAIM
    jwt_leeway_seconds: Annotated[float, Field(ge=0, le=3600)] = tokens.LEEWAY_SECONDS
    api_port: Port = 5000
    cors_origins: Annotated[list[Origin], NoDecode] = Field(default_factory=list)
    im_public_url: Origin | None = None
    trusted_proxies: Annotated[list[ProxyNetwork], NoDecode] = Field(default_factory=list)

    _split = field_validator("cors_origins", "trusted_proxies", "jwt_issuer", "jwt_audience", mode="before")(
        _comma_separated
    )

    @field_validator("jwt_jwks_url")
    @classmethod
    def _is_alone(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is not None and info.data.get("jwt_public_key") is not None:
            raise ValueError("should not be set beside JWT_PUBLIC_KEY: the keys come from one of the two")
        return url

    @field_validator("jwt_secret")
    @classmethod
    def _is_set_without_public_keys(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # A key that is wrong is not in `data`. Its own error says enough.
        if secret is None and all(info.data.get(name, "") is None for name in ("jwt_public_key", "jwt_jwks_url")):
            raise ValueError(f"is not set; it should hold {_SHOULD_HOLD['jwt_secret']}")
        return secret

    @field_validator("jwt_secret_previous")
    @classmethod
    def _is_beside_a_secret(cls, previous: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if previous is not None and info.data.get("jwt_secret", "") is None:
            raise ValueError("needs JWT_SECRET beside it, which signs")
        return previous

    @property
    def jwt_secrets(self) -> tuple[str, ...]:
        """The secrets that tokens may be signed with. The first signs new ones."""
        return tuple(secret.get_secret_value() for secret in (self.jwt_secret, self.jwt_secret_previous) if secret)

    @property
    def public_keys(self) -> tuple[PublicKey, ...]:
        return public_keys.from_pem(self.jwt_public_key) if self.jwt_public_key else ()

    @property
    def parties(self) -> Parties:
        return Parties(tuple(self.jwt_issuer), tuple(self.jwt_audience))

    @property
    def has_own_tokens(self) -> bool:
        """Whether the API's own log-in gives tokens. Else the login of the host gives all of them."""
        has_public_keys = self.jwt_public_key is not None or self.jwt_jwks_url is not None
        return self.jwt_secret is not None and (has_public_keys or self.jwt_user_claim == _OWN_USER_CLAIM)

    @property
    def allowed_origins(self) -> list[str]:
        """The origins that may call the API and open sockets. The default is the API itself on this machine."""
        return self.cors_origins or [f"http://{host}:{self.api_port}" for host in ("127.0.0.1", "localhost", "[::1]")]

    @property
    def proxies(self) -> TrustedProxies:
        return TrustedProxies(self.trusted_proxies)

    @property
    def origins(self) -> AllowedOrigins:
        """The same origins and the IM servers' public address, in a form for comparison."""
        return AllowedOrigins([*self.allowed_origins, *filter(None, [self.im_public_url])])


class HostSettings(DatabaseSettings):
    """The app that the engine works for, as names that Python can import, and files with events."""

    events: Annotated[list[EventSource], NoDecode] = Field(default_factory=lambda: ["app.events"])
    profile_loader: FunctionName = "app.services.accounts:load_profiles"
    knows_loader: FunctionName = "app.services.relations:load_known"

    _split_events = field_validator("events", mode="before")(_comma_separated)


class WebPushSettings(_Settings):
    """Notifications to devices whose page is not open, by the push services of their browsers. Off without a key."""

    vapid_private_key: OptionalVapidKey = None
    vapid_subject: Annotated[OptionalSubject, Field(validate_default=True)] = None
    web_push_private_origins: Annotated[list[PushOrigin], NoDecode] = Field(default_factory=list)

    _split_origins = field_validator("web_push_private_origins", mode="before")(_comma_separated)

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


class FailpointSettings(_Settings):
    failpoint: str | None = None  # for the failure tests: where a process kills itself


class StorageSettings(HostSettings, PushSettings, WebPushSettings):
    """What API processes and workers both need."""


class CallLimitSettings(_Settings):
    """How often a client may call the API, and what passwords may take of it. See "Limits" in docs/operations.md."""

    limit_calls_per_user: Annotated[int, Field(ge=1)] = 12_000
    limit_calls_per_service: Annotated[int, Field(ge=1)] = 60_000
    limit_calls_per_address: Annotated[int, Field(ge=1)] = 60_000
    limit_sign_ups_per_address: Annotated[int, Field(ge=1)] = 600
    limit_follows_per_user: Annotated[int, Field(ge=1)] = 10_000
    limit_articles_per_user: Annotated[int, Field(ge=1)] = 10_000
    limit_failed_logins: Annotated[int, Field(ge=1)] = 10
    limit_failed_logins_per_name: Annotated[int, Field(ge=1)] = 50
    limit_failed_logins_per_address: Annotated[int, Field(ge=1)] = 100
    limit_login_pause_seconds: Annotated[int, Field(ge=1, le=3600)] = 900
    limit_bodies: Annotated[int, Field(ge=1)] = 16
    limit_password_hashes: Annotated[int, Field(ge=1)] = 2
    limit_waiting_passwords: Annotated[int, Field(ge=0)] = 2


class ApiSettings(StorageSettings, BrokerSettings, ClientSettings, CallLimitSettings, FailpointSettings):
    """The API does not push, but /readyz says whether the workers can."""

    im_port: Port = 8001
    service_keys: Annotated[list[ServiceKey], NoDecode] = Field(default_factory=list)

    _split_service_keys = field_validator("service_keys", mode="before")(_comma_separated)


class WorkerSettings(StorageSettings, BeatSettings, FailpointSettings):
    group_seconds: Annotated[int, Field(ge=0, le=3600)] = 5  # in which sockets are told of a group once at most
    group_window_seconds: Annotated[int, Field(ge=1, le=30 * 24 * 3600)] = 24 * 3600  # from a group's first to its last
    database_listen: bool = True  # whether NOTIFY of PostgreSQL wakes a worker
    database_listen_url: OptionalDatabaseUrl = None  # around a pooler, through which nothing can listen

    @property
    def listen_url(self) -> str | None:
        """The URL to listen at, or None for nowhere: SQLite tells nobody of a commit."""
        url = self.database_listen_url or self.database_url
        return url if self.database_listen and not url.startswith("sqlite") else None


class SocketLimitSettings(_Settings):
    """How much one client, or all of them together, may take of an IM server."""

    limit_sockets_per_server: Annotated[int, Field(ge=1)] | None = None  # None: what open files allow
    limit_sockets_per_address: Annotated[int, Field(ge=1)] = 2000
    limit_sockets_per_user: Annotated[int, Field(ge=1)] = 500
    limit_anonymous_sockets: Annotated[int, Field(ge=0)] | None = None  # None: a share of all sockets
    limit_handshakes_per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 2000
    limit_handshakes_per_address: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 100  # in a second
    limit_request_seconds: Annotated[float, Field(ge=1, le=60)] = 10
    limit_connect_seconds: Annotated[float, Field(ge=1, le=60)] = 15
    limit_events_per_second: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 200
    limit_bytes_per_second: Annotated[float, Field(ge=1024, allow_inf_nan=False)] = 200 * 1024
    limit_message_bytes: Annotated[int, Field(ge=1024, le=1024 * 1024)] = 64 * 1024


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


S = TypeVar("S", bound=_Settings)


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
