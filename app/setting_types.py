"""What a setting may hold: types that check a value and say what it should be."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from app import origins, tls


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


def _with_tls(url: str) -> str:
    asked = tls.read(url)
    if asked is not None:
        asked.context()
    return url


def _origin(value: str) -> str:
    origin = "*" if value == "*" else origins.normalize(value)
    if origin is None:
        raise ValueError(f"{value!r} should be an origin such as https://news.example, without a path")
    return origin


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value().encode()) < 32:
        raise ValueError("should be a secret of 32 bytes or more, for instance the output of: openssl rand -hex 32")
    return secret


def _user_and_password(secret: SecretStr) -> SecretStr:
    if not all(secret.get_secret_value().partition(":")[::2]):
        raise ValueError("should be user:password")
    return secret


DatabaseUrl = Annotated[str, _one_of("sqlite", "postgresql+psycopg")]
_ServerUrl = Annotated[str, AfterValidator(_with_a_port), AfterValidator(_with_tls)]
QueueUrl = Annotated[_ServerUrl, _one_of("amqp", "amqps", "redis", "rediss")]
RedisUrl = Annotated[_ServerUrl, _one_of("redis", "rediss")]
Origin = Annotated[str, AfterValidator(_origin)]
Photo = Annotated[str, Field(pattern=r"^(https?://|/)\S+$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Secret = Annotated[SecretStr, AfterValidator(_long_enough)]
Login = Annotated[SecretStr, AfterValidator(_user_and_password)]
