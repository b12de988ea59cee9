"""Decides whose a token is. The API and the IM servers share this, so they accept the same tokens."""

from collections.abc import Sequence
from typing import Any

import jwt

from core import foreign_tokens, jwks, tokens
from core.client_settings import ClientSettings
from core.foreign_tokens import ForeignRules
from core.provider_keys import FixedKeys, Keys, ProviderKeys
from core.public_keys import ALGORITHMS
from core.tokens import DECODE_ERRORS, Claims, InvalidToken

LONGEST_TOKEN = 8 * 1024  # characters


class TokenVerifier:
    """Accepts tokens of our secrets, and those that a public key of the host fits.

    With public keys, a token of a secret is one of our own log-ins, and has all claims of tokens.verify. With secrets
    alone and another user's claim than `user_id`, the host signs with the secrets: all tokens are foreign.
    """

    def __init__(self, secrets: Sequence[str], keys: Keys | None, rules: ForeignRules, *, has_own: bool) -> None:
        self._secrets = secrets
        self._keys = keys
        self._rules = rules
        self._has_own = has_own

    def verify(self, token: str, *, refresh: bool = False) -> Claims:
        """Return the claims of a token of the wanted kind.

        Raise ExpiredToken, InvalidToken, and KeysUnknown where a token may be valid. May wait for the keys of a
        provider: see ProviderKeys.
        """
        if len(token) > LONGEST_TOKEN:
            raise InvalidToken
        if self._has_own and self._keys is None:
            return self._verify_own(token, refresh=refresh)
        header = _header(token)
        algorithm = header.get("alg")
        if algorithm == tokens.ALGORITHM and self._has_own:
            return self._verify_own(token, refresh=refresh)
        if refresh:
            raise InvalidToken
        if algorithm == tokens.ALGORITHM:
            return foreign_tokens.verify(token, algorithm, self._secrets, self._rules)
        if self._keys is None or algorithm not in ALGORITHMS:
            raise InvalidToken
        found = self._keys.find(header.get("kid"), algorithm)
        return foreign_tokens.verify(token, algorithm, [each.key for each in found], self._rules)

    def failure(self) -> str | None:
        """Return why tokens of the host can't be verified now; None if they can."""
        return self._keys.failure() if self._keys else None

    def _verify_own(self, token: str, *, refresh: bool) -> Claims:
        leeway_seconds, parties = self._rules.leeway_seconds, self._rules.parties
        return tokens.verify(self._secrets, token, refresh=refresh, leeway_seconds=leeway_seconds, parties=parties)


def create_verifier(settings: ClientSettings, *, most_waiting: int) -> TokenVerifier:
    """Create the verifier of a process, in which so many callers may wait for the keys of a provider at once."""
    rules = ForeignRules(settings.jwt_user_claim, settings.parties, settings.jwt_leeway_seconds)
    return TokenVerifier(
        settings.jwt_secrets, _keys(settings, most_waiting=most_waiting), rules, has_own=settings.has_own_tokens
    )


def _keys(settings: ClientSettings, *, most_waiting: int) -> Keys | None:
    if settings.jwt_public_key is not None:
        return FixedKeys(settings.public_keys)
    if settings.jwt_jwks_url is not None:
        return ProviderKeys(jwks.create_fetch(settings.jwt_jwks_url), most_waiting=most_waiting)
    return None


def _header(token: str) -> dict[str, Any]:
    try:
        return jwt.get_unverified_header(token)
    except DECODE_ERRORS:
        raise InvalidToken from None
