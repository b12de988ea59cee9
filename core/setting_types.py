"""Types of settings: each checks a value, and its error says what the value should be."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from core import addresses, jwks, origins, public_keys, service_keys, tls, vapid
from core.admin_login import AdminLogin

# Names in Redis and RabbitMQ: none of these characters means anything else in a pattern of rights or of channels.
_NAME = re.compile(r"[A-Za-z0-9._:-]*")
_LONGEST_NAME = 40
_SCHEMA = re.compile(rf"[a-z_][a-z0-9_]{{0,{_LONGEST_NAME - 1}}}")

_SUBJECT = re.compile(r"(mailto:[^@\s]+@[^@\s]+|https://\S+)")
_SHORTEST_SECRET_BYTES = 32
# Of 28 million random secrets of 32 hexadecimal digits, one has fewer. So have words such as "password" or "changeme",
# however often they are repeated.
_LEAST_CHARACTERS = 8
_SHORTEST_PIECE = 11
_PLACEHOLDER = re.compile(r"change.?(me|this|it)|replace.?(me|this)|your.{0,5}secret", re.IGNORECASE)


def _one_of(*schemes: str) -> AfterValidator:
    prefixes = tuple(f"{scheme}://" for scheme in schemes)

    def check(url: str) -> str:
        if not url.startswith(prefixes):
            raise ValueError(f"should begin with one of {', '.join(prefixes)}")
        return url

    return AfterValidator(check)


def _name(shortest: int) -> AfterValidator:
    def check(name: str) -> str:
        if not (shortest <= len(name) <= _LONGEST_NAME and _NAME.fullmatch(name)):
            lengths = f"{shortest} to {_LONGEST_NAME} characters"
            raise ValueError(f"should be {lengths}, of A to Z, a to z, 0 to 9 and . _ - :")
        return name

    return AfterValidator(check)


def _with_valid_port(url: str) -> str:
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError("should have a port from 0 to 65535, or none: scheme://user:password@host:port/...") from None
    return url


def _with_valid_tls(url: str) -> str:
    asked = tls.read(url)
    if asked is not None:
        asked.context()
    return url


def _origin(value: str) -> str:
    origin = "*" if value == "*" else origins.normalize(value)
    if origin is None:
        raise ValueError(f"{value!r} should be an origin such as https://news.example, without a path")
    return origin


def _network(value: object) -> object:
    """Read what is text. Another validator refuses what is neither text nor a network."""
    if not isinstance(value, str):
        return value
    try:
        return addresses.parse_network(value)
    except ValueError:
        raise ValueError(f"{value!r} should be an address or a network such as 10.0.0.0/8") from None


def _secret(secret: SecretStr) -> SecretStr:
    fault = _weakness(secret.get_secret_value())
    if fault:
        raise ValueError(
            f"should be a secret of 32 bytes or more, such as the output of: openssl rand -hex 32; {fault}"
        )
    return secret


def _weakness(secret: str) -> str | None:
    """Say why a secret is one that can be guessed, or that nobody has chosen yet."""
    if len(secret.encode()) < _SHORTEST_SECRET_BYTES:
        return "this one is shorter"
    if len(set(secret)) < _LEAST_CHARACTERS:
        return f"this one has fewer than {_LEAST_CHARACTERS} different characters"
    # A text repeats its first n characters if it is the same n characters later.
    if any(secret.startswith(secret[length:]) for length in range(1, _SHORTEST_PIECE)):
        return f"this one repeats a piece of fewer than {_SHORTEST_PIECE} characters"
    if "-----BEGIN" in secret:
        return "this one is a key in PEM; a public key belongs into JWT_PUBLIC_KEY"
    if _PLACEHOLDER.search(secret):
        return "this one is a placeholder"
    return None


def _public_keys(value: str) -> str:
    """Return keys in PEM: the setting itself, or what the file that it names holds."""
    if "-----BEGIN" not in value:
        try:
            value = Path(value).read_text()
        except (OSError, ValueError) as error:
            cause = getattr(error, "strerror", None) or "it is no text"
            raise ValueError(f"should be a public key in PEM, or the path of a file with some; {cause}") from None
    try:
        public_keys.from_pem(value)
    except public_keys.UnusableKey as error:
        raise ValueError(f"should be public keys in PEM; it {error}") from None
    return value


def _jwks_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and parts.username is None and not parts.fragment and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or parts.scheme not in ("http", "https") or not (url.isascii() and url.isprintable()):
        raise ValueError("should be the address of a JWK set, https://...")
    if parts.scheme == "http" and not jwks.is_loopback(url):
        raise ValueError("should begin with https://; http:// is only for 127.0.0.1, ::1 and localhost")
    return url


def _service_key(line: str) -> str:
    if not service_keys.is_line(line):
        raise ValueError("should be name:hash, several separated by commas; `flask service-key new NAME` prints one")
    return line


def _vapid_key(secret: SecretStr) -> SecretStr:
    try:
        vapid.parse_key(secret.get_secret_value())
    except vapid.InvalidKey as error:
        raise ValueError(f"should be what `flask vapid-key new` prints; it {error}") from None
    return secret


def _subject(subject: str) -> str:
    if not _SUBJECT.fullmatch(subject):
        raise ValueError("should be how push services reach you: mailto:you@example.com, or an address https://...")
    return subject


def _push_origin(value: str) -> str:
    origin = origins.normalize(value)
    if origin is None or not origin.startswith(("http://", "https://")):
        raise ValueError(f"{value!r} should be an origin such as https://push.internal:8443, without a path")
    return origin


def _user_and_password(secret: SecretStr) -> SecretStr:
    if not all(secret.get_secret_value().partition(":")[::2]):
        raise ValueError("should be user:password")
    return secret


def _admin_login(secret: SecretStr) -> SecretStr:
    AdminLogin.parse(secret.get_secret_value())
    return secret


def _is_dotted(value: str) -> bool:
    return all(part.isidentifier() for part in value.split("."))


def _event_source(value: str) -> str:
    if not (_is_dotted(value) or value.endswith(".toml")):
        raise ValueError(f"{value!r} should be a module's name such as app.events, or a file such as events.toml")
    return value


def _function(value: str) -> str:
    if not value:
        return value
    module, _, function = value.partition(":")
    if not (_is_dotted(module) and _is_dotted(function)):
        raise ValueError(f"{value!r} should name a function such as app.services.accounts:load_profiles")
    return value


def _schema(name: str) -> str:
    if not _SCHEMA.fullmatch(name) or name.startswith("pg_"):
        lengths = f"1 to {_LONGEST_NAME} characters"
        raise ValueError(f"should be {lengths}, of a to z, 0 to 9 and _, and begin neither with a digit nor with pg_")
    return name


DatabaseUrl = Annotated[str, _one_of("sqlite", "postgresql+psycopg")]
_ServerUrl = Annotated[str, AfterValidator(_with_valid_port), AfterValidator(_with_valid_tls)]
QueueUrl = Annotated[_ServerUrl, _one_of("amqp", "amqps", "redis", "rediss")]
RedisUrl = Annotated[_ServerUrl, _one_of("redis", "rediss")]
Origin = Annotated[str, AfterValidator(_origin)]
ProxyNetwork = Annotated[addresses.Network, BeforeValidator(_network)]
Photo = Annotated[str, Field(pattern=r"^(https?://|/)\S+$")]
Port = Annotated[int, Field(ge=1, le=65535)]
KeyPrefix = Annotated[str, _name(0)]
Channel = Annotated[str, _name(1)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
ServiceKey = Annotated[str, AfterValidator(_service_key)]
_NONE_IF_EMPTY = BeforeValidator(lambda value: value or None)  # compose can't leave out a variable
OptionalDatabaseUrl = Annotated[DatabaseUrl | None, _NONE_IF_EMPTY]
OptionalSecret = Annotated[Secret | None, _NONE_IF_EMPTY]
OptionalPublicKeys = Annotated[Annotated[str, AfterValidator(_public_keys)] | None, _NONE_IF_EMPTY]
OptionalJwksUrl = Annotated[Annotated[str, AfterValidator(_jwks_url)] | None, _NONE_IF_EMPTY]
ClaimName = Annotated[str, Field(min_length=1, max_length=100)]
OptionalAdmin = Annotated[Annotated[SecretStr, AfterValidator(_admin_login)] | None, _NONE_IF_EMPTY]
OptionalSchema = Annotated[Annotated[str, AfterValidator(_schema)] | None, _NONE_IF_EMPTY]
OptionalVapidKey = Annotated[Annotated[SecretStr, AfterValidator(_vapid_key)] | None, _NONE_IF_EMPTY]
OptionalSubject = Annotated[Annotated[str, AfterValidator(_subject)] | None, _NONE_IF_EMPTY]
PushOrigin = Annotated[str, AfterValidator(_push_origin)]
Login = Annotated[SecretStr, AfterValidator(_user_and_password)]
EventSource = Annotated[str, AfterValidator(_event_source)]
FunctionName = Annotated[str, AfterValidator(_function)]  # "" names none
