"""The settings of the processes that clients call: tokens, origins and proxies."""

from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from core import public_keys, tokens
from core.addresses import TrustedProxies
from core.origins import AllowedOrigins
from core.public_keys import PublicKey
from core.setting_types import (
    ClaimName,
    OptionalJwksUrl,
    OptionalPublicKeys,
    OptionalSecret,
    Origin,
    Port,
    ProxyNetwork,
)
from core.settings_base import SHOULD_HOLD, ProcessSettings, comma_separated
from core.tokens import Parties

_OWN_USER_CLAIM = "user_id"


class ClientSettings(ProcessSettings):
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
        comma_separated
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
            raise ValueError(f"is not set; it should hold {SHOULD_HOLD['jwt_secret']}")
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
